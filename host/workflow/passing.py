"""The kinds of nodes, each compiled once into what passes an event on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from host.model import Json, Missing
from host.workflow.conditions import OPERATORS
from host.workflow.graph import Node
from host.workflow.kinds import (
    CUSTOMER_FILTER,
    EVENT_FILTER,
    EVENT_TRIGGER,
    INTERRUPT,
    MARKETING_COMMUNICATION,
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
from host.workflow.steps import Act, Action, Outcome, Step

_SUCCESS: Final = Outcome.SUCCESS  # a name of its own: looking a member up costs, for every node
_FAILURE: Final = Outcome.FAILURE


_PLAIN_BITS: Final = 64
_MOST_SHOWN: Final = 200  # characters of a value in a log


class Passing(Protocol):
    """A compiled node: passes a subject on."""

    def __call__(self, subject: Subject, act: Act) -> Step:
        """The step that this node makes."""


def _always(outcome: Outcome) -> Callable[[Node], Passing]:
    def compile(node: Node) -> Passing:
        step = Step(node.id, outcome)
        return lambda subject, act: step

    return compile


def _wait(node: Node) -> Passing:
    amount, unit = node.values["amount"], node.text("unit") or "minutes"
    step = Step(node.id, Outcome.WAITING, f"{amount} {unit}")
    return lambda subject, act: step


class _Condition(NamedTuple):
    """A row. `test` knows its value; without one the value is looked up for each event."""

    attribute: str
    find: Callable[[Subject], Json | Missing]
    test: Callable[[Json | Missing], bool] | None
    looked_up: Callable[[Subject, Json | Missing], bool]


def _filter(
    attribute: Callable[[str], Callable[[Subject], Json | Missing]],
) -> Callable[[Node], Passing]:
    def compile(node: Node) -> Passing:
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
            for name, find, test, looked_up in conditions:
                found = find(subject)
                seen[name] = shown(found)
                try:
                    holds = test(found) if test else looked_up(subject, found)
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
    test: Callable[[Json | Missing], bool] | None,
    looked_up: Callable[[Subject, Json | Missing], bool],
) -> Passing:
    """The filter with one row, as most are, and most look at a short text."""

    def passing(subject: Subject, act: Act) -> Step:
        found = find(subject)
        if type(found) is str and len(found) <= _MOST_SHOWN:
            seen: dict[str, Json] = {name: found}
        else:
            seen = {name: shown(found)}
        try:
            holds = test(found) if test else looked_up(subject, found)
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
        return _Condition(name, attribute(name), operator.test(typed), _never)

    def looked_up(subject: Subject, found: Json | Missing) -> bool:
        return operator.holds(found, [find(subject) for find in finds])

    return _Condition(name, attribute(name), None, looked_up)


def _never(subject: Subject, found: Json | Missing) -> bool:
    return False


def _marketing_communication(node: Node) -> Passing:
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


def _sync_data(node: Node) -> Passing:
    id_ = node.id
    action = Action(node.text("connection"), node=id_)

    def passing(subject: Subject, act: Act) -> Step:
        outcome, text = act(action)
        return Step(id_, outcome, None, text)

    return passing


def shown(found: Json | Missing) -> Json:
    """What a filter found, as logs keep it; nothing there is null."""
    return None if isinstance(found, Missing) else shortened(found)


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


COMPILED: Final[Mapping[str, Callable[[Node], Passing]]] = {
    EVENT_TRIGGER: _always(Outcome.SUCCESS),
    EVENT_FILTER: _filter(event_attribute),
    CUSTOMER_FILTER: _filter(customer_attribute),
    WAIT: _wait,
    INTERRUPT: _always(Outcome.STOPPED),
    MARKETING_COMMUNICATION: _marketing_communication,
    SYNC_DATA: _sync_data,
}
"""Type of node → what compiles it."""
