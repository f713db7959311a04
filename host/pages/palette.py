"""What the workflow editor's sidebar and panels are drawn from: the kinds of nodes, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from host.catalogue import CUSTOMER_FIELDS, EVENTS, event_label
from host.workflow import KINDS, Around, Graph, NodeFault, NodeKind
from host.workflow.conditions import OPERATORS
from host.workflow.kinds import EVENT_TRIGGER, FieldKind, NodeField, Offer
from host.workflow.reading import MOST_EDGES, MOST_NODES

Option = dict[str, str]

_EVENT_FACTS: Final = (("id", "ID"), ("timestamp", "Time"), ("account", "Account"))


def palette(around: Around, graph: Graph) -> dict[str, Any]:
    """Groups of node kinds with fields, choices and suggestions.

    `graph` tells whose attributes are suggested: those of the event that its trigger names.
    """
    offers = _offers(around, graph)
    return {
        "groups": [
            {"title": title, "nodes": [_node(kind, offers, around) for kind in kinds]}
            for title, kinds in groupby(KINDS.values(), key=lambda kind: kind.group)
        ],
        "limits": {"nodes": MOST_NODES, "edges": MOST_EDGES},
    }


def faults_json(faults: Iterable[NodeFault]) -> list[dict[str, str]]:
    """Faults as the editor shows them."""
    return [
        {"node": f.node, "field": f.field, "level": f.level, "message": f.message} for f in faults
    ]


def _node(
    kind: NodeKind, offers: Mapping[Offer, Callable[[], list[Option]]], around: Around
) -> dict[str, Any]:
    drawn = {
        "type": kind.type,
        "title": kind.title,
        "about": kind.about,
        "inputs": kind.inputs,
        "outputs": kind.outputs,
        "most": kind.most,
        "summary": kind.summary,
        "fields": [_field(field, offers, around) for field in kind.fields],
    }
    return _told(drawn)


def _told(drawn: dict[str, Any]) -> dict[str, Any]:
    """What says something: what is None is left out."""
    return {name: value for name, value in drawn.items() if value is not None}


def _field(
    field: NodeField, offers: Mapping[Offer, Callable[[], list[Option]]], around: Around
) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "name": field.name,
        "label": field.label,
        "kind": field.kind,
        "required": field.required,
        "default": field.default,
        "least": field.least,
        "most": field.most,
        "help": field.help,
    }
    if field.choices:
        drawn["choices"] = [_option(value, label) for value, label in field.choices]
    if field.kind is FieldKind.CONDITIONS:
        drawn["operators"] = [
            {"value": name, "label": operator.label, "takes": operator.takes}
            for name, operator in OPERATORS.items()
        ]
    if field.offer is Offer.EVENT_TYPES:
        drawn["by"] = "connection"
        drawn["choices_by"] = {
            id_: [_option(name, label) for name, label in (connection.event_types or {}).items()]
            for id_, connection in around.connections.items()
        }
    elif field.offer is not None:
        name = "choices" if field.kind is FieldKind.CHOICE else "suggestions"
        drawn[name] = offers[field.offer]()
    return _told(drawn)


def _offers(around: Around, graph: Graph) -> dict[Offer, Callable[[], list[Option]]]:
    starts = [node.text("event") for node in graph.nodes if node.type == EVENT_TRIGGER]
    known = next((event for event in EVENTS if event.id in starts), None)
    attributes = known.attributes if known else ()

    def events() -> list[Option]:
        catalogue = [_option(event.id, event.label) for event in EVENTS]
        others = sorted(around.events - {event.id for event in EVENTS})
        return catalogue + [_option(name, event_label(name)) for name in others]

    def event_attributes() -> list[Option]:
        return [_option(name, event_label(name)) for name in attributes]

    def customer_fields() -> list[Option]:
        return [_option(field.id, field.label) for field in CUSTOMER_FIELDS]

    def connections() -> list[Option]:
        return [_option(id_, one.title) for id_, one in around.connections.items()]

    def lookups() -> list[Option]:
        return [
            *(_lookup(f"event.data.{name}", f"Event · {event_label(name)}") for name in attributes),
            *(_lookup(f"event.{name}", f"Event · {label}") for name, label in _EVENT_FACTS),
            *(_lookup(f"customer.{f.id}", f"Customer · {f.label}") for f in CUSTOMER_FIELDS),
        ]

    return {
        Offer.EVENTS: events,
        Offer.EVENT_ATTRIBUTES: event_attributes,
        Offer.CUSTOMER_FIELDS: customer_fields,
        Offer.CONNECTIONS: connections,
        Offer.LOOKUPS: lookups,
    }


def _option(value: str, label: str) -> Option:
    return {"value": value, "label": label}


def _lookup(path: str, label: str) -> Option:
    return _option(f"{{{{ {path} }}}}", label)
