"""Workflows as files and requests hold them, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomli_w

POINTS: Final = "Points e-mail"
"""The name of the workflow that most tests look at."""

PAYLOAD: Final = {
    "points": "{{ event.data.points }}",
    "balance": "{{ customer.score }}",
    "greeting": "Hi {{ customer.first_name }}",
}


def node(id_: str, type_: str, **values: Any) -> dict[str, Any]:
    """A node."""
    return {"id": id_, "type": type_, **values}


def edges(*ends: str) -> list[dict[str, str]]:
    """Edges out of texts: `t>m` leads from `t` to `m` by success, `f>m:failure` by failure."""
    found = []
    for text in ends:
        way, _, on = text.partition(":")
        source, _, target = way.partition(">")
        found.append({"from": source, "to": target, "on": on or "success"})
    return found


def trigger(event: str = "point_add") -> dict[str, Any]:
    """The trigger `t`."""
    return node("t", "event_trigger", event=event)


def communication(
    id_: str = "m",
    *,
    event: str = "point_add",
    payload: Mapping[str, Any] = PAYLOAD,
    connection: str = "mparticle",
) -> dict[str, Any]:
    """A *Trigger marketing communication*."""
    return node(
        id_,
        "marketing_communication",
        connection=connection,
        event=event,
        event_type="transaction",
        payload=dict(payload),
    )


def workflow(
    *nodes: dict[str, Any],
    ways: Sequence[str] = ("t>m",),
    name: str = POINTS,
    active: bool | None = True,
) -> dict[str, Any]:
    """A workflow; without nodes: a trigger on `point_add` that leads to a communication."""
    switch = {} if active is None else {"active": active}
    drawn = list(nodes) or [trigger(), communication()]
    return {"name": name, **switch, "nodes": drawn, "edges": edges(*ways)}


def as_file(*workflows: Mapping[str, Any]) -> str:
    """Workflows as a file for `apply`."""
    return tomli_w.dumps({"workflows": list(workflows)})
