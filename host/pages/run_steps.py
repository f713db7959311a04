"""A run step by step: which nodes it passed, what each looked at or sent, and the way it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from host.model import Json
from host.pages.run_words import FILTERS, ToldRun, node_name, outcome_of, why_cancelled
from host.pages.words import foreign, moment
from host.workflow import Node, Outcome, Result, Step
from host.workflow.conditions import OPERATORS
from host.workflow.kinds import EVENT_TRIGGER, MARKETING_COMMUNICATION, SYNC_DATA, WAIT

_OPEN: Final = 5  # facts that stand open; more of them are folded away


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """A node passed: its name, what it looked at or sent, how it was left and why."""

    name: Markup
    facts: tuple[Markup, ...]
    more: tuple[Markup, ...]  # facts that are folded away
    outcome: str
    text: Markup


def shown_steps(told: ToldRun, connections: Mapping[str, str], now: int) -> list[ShownStep]:
    """The steps of a run, in the order passed. `connections`: id → title; `now`: ms."""
    shown = []
    for place, step in enumerate(told.steps):
        facts = tuple(_facts(told, step, connections))
        outcome = outcome_of(told, place)
        shown.append(
            ShownStep(
                name=node_name(told, step.node) if step.node else Markup("The whole run"),
                facts=facts[:_OPEN],
                more=facts[_OPEN:],
                outcome=outcome,
                text=_text(told, step, outcome, now),
            )
        )
    return shown


def route_json(told: ToldRun) -> list[dict[str, str]]:
    """The way that a run took, as the canvas marks it."""
    return [
        {"node": step.node, "outcome": outcome_of(told, place)}
        for place, step in enumerate(told.steps)
        if step.node
    ]


def _facts(told: ToldRun, step: Step, connections: Mapping[str, str]) -> Iterator[Markup]:
    node = told.node(step.node)
    seen = step.input if isinstance(step.input, Mapping) else {}
    if node is None or node.type in FILTERS:
        yield from _conditions(node, seen)
    elif node.type == EVENT_TRIGGER:
        yield foreign(node.text("event"))
    elif node.type == WAIT and isinstance(step.input, str):
        yield Markup("{}").format(step.input)
    elif node.type in (MARKETING_COMMUNICATION, SYNC_DATA):
        to = foreign(connections.get(node.text("connection"), node.text("connection")))
        if node.type == SYNC_DATA:
            yield Markup("the mapped fields, to {}").format(to)
            return
        yield Markup("{} ({}), to {}").format(
            foreign(node.text("event")), foreign(node.text("event_type")), to
        )
        for key, value in seen.items():
            yield Markup("{}: {}").format(foreign(key), _value(value))


def _conditions(node: Node | None, seen: Mapping[str, Json]) -> Iterator[Markup]:
    """Each condition with what was found; without the graph only what was found."""
    rows = node.values.get("rows") if node else None
    if not isinstance(rows, (list, tuple)):
        for name, value in seen.items():
            yield Markup("{}: {}").format(foreign(name), _value(value))
        return
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        name = str(row.get("attribute", ""))
        operator = OPERATORS.get(str(row.get("operator", "")))
        words: list[str | Markup] = [foreign(name)]
        words.append(operator.label if operator else str(row.get("operator", "")))
        if "value" in row:
            words.append(_value(row["value"]))
        found = Markup("found {}").format(_value(seen[name])) if name in seen else "not looked at"
        yield Markup("{}: {}").format(Markup(" ").join(words), found)


def _text(told: ToldRun, step: Step, outcome: str, now: int) -> Markup:
    if step.text:
        return foreign(step.text)
    node = told.node(step.node)
    if outcome == Result.CANCELLED:
        return Markup("it was cancelled: {}").format(why_cancelled(told))
    if outcome == Outcome.WAITING:
        due = next((wait.due for wait in told.waits if wait.node == step.node), None)
        return Markup("goes on {}").format(moment(due, now))
    if node is not None and node.type in FILTERS:
        if outcome == Outcome.SUCCESS:
            return Markup("the conditions hold")
        further = told.goes_on(step.node, outcome)
        return Markup("the conditions do not hold") + ("" if further else ": the way ends here")
    if outcome == Outcome.STOPPED:
        return Markup("the whole run ended")
    if node is not None and node.type in (MARKETING_COMMUNICATION, SYNC_DATA):
        return Markup("the message was made")  # what came of anything else was told
    return Markup()


def _value(value: Json) -> Markup:
    if value is None:
        return Markup("nothing")
    if isinstance(value, bool):
        return Markup("yes" if value else "no")
    if isinstance(value, (list, tuple)):
        return Markup(", ").join(_value(one) for one in value)
    return Markup("“{}”").format(foreign(value)) if isinstance(value, str) else foreign(value)
