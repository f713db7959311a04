"""Graphs of workflows for tests, and strategies that draw graphs, sound and unsound."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from host.carried import Customer, Event
from host.configuration.reading import Faults
from host.errors import InvalidConfiguration
from host.model import Json
from host.testing.builders import customer as some_customer
from host.testing.builders import event as some_event
from host.workflow import KINDS, Graph, Subject, read_graph
from host.workflow.conditions import OPERATORS
from host.workflow.kinds import FieldKind, NodeField

LOOKUPS: Final = (
    "{{ event.data.points }}",
    "{{ customer.first_name }}",
    "Hello {{ customer.first_name }}",
    "{{ event.data.missing }}",
    "{{ event.data }}",
)


def trigger(event: str = "point_add", id: str = "t") -> dict[str, Any]:
    """What starts a run."""
    return {"id": id, "type": "event_trigger", "event": event}


def message(id: str = "m", **values: Any) -> dict[str, Any]:
    """An event for a connection."""
    usual = {"connection": "good", "event": "points", "event_type": "other"}
    return {"id": id, "type": "marketing_communication", **usual, **values}


def sync(id: str = "s", connection: str = "good") -> dict[str, Any]:
    """The mapped fields for a connection."""
    return {"id": id, "type": "sync_data", "connection": connection}


def wait(id: str = "w", amount: int = 1, unit: str = "minutes") -> dict[str, Any]:
    """A wait."""
    return {"id": id, "type": "wait", "amount": amount, "unit": unit}


def interrupt(id: str = "i") -> dict[str, Any]:
    """The end of a whole run."""
    return {"id": id, "type": "interrupt"}


def event_filter(*rows: tuple[Any, ...], id: str = "f", match: str = "all") -> dict[str, Any]:
    """A filter of the event's attributes; rows are attribute, operator, perhaps a value."""
    return {"id": id, "type": "event_filter", "match": match, "rows": [_row(*r) for r in rows]}


def customer_filter(*rows: tuple[Any, ...], id: str = "c", match: str = "all") -> dict[str, Any]:
    """A filter of the customer's fields."""
    return {**event_filter(*rows, id=id, match=match), "type": "customer_filter"}


def _row(attribute: str, operator: str, *value: Any) -> dict[str, Any]:
    row = {"attribute": attribute, "operator": operator}
    return {**row, "value": value[0]} if value else row


def drawn(nodes: list[dict[str, Any]], *edges: str) -> dict[str, Any]:
    """A graph as it is written; an edge reads `a>b`, or `a!b` for what fails."""
    read = []
    for edge in edges:
        on = "failure" if "!" in edge else "success"
        source, target = edge.replace("!", ">").split(">")
        read.append({"from": source, "to": target, "on": on})
    return {"nodes": nodes, "edges": read}


def graph(nodes: list[dict[str, Any]], *edges: str) -> Graph:
    """The same, read."""
    return read(drawn(nodes, *edges))


def read(value: Mapping[str, object]) -> Graph:
    """A graph of which the form is right. Raises InvalidConfiguration."""
    faults = Faults()
    found = read_graph(value, "workflow", faults)
    faults.raise_if_any()
    return found


def form_faults(value: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with its form: path → words."""
    try:
        read(value)
    except InvalidConfiguration as error:
        return {fault.path: fault.message for fault in error.faults}
    return {}


def subject(
    data: Mapping[str, Json] | None = None,
    customer: Mapping[str, Json] | None = None,
    **event: Any,
) -> Subject:
    """An event of somebody, with these data; the customer with these fields."""
    known: Customer = some_customer(fields=customer)
    happened: Event = some_event(data=data, **event)
    return Subject(happened, lambda: known)


# Strategies.

texts: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers: Final = st.integers(-(10**25), 10**25) | st.decimals(
    allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12
)
scalars: Final[st.SearchStrategy[Any]] = (
    st.none() | st.booleans() | numbers | texts | st.sampled_from(("10", "2026-01-31", "true"))
)
json_values: Final[st.SearchStrategy[Any]] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
words: Final = st.text("abc 019é“{}", min_size=1, max_size=8).filter(lambda t: "{{" not in t)
constants: Final[st.SearchStrategy[Any]] = (
    words | numbers | st.booleans() | st.sampled_from(LOOKUPS)
)
attributes: Final = st.sampled_from(("points", "tier", "a.b", "id", "first_name", "nothing"))
ids: Final = st.sampled_from(("a", "b", "c", "d", "e", "f", "g", "h"))


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row of a filter that may be checked without fault."""
    name = draw(st.sampled_from(sorted(OPERATORS)))
    row: dict[str, Any] = {"attribute": draw(attributes), "operator": name}
    operator = OPERATORS[name]
    if operator.takes == "list":
        row["value"] = draw(st.lists(constants, min_size=1, max_size=3))
    elif operator.takes == "one":
        row["value"] = draw(_typed(operator.reads))
    return row


def _typed(reads: str) -> st.SearchStrategy[Any]:
    if reads == "number":
        return numbers | st.sampled_from(("10", LOOKUPS[0], LOOKUPS[3]))
    if reads == "time":
        return st.sampled_from(("2026-01-31", LOOKUPS[0]))
    return constants


_FIELDS: Final[Mapping[FieldKind, st.SearchStrategy[Any]]] = {
    FieldKind.NUMBER: st.integers(1, 60),
    FieldKind.CONDITIONS: st.lists(rows(), min_size=1, max_size=3),
    FieldKind.PAIRS: st.dictionaries(words.filter(str.strip), constants, max_size=4),
}
_NAMED: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "connection": st.sampled_from(("good", "other", "gone")),
    "event": st.sampled_from(("point_add", "points")),
    "event_type": st.just("other"),
}


def _field(known: NodeField) -> st.SearchStrategy[Any]:
    if known.name in _NAMED:
        return _NAMED[known.name]
    if known.choices:
        return st.sampled_from([choice for choice, _ in known.choices])
    return _FIELDS[known.kind]


@st.composite
def nodes(draw: st.DrawFn, id: str, types: list[str] | None = None) -> dict[str, Any]:
    """A node with fields that fit its type; what need not be given is left out at times."""
    kind = KINDS[draw(st.sampled_from(types or list(KINDS)))]
    node: dict[str, Any] = {"id": id, "type": kind.type}
    for known in kind.fields:
        if known.required or draw(st.booleans()):
            node[known.name] = draw(_field(known))
    if draw(st.booleans()):
        node |= {"x": draw(st.integers(-500, 500)), "y": draw(st.integers(-500, 500))}
    return node


@st.composite
def sound(draw: st.DrawFn) -> dict[str, Any]:
    """A graph that begins with a trigger, and in which every way leads on to later nodes."""
    following = [kind.type for kind in KINDS.values() if kind.inputs]
    names = list("abcdefgh")[: draw(st.integers(0, 7))]
    found = [{"id": "t", "type": "event_trigger", "event": "point_add"}]
    edges: list[dict[str, str]] = []
    for name in names:
        able = [node for node in found if KINDS[node["type"]].outputs]
        for source in draw(st.lists(st.sampled_from(able), min_size=1, max_size=2, unique_by=id)):
            on = draw(st.sampled_from(KINDS[source["type"]].outputs))
            edges.append({"from": source["id"], "to": name, "on": on})
        found.append(draw(nodes(name, following)))
    return {"nodes": found, "edges": draw(st.permutations(edges))}


_EDGES: Final = st.fixed_dictionaries(
    {"from": ids, "to": ids}, optional={"on": st.sampled_from(("success", "failure", "maybe"))}
)
_RUBBISH: Final = st.dictionaries(texts, json_values, max_size=3)


@st.composite
def unsound(draw: st.DrawFn) -> dict[str, Any]:
    """A graph with which up to three things may be wrong: circles, lost nodes, odd fields."""
    value = draw(sound())
    found, edges = value["nodes"], list(value["edges"])
    for _ in range(draw(st.integers(0, 3))):
        spoil = draw(st.sampled_from(("field", "key", "node", "loss", "edge", "rubbish")))
        node = draw(st.sampled_from(found)) if found else {}
        if spoil == "field" and node:
            node[draw(st.sampled_from(sorted(node)))] = draw(json_values)
        elif spoil == "key":
            node[draw(texts)] = draw(json_values)
        elif spoil == "node":
            found.append(draw(nodes(draw(ids))))
        elif spoil == "loss" and found:
            found.remove(node)
        elif spoil == "edge":
            edges.append(draw(_EDGES))
        elif spoil == "rubbish":
            draw(st.sampled_from((found, edges))).append(draw(_RUBBISH))
    return {"nodes": found, "edges": edges}


def plain(value: Any) -> Any:
    """A value as JSON gives it back: whole decimals are integers there, tuples are lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, Decimal) and value == value.to_integral() else value
