"""What 20 active workflows of 10 nodes add to the cost of taking an event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from typing import Any, Final

from benchmarks.events import ACTIONS, CUSTOMERS
from benchmarks.intake import RUNS, SHAPES, rate
from benchmarks.subjects import host, sink
from benchmarks.table import Row

WORKFLOWS: Final = 20
ELSEWHERE: Final = tuple(f"other_event_{number}" for number in range(WORKFLOWS))
"""Loyalty events that do not come while this is measured."""

SPREADS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("one started by each event", (*ACTIONS, *ELSEWHERE[len(ACTIONS) :])),
    ("five started by each event", ACTIONS * (WORKFLOWS // len(ACTIONS))),
)


def measure() -> Iterator[Row]:
    """For each shape: the host without workflows, and what each spread adds to an event."""
    with ExitStack() as open_, sink() as destination:
        bare = open_.enter_context(host(destination, delivers=False))
        drawn = [
            (
                spread,
                open_.enter_context(host(destination, delivers=False, workflows=_drawn(events))),
            )
            for spread, events in SPREADS
        ]
        takers = [bare, *(taker for _, taker in drawn)]
        for shape, size, connections, count in SHAPES:
            for taker in takers:
                rate(taker, size, connections, count // 5)  # warm-up
            # In turns, so that a machine whose speed drifts treats all alike.
            costs = [
                [1e6 / rate(taker, size, connections, count // 2) for taker in takers]
                for _ in range(RUNS)
            ]
            yield Row(
                what=f"intake without workflows: {shape}",
                runs=tuple(round[0] for round in costs),
                unit="µs an event",
                note="202 after fsync; delivery off; measured in turns with the rows below",
            )
            for place, (spread, _) in enumerate(drawn, 1):
                yield Row(
                    what=f"{WORKFLOWS} workflows of 10 nodes, {spread}: {shape}",
                    runs=tuple(100 * (round[place] / round[0] - 1) for round in costs),
                    unit="% more",
                    note="each run passes 9 nodes, one in ten sends a message; the log is written",
                )


def _drawn(events: Sequence[str]) -> list[Mapping[str, Any]]:
    return [_workflow(number, event) for number, event in enumerate(events)]


def _workflow(number: int, event: str) -> Mapping[str, Any]:
    """A trigger, seven filters of which the last lets one customer in ten through, and the ends."""
    tests: list[tuple[str, str, str, Any]] = [
        ("event_filter", "account", "is", "main"),
        ("event_filter", "nothing", "is_empty", None),
        ("customer_filter", "language", "is", "en"),
        ("customer_filter", "email", "contains", "@example"),
        ("customer_filter", "first_name", "begins_with", "Ada"),
        ("customer_filter", "status", "is_not", "banned"),
        ("customer_filter", "score", "less_than", CUSTOMERS // 10),
    ]
    filters = [
        {"id": f"f{place}", "type": type_, "rows": [_row(attribute, operator, value)]}
        for place, (type_, attribute, operator, value) in enumerate(tests)
    ]
    path = ["t", *(node["id"] for node in filters), "m"]
    return {
        "name": f"Workflow {number}",
        "active": True,
        "nodes": [
            {"id": "t", "type": "event_trigger", "event": event},
            *filters,
            {
                "id": "m",
                "type": "marketing_communication",
                "connection": "bench",
                "event": f"workflow_{number}",
                "event_type": "transaction",
                "payload": {"action": "{{ event.action }}", "name": "{{ customer.first_name }}"},
            },
            {"id": "i", "type": "interrupt"},
        ],
        "edges": [
            *({"from": source, "to": target} for source, target in pairwise(path)),
            {"from": filters[-1]["id"], "to": "i", "on": "failure"},
        ],
    }


def _row(attribute: str, operator: str, value: Any) -> dict[str, Any]:
    row = {"attribute": attribute, "operator": operator}
    return row if value is None else {**row, "value": value}
