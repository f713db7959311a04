"""Limits and rules of an event's payload that the case folders do not show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from host import Connection, Event, EventMapping, Json, Payload, Profile
from host_mparticle import notes
from host_mparticle.events import event_payload
from host_mparticle.plugin import map_event

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CONNECTION = Connection(id="m", module="mparticle", settings={})
PROFILE = Profile(content={"user_identities": {"customer_id": "c-1"}}, notes=("noted before",))


def event(data: Mapping[str, Json] | None = None, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": "e-1",
        "customer": "c-1",
        "action": "point_add",
        "data": data or {},
        "occurred_at": NOW,
    }
    return Event(**{**values, **changes})


def mapping(**changes: Any) -> EventMapping:
    values: dict[str, Any] = {"loyalty": "point_add", "external": "Points", "type": "transaction"}
    return EventMapping(**{**values, **changes})


def sent(payload: Payload) -> Any:
    assert payload.event is not None
    return payload.event["data"]


def attributes(data: Mapping[str, Json], **changes: Any) -> tuple[Any, tuple[str, ...]]:
    payload = event_payload(event(data), mapping(**changes), Profile(content=None), NOW)
    return sent(payload)["custom_attributes"], payload.notes


@pytest.mark.parametrize(
    ("age", "route"),
    [
        (timedelta(0), ""),
        (timedelta(days=-1), ""),
        (timedelta(days=30), ""),
        (timedelta(days=30, seconds=1), "historical"),
        (timedelta(days=900), "historical"),
    ],
)
def test_events_over_30_days_old_take_the_historical_route(age: timedelta, route: str) -> None:
    payload = event_payload(event(occurred_at=NOW - age), mapping(), PROFILE, NOW)

    assert payload.route == route
    assert (payload.profile is None) == (route == "historical")
    assert (notes.OLD_EVENT in payload.notes) == (route == "historical")
    assert sent(payload)["timestamp_unixtime_ms"] == (NOW - age).timestamp() * 1000


def test_notes_of_the_profile_part_go_with_it() -> None:
    assert event_payload(event(), mapping(), PROFILE, NOW).notes == ("noted before",)


def test_data_never_overwrites_name_time_identity_or_environment() -> None:
    hostile: dict[str, Json] = {
        "event_name": "forged",
        "custom_event_type": "forged",
        "timestamp_unixtime_ms": 1,
        "source_message_id": "forged",
        "environment": "production",
        "user_identities": "forged",
        "custom_attributes": "forged",
    }

    payload = event_payload(event(hostile), mapping(attributes=None), PROFILE, NOW)
    named = event_payload(
        event(hostile), mapping(attributes={name: name for name in hostile}), PROFILE, NOW
    )

    for made in (payload, named):
        assert sent(made)["event_name"] == "Points"
        assert sent(made)["custom_event_type"] == "transaction"
        assert sent(made)["timestamp_unixtime_ms"] == 1_795_608_000_000
        assert sent(made)["source_message_id"] == "e-1"
        assert made.profile == {"user_identities": {"customer_id": "c-1"}}
    assert set(sent(payload)["custom_attributes"]) == {f"antavo_{name}" for name in hostile}


@pytest.mark.parametrize(
    ("value", "expected", "remark"),
    [
        ({"a": [1]}, '{"a":[1]}', notes.AS_JSON),
        (["ŐSZ10"], '["ŐSZ10"]', notes.AS_JSON),
        ([], "[]", notes.AS_JSON),
        ("é" * 4097, "é" * 4096, notes.CUT_TEXT),
    ],
)
def test_custom_attributes_hold_plain_values_only(value: Json, expected: str, remark: str) -> None:
    assert attributes({"x": value}) == ({"antavo_x": expected}, (f"{remark}: antavo_x",))


def test_a_note_is_made_once_for_all_attributes_of_a_kind() -> None:
    _, told = attributes({"a": [1], "b": [2], "c": None, "d": None})

    assert told == (
        f"{notes.AS_JSON}: antavo_a, antavo_b",
        f"{notes.NO_VALUE}: antavo_c, antavo_d",
    )


def test_two_values_of_one_name_leave_the_first() -> None:
    found, told = attributes({"a": 1, "b": 2}, attributes={"a": "x", "b": "x"})

    assert (found, told) == ({"x": 1}, (f"{notes.SAME_NAME}: x",))


def test_a_typed_constant_wins_over_a_value_of_the_event() -> None:
    found, told = attributes({"x": 1}, constants={"antavo_x": "typed", "plain": True})

    assert found == {"antavo_x": "typed", "plain": True}
    assert told == (f"{notes.SAME_NAME}: antavo_x",)


def test_attributes_beyond_a_hundred_are_left_out_by_name() -> None:
    found, told = attributes({f"k{number}": number for number in range(102)})

    assert len(found) == 100
    assert told == (f"{notes.TOO_MANY}: antavo_k100, antavo_k101",)


def test_long_names_are_cut() -> None:
    payload = event_payload(event({"k" * 300: 1}), mapping(external="N" * 257), PROFILE, NOW)

    assert sent(payload)["event_name"] == "N" * 256
    assert list(sent(payload)["custom_attributes"]) == [("antavo_" + "k" * 300)[:256]]
    assert payload.notes[-1].startswith(notes.CUT_NAME)


def test_an_event_type_mparticle_does_not_know_becomes_other() -> None:
    payload = event_payload(event(), mapping(type="loyalty"), Profile(content=None), NOW)

    assert sent(payload)["custom_event_type"] == "other"
    assert payload.notes == (f"{notes.EVENT_TYPE}: loyalty",)


def test_a_profile_message_without_content_is_none() -> None:
    assert (
        map_event(connection=CONNECTION, event=None, mapping=None, profile=Profile(content=None))
        is None
    )


def test_a_profile_message_is_the_profile_part_alone() -> None:
    payload = map_event(connection=CONNECTION, event=None, mapping=None, profile=PROFILE)

    assert payload == Payload(event=None, profile=PROFILE.content, notes=PROFILE.notes)


def test_an_event_without_association_is_not_for_us() -> None:
    assert map_event(connection=CONNECTION, event=event(), mapping=None, profile=PROFILE) is None


def test_the_hook_reads_the_clock_for_the_age() -> None:
    old = event(occurred_at=datetime.now(UTC) - timedelta(days=31))

    payload = map_event(connection=CONNECTION, event=old, mapping=mapping(), profile=PROFILE)

    assert payload is not None
    assert payload.route == "historical"
