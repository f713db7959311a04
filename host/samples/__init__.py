"""Invented members and what they did, for demonstrations: as if it happened in the last weeks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

from host.wire import dumps, loads

NEWEST_AGO: Final = timedelta(minutes=3)
"""How long before now the newest sample event lies."""

_EVENT_TIMES: Final = ("timestamp",)
_CUSTOMER_TIMES: Final = ("optin_at", "created_at", "updated_at")


def sample_events(now: datetime) -> bytes:
    """About forty events as NDJSON, oldest first, all within the 20 days before `now` (aware).

    Ids are always the same, so that a second set with other times conflicts with a first one.
    One event is a guest's, which makes no message; every other can be delivered.
    """
    return _moved("events.ndjson", _EVENT_TIMES, _distance(now))


def sample_customers(now: datetime) -> bytes:
    """A dozen customers as NDJSON, as they were before the sample events of the same `now`.

    Two more members join by their events.
    """
    return _moved("customers.ndjson", _CUSTOMER_TIMES, _distance(now))


def sample_workflow(connection: str, event_type: str) -> dict[str, Any]:
    """A workflow as a file for `apply` has it: who comes to a higher tier is congratulated.

    `event_type`: one of the event types of that connection's module.
    """
    return {
        "name": "Congratulate on a new tier",
        "active": True,
        "nodes": [
            {"id": "up", "type": "event_trigger", "event": "tier_up", "x": 40, "y": 100},
            {
                "id": "known",
                "type": "customer_filter",
                "rows": [{"attribute": "first_name", "operator": "is_not_empty"}],
                "x": 340,
                "y": 100,
            },
            {
                "id": "send",
                "type": "marketing_communication",
                "connection": connection,
                "event": "tier_congratulation",
                "event_type": event_type,
                "payload": {
                    "tier": "{{ event.data.to }}",
                    "greeting": "Well done, {{ customer.first_name }}!",
                },
                "x": 680,
                "y": 100,
            },
        ],
        "edges": [
            {"from": "up", "to": "known", "on": "success"},
            {"from": "known", "to": "send", "on": "success"},
        ],
    }


def _distance(now: datetime) -> timedelta:
    newest = max(datetime.fromisoformat(event["timestamp"]) for event in _rows("events.ndjson"))
    return now - NEWEST_AGO - newest


def _rows(name: str) -> Iterator[dict[str, Any]]:
    for line in files(__name__).joinpath(name).read_bytes().splitlines():
        yield loads(line)


def _moved(name: str, times: tuple[str, ...], by: timedelta) -> bytes:
    rows = ({**row, **{key: _later(row[key], by) for key in times}} for row in _rows(name))
    return b"".join(dumps(row) + b"\n" for row in rows)


def _later(text: str, by: timedelta) -> str:
    moment = (datetime.fromisoformat(text) + by).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
