"""Runs of workflows in words: how one ended, and what its nodes are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from markupsafe import Markup

from host.errors import InvalidConfiguration
from host.pages.words import foreign, moment
from host.store.engine import Transaction
from host.store.keys import key_text
from host.store.runs import (
    CANCELLED_BY_HAND,
    OPTED_OUT,
    WORKFLOW_DELETED,
    StoredRun,
    Wait,
    waits_of_runs,
)
from host.store.workflows import read_graph_text, workflow_names
from host.workflow import KINDS, Graph, Node, Outcome, Result, Step
from host.workflow.graph import FAILURE, SUCCESS
from host.workflow.kinds import CUSTOMER_FILTER, EVENT_FILTER, MARKETING_COMMUNICATION, SYNC_DATA
from host.workflow.reading import saved_graph

FILTERS: Final = (EVENT_FILTER, CUSTOMER_FILTER)
_MOST_TOLD: Final = 3  # things that one line tells of
_WHY_CANCELLED: Final[Mapping[str, str]] = {
    OPTED_OUT: "the customer opted out",
    WORKFLOW_DELETED: "the workflow was deleted",
    CANCELLED_BY_HAND: "somebody cancelled it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRun:
    """A run with what is needed to tell of it. `waits`: what it is in, the next over first."""

    run: StoredRun
    workflow: str  # id
    name: str
    deleted: bool  # the workflow was
    graph: Graph | None  # that it ran on; None: no longer kept, or it cannot be read
    steps: tuple[Step, ...]
    waits: tuple[Wait, ...] = ()

    @property
    def path(self) -> str:
        """The address of its details."""
        return f"/workflows/{self.workflow}/log/{key_text(self.run.event)}"

    def node(self, id_: str) -> Node | None:
        """A node of its graph."""
        nodes = self.graph.nodes if self.graph else ()
        return next((node for node in nodes if node.id == id_), None)

    def goes_on(self, id_: str, on: str) -> tuple[str, ...]:
        """Where an output of a node leads."""
        edges = self.graph.edges if self.graph else ()
        return tuple(edge.target for edge in edges if edge.source == id_ and edge.on == on)


def tell(tx: Transaction, runs: Sequence[StoredRun]) -> list[ToldRun]:
    """Runs with their workflows, graphs and waits."""
    names = workflow_names(tx, {run.workflow for run in runs})
    waits = waits_of_runs(tx, runs)
    versions = {(run.workflow, run.version) for run in runs}
    graphs = {version: _graph(tx, *version) for version in versions}
    return [
        ToldRun(
            run=run,
            workflow=names[run.workflow][0],
            name=names[run.workflow][1],
            deleted=names[run.workflow][2],
            graph=graphs[run.workflow, run.version],
            steps=tuple(_step(*step) for step in run.steps),
            waits=tuple(waits.get((run.workflow, run.event), ())),
        )
        for run in runs
    ]


def _step(node: str, outcome: str, input_: object, text: str) -> Step:
    return Step(node, Outcome(outcome), input_, text)  # type: ignore[arg-type]


def _graph(tx: Transaction, workflow: int, version: int) -> Graph | None:
    text = read_graph_text(tx, workflow, version)
    try:
        return saved_graph(text) if text is not None else None
    except InvalidConfiguration:
        return None


def node_name(told: ToldRun, id_: str) -> Markup:
    """What a node is called: its title and its id."""
    node = told.node(id_)
    title = KINDS[node.type].title if node and node.type in KINDS else ""
    return Markup("{} <code>{}</code>").format(title, id_) if title else _code(id_)


def ending(told: ToldRun, connections: Mapping[str, str], now: int) -> Markup:
    """How a run ended, or where it is, in one line. `connections`: id → title; `now`: ms."""
    parts: list[Markup] = []
    if told.run.result == Result.ERROR:
        parts += _errors(told)
    elif told.run.result == Result.CANCELLED:
        parts.append(Markup("cancelled: {}").format(why_cancelled(told)))
    elif told.run.result == Result.WAITING:
        parts += _waits(told, now)
    parts += _done(told, connections)
    return _joined(parts or [_last(told)])


def why_cancelled(told: ToldRun) -> str:
    """Why a run goes no further."""
    reason = told.run.reason or "it is not known why"
    return _WHY_CANCELLED.get(reason, reason)


def error_words(told: ToldRun, step: Step) -> Markup:
    """What went wrong at a node."""
    text = foreign(step.text or "it could not be done")
    return Markup("{}: {}").format(node_name(told, step.node), text) if step.node else text


def _errors(told: ToldRun) -> Iterator[Markup]:
    return (error_words(told, step) for step in told.steps if step.outcome is Outcome.ERROR)


def _waits(told: ToldRun, now: int) -> Iterator[Markup]:
    for wait in told.waits:
        goes_on = Markup("goes on {}").format(moment(wait.due, now))
        if wait.due <= now:
            goes_on = Markup("is about to go on")
        yield Markup("waits at {}, {}").format(node_name(told, wait.node), goes_on)


def _done(told: ToldRun, connections: Mapping[str, str]) -> Iterator[Markup]:
    """What a run did for the world, and where a way of it came to its end before the last node."""
    name = partial(node_name, told)
    for step in told.steps:
        node = told.node(step.node)
        type_ = node.type if node else ""
        if step.outcome is Outcome.STOPPED:
            yield Markup("ended by {}").format(name(step.node))
        elif type_ in FILTERS and step.outcome is Outcome.FAILURE:
            if not told.goes_on(step.node, FAILURE):
                yield Markup("stopped by {}").format(name(step.node))
        elif node and type_ in (MARKETING_COMMUNICATION, SYNC_DATA):
            to = connections.get(node.text("connection"), node.text("connection"))
            if step.outcome is Outcome.SUCCESS:
                what = foreign(node.text("event")) if type_ != SYNC_DATA else "the mapped fields"
                yield Markup("sent {} to {}").format(what, foreign(to))
            elif step.outcome is Outcome.FAILURE:
                yield Markup("{} sent nothing: {}").format(name(step.node), foreign(step.text))


def _last(told: ToldRun) -> Markup:
    if not told.steps:
        return Markup("it passed no node")
    return Markup("ended after {}: nothing follows").format(node_name(told, told.steps[-1].node))


def _joined(parts: Iterable[Markup]) -> Markup:
    told = list(parts)
    shown = Markup("; ").join(told[:_MOST_TOLD])
    left = len(told) - _MOST_TOLD
    return shown if left <= 0 else Markup("{}; and {} more").format(shown, left)


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(foreign(text))


def outcome_of(told: ToldRun, place: int) -> str:
    """How a run left its step at that place, as it is known by now.

    A Wait is written down as *waiting* for good; its run tells whether it is over.
    """
    step = told.steps[place]
    if step.outcome is not Outcome.WAITING:
        return step.outcome
    if any(wait.node == step.node for wait in told.waits):
        return Outcome.WAITING
    after = {later.node for later in told.steps[place + 1 :]}
    if after.intersection(told.goes_on(step.node, SUCCESS)):
        return Outcome.SUCCESS
    if told.run.result == Result.CANCELLED:
        return Result.CANCELLED
    ended = any(other.outcome is Outcome.STOPPED for other in told.steps)
    return Outcome.STOPPED if ended else Outcome.SUCCESS


def work_time(duration: int) -> str:
    """How long the work took (µs), as people read it: `0.4 ms`, `12 ms`, `1.5 s`."""
    if duration < 100:
        return "under 0.1 ms"
    if duration < 10_000:
        return f"{duration / 1000:.1f} ms"
    if duration < 1_000_000:
        return f"{duration / 1000:.0f} ms"
    return f"{duration / 1_000_000:.1f} s"
