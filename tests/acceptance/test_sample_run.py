"""The sample members and what they did, from two files to the far side, and once more."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from host.samples import sample_customers, sample_events
from tests.harness import HostProcess, StandInServer, configuration, event_id

FIELDS = [
    ("first_name", "$firstname"),
    ("country", "$country"),
    ("tier", "antavo_tier"),
    ("score", "antavo_score"),
    ("labels", "antavo_labels"),
    ("city", "antavo_city"),
    ("tiers.main_tiers.name", "antavo_tier_name"),
]


def rows(content: bytes) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(line) for line in content.splitlines()]


def test_the_sample_arrives_once_and_in_order_however_often_it_is_sent(
    host: HostProcess, destination: StandInServer, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    members, deeds = tmp_path / "customers.ndjson", tmp_path / "events.ndjson"
    members.write_bytes(sample_customers(now))
    deeds.write_bytes(sample_events(now))
    happened = [row for row in rows(deeds.read_bytes()) if not row.get("guest")]
    actions = sorted({row["action"] for row in happened})
    host.configure(configuration(destination.url, events=actions, fields=FIELDS))
    host.start()
    assert host.client

    first = [host.do("customers", str(members)), host.do("send", str(deeds))]
    books = host.settle()
    arrived = destination.arrivals
    second = [host.do("customers", str(members)), host.do("send", str(deeds))]

    total = len(rows(deeds.read_bytes()))
    people = len(rows(members.read_bytes()))
    assert first[0] == f"taken {people}, unchanged 0, stale 0, refused 0\n"
    assert first[1] == f"taken {total}, duplicates 0, skipped 0, refused 0\n"
    assert second[1] == f"taken 0, duplicates {total}, skipped 0, refused 0\n"
    assert host.settle() == books
    assert destination.arrivals == arrived
    assert books["delivered"] == books["made"] == len(arrived)
    assert by_customer(happened) == {
        customer: [id_ for id_ in ids if id_ is not None]
        for customer, ids in effects(destination).items()
        if any(ids)
    }
    assert destination.stand_in.counters["duplicates"] == 0
    last = {one["customer"]: one["batch"] for one in arrived if one["batch"].get("user_attributes")}
    assert set(last) == {row["customer"] for row in happened} | {
        row["id"] for row in rows(members.read_bytes())
    }
    assert {one["environment"] for one in arrived} == {"development"}


def by_customer(happened: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Ids of events by customer, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in happened:
        found[str(row["customer"])].append(row["id"])
    return found


def effects(destination: StandInServer) -> dict[str, list[str | None]]:
    """What arrived by customer, in its order: ids of events, None for a profile."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for one in destination.arrivals:
        found[one["customer"]].append(event_id(one))
    return found
