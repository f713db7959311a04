"""What is wrong with a graph: every fault at once, each with its node. Nothing here raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from host.configuration.suggestion import did_you_mean, listed
from host.model import Json
from host.workflow.conditions import OPERATORS, value_fault
from host.workflow.faults import Level, NodeFault
from host.workflow.graph import Graph, Node
from host.workflow.kinds import (
    EVENT_TRIGGER,
    KINDS,
    LONGEST_WAIT,
    MARKETING_COMMUNICATION,
    MINUTES,
    SYNC_DATA,
    WAIT,
    FieldKind,
    NodeField,
)
from host.workflow.lookups import written
from host.workflow.shape import shape_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionAround:
    """A connection as workflows see it. `event_types`: None while the module is not known."""

    title: str
    event_types: Mapping[str, str] | None = None  # name → label
    name_length: int | None = None  # of an external event
    associated: frozenset[str] = frozenset()  # loyalty events that it gets by association
    maps_fields: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a graph is checked against: connections by id, loyalty events that are known."""

    connections: Mapping[str, ConnectionAround] = field(default_factory=dict)
    events: frozenset[str] = frozenset()


def check(graph: Graph, around: Around) -> tuple[NodeFault, ...]:
    """Every fault and warning of a graph, those of the whole graph first."""
    return (
        *shape_faults(graph),
        *(fault for node in graph.nodes for fault in _node_faults(node, around)),
        *_doublings(graph, around),
    )


# The nodes: what was typed into their fields.


def _node_faults(node: Node, around: Around) -> Iterator[NodeFault]:
    for known in KINDS[node.type].fields:
        value = node.values.get(known.name)
        if value is None:
            if known.required:
                yield NodeFault(
                    node=node.id,
                    field=known.name,
                    message=_MISSING.get(known.kind, f"{known.label} is missing: give it"),
                )
            continue
        for message in _FIELD_FAULTS[known.kind](value, known):
            yield NodeFault(node=node.id, field=known.name, message=message)
    yield from _OFFERED.get(node.type, _nothing)(node, around)


_MISSING: Final = {FieldKind.CONDITIONS: "there is no condition yet: add one"}


def _text_faults(value: Json, known: NodeField) -> Iterator[str]:
    if isinstance(value, str) and not value.strip():
        yield f"{known.label} is missing: give it"


def _number_faults(value: Json, known: NodeField) -> Iterator[str]:
    least, most = known.least, known.most
    if isinstance(value, int) and least is not None and value < least:
        yield f"must be at least {least}"
    elif isinstance(value, int) and most is not None and value > most:
        yield f"must be at most {most}"


def _choice_faults(value: Json, known: NodeField) -> Iterator[str]:
    choices = [choice for choice, _ in known.choices]
    if choices and value not in choices:
        yield f"must be one of {listed(choices)}"
    elif not choices:
        yield from _text_faults(value, known)


def _condition_faults(value: Json, known: NodeField) -> Iterator[str]:
    for place, row in enumerate(value if isinstance(value, (list, tuple)) else (), 1):
        if not isinstance(row, Mapping):
            continue
        if not str(row.get("attribute", "")).strip():
            yield f"row {place}: the attribute is missing: give it"
        name = str(row.get("operator", ""))
        operator = OPERATORS.get(name)
        if operator is None:
            hint = did_you_mean(name, OPERATORS) if name else ": choose one"
            yield f"row {place}: " + (
                f"“{name}” is no operator{hint}" if name else f"the operator is missing{hint}"
            )
            continue
        wanted = row.get("value")
        wrong = value_fault(operator, wanted) or _lookup_fault(wanted)
        if wrong:
            yield f"row {place}: {wrong}"


def _pair_faults(value: Json, known: NodeField) -> Iterator[str]:
    for name, item in (value if isinstance(value, Mapping) else {}).items():
        if not name.strip():
            yield "a key is missing: give it"
        if wrong := _lookup_fault(item):
            yield f"{name}: {wrong}"


def _lookup_fault(value: Json) -> str:
    try:
        for item in value if isinstance(value, (list, tuple)) else (value,):
            written(item)
    except ValueError as error:
        return str(error)
    return ""


_FIELD_FAULTS: Final = {
    FieldKind.TEXT: _text_faults,
    FieldKind.NUMBER: _number_faults,
    FieldKind.CHOICE: _choice_faults,
    FieldKind.CONDITIONS: _condition_faults,
    FieldKind.PAIRS: _pair_faults,
}


# The nodes against what is around.


def _nothing(node: Node, around: Around) -> Iterator[NodeFault]:
    yield from ()


def _trigger_faults(node: Node, around: Around) -> Iterator[NodeFault]:
    event = node.text("event")
    if event and event not in around.events:
        yield NodeFault(
            node=node.id,
            field="event",
            level=Level.WARNING,
            message=f"no event “{event}” has come yet{did_you_mean(event, around.events)}",
        )


def _wait_faults(node: Node, around: Around) -> Iterator[NodeFault]:
    amount, minutes = node.values.get("amount"), MINUTES.get(node.text("unit") or "minutes")
    longest = LONGEST_WAIT * MINUTES["days"]
    if isinstance(amount, int) and minutes and amount <= longest < amount * minutes:
        yield NodeFault(
            node=node.id, field="amount", message=f"must be at most {LONGEST_WAIT} days"
        )


def _connection_faults(node: Node, around: Around) -> Iterator[NodeFault]:
    id_ = node.text("connection")
    if id_.strip() and id_ not in around.connections:
        yield NodeFault(
            node=node.id,
            field="connection",
            message=f"there is no connection “{id_}”{did_you_mean(id_, around.connections)}",
        )


def _sync_faults(node: Node, around: Around) -> Iterator[NodeFault]:
    yield from _connection_faults(node, around)
    connection = around.connections.get(node.text("connection"))
    if connection is not None and not connection.maps_fields:
        yield NodeFault(
            node=node.id,
            field="connection",
            level=Level.WARNING,
            message=f"{connection.title} maps no fields yet, so there is little to send",
        )


def _communication_faults(node: Node, around: Around) -> Iterator[NodeFault]:
    yield from _connection_faults(node, around)
    connection = around.connections.get(node.text("connection"))
    if connection is None:
        return
    event, type_ = node.text("event"), node.text("event_type")
    if connection.name_length is not None and len(event) > connection.name_length:
        yield NodeFault(
            node=node.id,
            field="event",
            message=f"has {len(event)} characters; {connection.title} takes at most "
            f"{connection.name_length}",
        )
    types = connection.event_types
    if type_.strip() and types is not None and type_ not in types:
        yield NodeFault(
            node=node.id,
            field="event_type",
            message=f"{connection.title} has no event type “{type_}”"
            + (did_you_mean(type_, types) or f"; it has {listed(types)}"),
        )


_OFFERED: Final = {
    EVENT_TRIGGER: _trigger_faults,
    WAIT: _wait_faults,
    MARKETING_COMMUNICATION: _communication_faults,
    SYNC_DATA: _sync_faults,
}


def _doublings(graph: Graph, around: Around) -> Iterator[NodeFault]:
    """Connections that get the trigger's event twice: by association, and by this workflow."""
    events = {n.text("event") for n in graph.nodes if n.type == EVENT_TRIGGER}
    for node in graph.nodes:
        if node.type != MARKETING_COMMUNICATION:
            continue
        connection = around.connections.get(node.text("connection"))
        for event in sorted(events & connection.associated) if connection else ():
            assert connection is not None
            yield NodeFault(
                node=node.id,
                field="connection",
                level=Level.WARNING,
                message=f"{connection.title} gets “{event}” by External events as well: each "
                "such event goes there twice",
            )
