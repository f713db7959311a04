"""The kinds of nodes: one table, from which nodes are read, checked and drawn.

The nodes and their words are those of the loyalty platform's own workflow editor (its manual:
Workflow configuration; Triggers; Filters; Flow control; Actions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from host.workflow.graph import FAILURE, SUCCESS

EVENT_TRIGGER: Final = "event_trigger"
EVENT_FILTER: Final = "event_filter"
CUSTOMER_FILTER: Final = "customer_filter"
WAIT: Final = "wait"
INTERRUPT: Final = "interrupt"
MARKETING_COMMUNICATION: Final = "marketing_communication"
SYNC_DATA: Final = "sync_data"

MOST_CONDITIONS: Final = 50  # rows of one filter
MOST_PAIRS: Final = 100  # rows of one payload
MINUTES: Final[Mapping[str, int]] = {"minutes": 1, "hours": 60, "days": 1440}
LONGEST_WAIT: Final = 60  # days; the event has to be kept meanwhile


class FieldKind(StrEnum):
    """How a field is typed, and what it holds."""

    TEXT = "text"
    NUMBER = "number"  # a whole number
    CHOICE = "choice"  # a text out of some
    CONDITIONS = "conditions"  # a list of {attribute, operator, value}
    PAIRS = "pairs"  # an object of constants and lookups


class Offer(StrEnum):
    """Where the choices or suggestions of a field come from, when they are not fixed."""

    EVENTS = "events"
    EVENT_ATTRIBUTES = "event attributes"
    CUSTOMER_FIELDS = "customer fields"
    CONNECTIONS = "connections"
    EVENT_TYPES = "event types"  # of the connection chosen
    LOOKUPS = "lookups"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeField:
    """One field of a node. `choices` are (value, label); `least`, `most`: of a number."""

    name: str
    label: str
    kind: FieldKind
    required: bool = False
    default: str | None = None
    choices: tuple[tuple[str, str], ...] = ()
    offer: Offer | None = None
    least: int | None = None
    most: int | None = None
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKind:
    """One kind of node. `summary` names the field whose value tells nodes of a kind apart."""

    type: str
    title: str
    group: str
    about: str
    inputs: int = 1
    outputs: tuple[str, ...] = (SUCCESS, FAILURE)
    fields: tuple[NodeField, ...] = ()
    most: int | None = None  # in one workflow
    summary: str | None = None

    def field(self, name: str) -> NodeField | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)


_CONNECTION: Final = NodeField(
    name="connection",
    label="Connection",
    kind=FieldKind.CHOICE,
    required=True,
    offer=Offer.CONNECTIONS,
)


def _filter_fields(offer: Offer, help: str) -> tuple[NodeField, ...]:
    return (
        NodeField(
            name="match",
            label="Goes on by success when",
            kind=FieldKind.CHOICE,
            default="all",
            choices=(("all", "all rows hold (AND)"), ("any", "any row holds (OR)")),
        ),
        NodeField(
            name="rows",
            label="Conditions",
            kind=FieldKind.CONDITIONS,
            required=True,
            offer=offer,
            most=MOST_CONDITIONS,
            help=help,
        ),
    )


_KINDS: Final = (
    NodeKind(
        type=EVENT_TRIGGER,
        title="Event",
        group="Triggers",
        about="Starts the workflow whenever a customer does this.",
        inputs=0,
        outputs=(SUCCESS,),
        most=1,
        summary="event",
        fields=(
            NodeField(
                name="event",
                label="Event type",
                kind=FieldKind.TEXT,
                required=True,
                offer=Offer.EVENTS,
                help="A loyalty event, such as point_add.",
            ),
        ),
    ),
    NodeKind(
        type=EVENT_FILTER,
        title="Event attribute filter",
        group="Filters",
        about="Looks at what came with the event.",
        fields=_filter_fields(
            Offer.EVENT_ATTRIBUTES, "Attributes of the event's data, by name or by path."
        ),
    ),
    NodeKind(
        type=CUSTOMER_FILTER,
        title="Customer attribute filter",
        group="Filters",
        about="Looks at what is known of the customer.",
        fields=_filter_fields(
            Offer.CUSTOMER_FIELDS,
            "Fields of the customer, by name or by path (tiers.main_tiers.name).",
        ),
    ),
    NodeKind(
        type=WAIT,
        title="Wait",
        group="Flow control",
        about="Goes on after a while. Ends if the customer opts out meanwhile.",
        outputs=(SUCCESS,),
        fields=(
            NodeField(
                name="amount",
                label="How long",
                kind=FieldKind.NUMBER,
                required=True,
                least=1,
                most=LONGEST_WAIT * MINUTES["days"],
                help=f"From 1 minute to {LONGEST_WAIT} days.",
            ),
            NodeField(
                name="unit",
                label="Unit",
                kind=FieldKind.CHOICE,
                default="minutes",
                choices=tuple((unit, unit) for unit in MINUTES),
            ),
        ),
    ),
    NodeKind(
        type=INTERRUPT,
        title="Interrupt",
        group="Flow control",
        about="Ends the whole run: nothing more happens in it, and its waits end.",
        outputs=(),
    ),
    NodeKind(
        type=MARKETING_COMMUNICATION,
        title="Trigger marketing communication",
        group="Actions",
        about="Sends an event to a connection.",
        summary="event",
        fields=(
            _CONNECTION,
            NodeField(
                name="event",
                label="External event",
                kind=FieldKind.TEXT,
                required=True,
                help="The event's name on the far side.",
            ),
            NodeField(
                name="event_type",
                label="External event type",
                kind=FieldKind.CHOICE,
                required=True,
                offer=Offer.EVENT_TYPES,
            ),
            NodeField(
                name="payload",
                label="Payload",
                kind=FieldKind.PAIRS,
                offer=Offer.LOOKUPS,
                most=MOST_PAIRS,
                help="What goes with it: a text, a number, yes or no, or a field such as "
                "{{ event.data.points }}, which keeps its type.",
            ),
        ),
    ),
    NodeKind(
        type=SYNC_DATA,
        title="Sync data",
        group="Actions",
        about="Sends the customer's mapped fields now.",
        summary="connection",
        fields=(_CONNECTION,),
    ),
)

KINDS: Final[Mapping[str, NodeKind]] = {kind.type: kind for kind in _KINDS}
"""Type → kind, in the order of the editor's sidebar."""
