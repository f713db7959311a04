"""A graph compiled once, then run for each event: nodes passed, actions asked for, waits.

A run passes each node at most once, so that it ends whatever was drawn. It follows one path
to its end before the next one, in the order in which the edges were drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeAlias

from host.model import Json, Missing
from host.workflow.conditions import OPERATORS
from host.workflow.graph import FAILURE, SUCCESS, Graph, Node
from host.workflow.kinds import (
    CUSTOMER_FILTER,
    EVENT_FILTER,
    EVENT_TRIGGER,
    INTERRUPT,
    MARKETING_COMMUNICATION,
    MINUTES,
    SYNC_DATA,
    WAIT,
)
from host.workflow.lookups import (
    LookupFailed,
    Subject,
    customer_attribute,
    event_attribute,
    is_lookup,
    rendered,
    size_of,
    written,
)

_MS_A_MINUTE: Final = 60_000


class Outcome(StrEnum):
    """How a run left a node."""

    SUCCESS = "success"
    FAILURE = "failure"  # a filter did not let it through, or an action did nothing
    ERROR = "error"  # it could not be done; goes on by failure
    WAITING = "waiting"
    STOPPED = "stopped"  # an Interrupt


_SUCCESS: Final = Outcome.SUCCESS  # a name of its own: looking a member up costs, for every node
_FAILURE: Final = Outcome.FAILURE
_WAITING: Final = Outcome.WAITING
_STOPPED: Final = Outcome.STOPPED


class Result(StrEnum):
    """How a whole run is or was."""

    SUCCESS = "success"
    ERROR = "error"
    WAITING = "waiting"
    CANCELLED = "cancelled"


class Step(NamedTuple):
    """A node passed: what it looked at or sent, and in words what came of it."""

    node: str
    outcome: Outcome
    input: Json = None
    text: str = ""


class Action(NamedTuple):
    """What a node asks for: an event for a connection, or (no event) its mapped fields now."""

    connection: str
    event: str = ""
    event_type: str = ""
    payload: Mapping[str, Json] | None = None
    node: str = ""  # who asks


class Acted(NamedTuple):
    """What came of an action."""

    outcome: Outcome
    text: str = ""


Act: TypeAlias = Callable[[Action], Acted]


class Pending(NamedTuple):
    """A wait that began: at which node, for how many ms."""

    node: str
    duration: int


@dataclass(slots=True)
class Ran:
    """What one stretch of a run did, from its beginning or from a wait."""

    steps: list[Step] = field(default_factory=list)
    waits: list[Pending] = field(default_factory=list)
    stopped: bool = False  # an Interrupt ended the whole run
    failed: bool = False  # some step was an error


class _Passing(Protocol):
    """A compiled node: passes a subject on."""

    def __call__(self, subject: Subject, act: Act) -> Step:
        """The step that this node makes."""


class Program:
    """A graph ready to run. Made of a graph without faults only."""

    def __init__(self, graph: Graph) -> None:
        nodes = {node.id: node for node in graph.nodes}
        self.trigger = next(node for node in graph.nodes if node.type == EVENT_TRIGGER)
        self.event = self.trigger.text("event")
        self._waits = {id_: _duration(node) for id_, node in nodes.items() if node.type == WAIT}
        following: dict[tuple[str, str], list[str]] = {}
        for edge in reversed(graph.edges):  # the last one is taken off the stack first
            following.setdefault((edge.source, edge.on), []).append(edge.target)
        self._nodes = {
            id_: (
                _COMPILED[node.type](node),
                following.get((id_, SUCCESS), []),
                following.get((id_, FAILURE), []),
            )
            for id_, node in nodes.items()
        }

    def run(self, subject: Subject, act: Act) -> Ran:
        """From the trigger on."""
        return self._run([self.trigger.id], set(), subject, act)

    def go_on(self, wait: str, passed: Collection[str], subject: Subject, act: Act) -> Ran:
        """From a wait that is over on. `passed`: nodes that the run has passed already."""
        return self._run(list(self._nodes[wait][1]), set(passed), subject, act)

    def _run(self, stack: list[str], passed: set[str], subject: Subject, act: Act) -> Ran:
        ran = Ran()
        nodes, steps = self._nodes, ran.steps
        while stack:
            node = stack.pop()
            if node in passed:
                continue
            passed.add(node)
            passing, on_success, on_failure = nodes[node]
            step = passing(subject, act)
            steps.append(step)
            outcome = step.outcome
            if outcome is _SUCCESS:
                stack += on_success
            elif outcome is _WAITING:
                ran.waits.append(Pending(node, self._waits[node]))
            elif outcome is _STOPPED:
                ran.stopped = True
                ran.waits.clear()
                break
            else:
                ran.failed = ran.failed or outcome is Outcome.ERROR
                stack += on_failure
        return ran


def _duration(node: Node) -> int:
    amount = node.values.get("amount")
    assert isinstance(amount, int), "a graph with faults is not compiled"
    return amount * MINUTES[node.text("unit") or "minutes"] * _MS_A_MINUTE


# The kinds of nodes, compiled.


def _always(outcome: Outcome) -> Callable[[Node], _Passing]:
    def compile(node: Node) -> _Passing:
        step = Step(node.id, outcome)
        return lambda subject, act: step

    return compile


def _wait(node: Node) -> _Passing:
    amount, unit = node.values["amount"], node.text("unit") or "minutes"
    step = Step(node.id, Outcome.WAITING, f"{amount} {unit}")
    return lambda subject, act: step


class _Condition(NamedTuple):
    attribute: str
    find: Callable[[Subject], Json | Missing]
    holds: Callable[[Subject, Json | Missing], bool]


def _filter(
    attribute: Callable[[str], Callable[[Subject], Json | Missing]],
) -> Callable[[Node], _Passing]:
    def compile(node: Node) -> _Passing:
        rows = node.values.get("rows")
        assert isinstance(rows, (list, tuple)), "a graph with faults is not compiled"
        conditions = [_condition(attribute, row) for row in rows if isinstance(row, Mapping)]
        every = node.text("match") != "any"
        id_ = node.id

        if len(conditions) == 1:
            return _one_condition(id_, *conditions[0])

        def passing(subject: Subject, act: Act) -> Step:
            seen: dict[str, Json] = {}
            holds = every
            for name, find, condition in conditions:
                found = find(subject)
                seen[name] = None if isinstance(found, Missing) else shortened(found)
                try:
                    holds = condition(subject, found)
                except LookupFailed as error:
                    return Step(id_, Outcome.ERROR, seen, str(error))
                if holds is not every:
                    break
            return Step(id_, _SUCCESS if holds else _FAILURE, seen)

        return passing

    return compile


def _one_condition(
    id_: str,
    name: str,
    find: Callable[[Subject], Json | Missing],
    condition: Callable[[Subject, Json | Missing], bool],
) -> _Passing:
    """The filter with one row, as most are."""

    def passing(subject: Subject, act: Act) -> Step:
        found = find(subject)
        seen = {name: None if isinstance(found, Missing) else shortened(found)}
        try:
            holds = condition(subject, found)
        except LookupFailed as error:
            return Step(id_, Outcome.ERROR, seen, str(error))
        return Step(id_, _SUCCESS if holds else _FAILURE, seen)

    return passing


def _condition(
    attribute: Callable[[str], Callable[[Subject], Json | Missing]], row: Mapping[str, Json]
) -> _Condition:
    name, operator = str(row["attribute"]), OPERATORS[str(row["operator"])]
    typed = row.get("value")
    values = typed if isinstance(typed, (list, tuple)) else (typed,)
    finds = [written(value) for value in values]
    if not any(is_lookup(value) for value in values):
        test = operator.test(typed)
        return _Condition(name, attribute(name), lambda subject, found: test(found))
    return _Condition(
        name,
        attribute(name),
        lambda subject, found: operator.holds(found, [find(subject) for find in finds]),
    )


def _marketing_communication(node: Node) -> _Passing:
    payload = node.values.get("payload")
    pairs = payload if isinstance(payload, Mapping) else {}
    finds = {name: written(value) for name, value in pairs.items()}
    id_ = node.id
    bare = Action(node.text("connection"), node.text("event"), node.text("event_type"), node=id_)

    def passing(subject: Subject, act: Act) -> Step:
        try:
            values = rendered(finds, subject)
        except LookupFailed as error:
            return Step(id_, Outcome.ERROR, None, str(error))
        outcome, text = act(bare._replace(payload=values))
        return Step(id_, outcome, {k: shortened(v) for k, v in values.items()}, text)

    return passing


def _sync_data(node: Node) -> _Passing:
    id_ = node.id
    action = Action(node.text("connection"), node=id_)

    def passing(subject: Subject, act: Act) -> Step:
        outcome, text = act(action)
        return Step(id_, outcome, None, text)

    return passing


_PLAIN_BITS: Final = 64
_MOST_SHOWN: Final = 200  # characters of a value in a log


def shortened(value: Json) -> Json:
    """A value as logs keep it: long ones are cut, lists and objects told by their size."""
    if isinstance(value, str):
        return value if len(value) <= _MOST_SHOWN else value[:_MOST_SHOWN] + "…"
    if value is None or (isinstance(value, int) and value.bit_length() <= _PLAIN_BITS):
        return value
    if isinstance(value, Mapping):
        return f"an object of {len(value)}"
    if isinstance(value, (list, tuple)):
        short = len(value) <= 10 and size_of(value) <= _MOST_SHOWN
        return list(value) if short else f"a list of {len(value)}"
    return value if len(text := str(value)) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


_COMPILED: Final[Mapping[str, Callable[[Node], _Passing]]] = {
    EVENT_TRIGGER: _always(Outcome.SUCCESS),
    EVENT_FILTER: _filter(event_attribute),
    CUSTOMER_FILTER: _filter(customer_attribute),
    WAIT: _wait,
    INTERRUPT: _always(Outcome.STOPPED),
    MARKETING_COMMUNICATION: _marketing_communication,
    SYNC_DATA: _sync_data,
}
