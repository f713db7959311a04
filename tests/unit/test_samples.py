"""The sample set is fresh whenever it is asked for, and fit to be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from host import loads
from host.samples import sample_customers, sample_events

NOW = datetime(2031, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)


def rows(text: bytes) -> list[dict[str, Any]]:
    assert text.endswith(b"\n")
    return [loads(line) for line in text.splitlines()]


def times(found: Sequence[dict[str, Any]], key: str) -> list[datetime]:
    return [datetime.fromisoformat(row[key]) for row in found]


@pytest.mark.parametrize(
    "now",
    [
        NOW,
        datetime(2020, 2, 29, tzinfo=UTC),
        datetime(2027, 1, 1, 2, tzinfo=timezone(timedelta(hours=9))),
    ],
)
def test_all_events_lie_within_twenty_days_and_the_newest_minutes_ago(now: datetime) -> None:
    moments = times(rows(sample_events(now)), "timestamp")

    assert timedelta(minutes=1) < now - max(moments) < timedelta(minutes=10)
    assert now - min(moments) < timedelta(days=20)
    assert moments == sorted(moments)


def test_times_are_written_in_utc_with_milliseconds() -> None:
    assert rows(sample_events(NOW))[-1]["timestamp"] == "2031-06-01T11:57:00.123Z"


def test_another_now_changes_nothing_but_the_times() -> None:
    def timeless(now: datetime) -> list[dict[str, Any]]:
        return [{**row, "timestamp": None} for row in rows(sample_events(now))]

    assert timeless(NOW) == timeless(NOW + timedelta(days=400))


def test_customers_are_as_they_were_before_their_events() -> None:
    first_event = min(times(rows(sample_events(NOW)), "timestamp"))
    customers = rows(sample_customers(NOW))

    assert max(times(customers, "updated_at")) < first_event
    assert all(row["created_at"] < row["updated_at"] for row in customers)


def test_everyone_who_does_something_is_a_customer_or_joins_first() -> None:
    known = {row["id"] for row in rows(sample_customers(NOW))}
    joined: set[str] = set()
    strangers = []
    for event in rows(sample_events(NOW)):
        if event["action"] == "opt_in":
            joined.add(event["customer"])
        elif "customer" in event and event["customer"] not in known | joined:
            strangers.append(event["id"])

    assert strangers == []
    assert joined
    assert not joined & known


def test_ids_are_unique() -> None:
    events = [row["id"] for row in rows(sample_events(NOW))]
    customers = [row["id"] for row in rows(sample_customers(NOW))]

    assert len(set(events)) == len(events)
    assert len(set(customers)) == len(customers)


@pytest.mark.parametrize(
    "action",
    [
        "opt_in",
        "profile",
        "point_add",
        "point_spend",
        "checkout",
        "checkout_item",
        "reward_claim",
        "coupon_assign",
        "tier_up",
        "refund",
        "store_visit",
    ],
)
def test_the_events_that_matter_are_there(action: str) -> None:
    assert action in {row["action"] for row in rows(sample_events(NOW))}


def test_one_event_is_a_guests_and_none_withholds_another() -> None:
    events = rows(sample_events(NOW))

    guests = [row for row in events if row.get("guest")]
    assert [(row["action"], "customer" in row) for row in guests] == [("checkout", False)]
    assert "opt_out" not in {row["action"] for row in events}
    assert {row["status"] for row in rows(sample_customers(NOW))} == {"active"}


def test_amounts_keep_their_spelling() -> None:
    assert b'"total":1478.80' in sample_events(NOW)
    assert b'"purchase_total":2310.00' in sample_customers(NOW)
