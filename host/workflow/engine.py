"""A graph compiled once, then run for each event: nodes passed, actions asked for, waits.

A run passes each node at most once, so that it ends whatever was drawn. It follows one path
to its end before the next one, in the order in which the edges were drawn.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from host.workflow.graph import FAILURE, SUCCESS, Graph, Node
from host.workflow.kinds import EVENT_TRIGGER, MINUTES, WAIT
from host.workflow.lookups import Subject
from host.workflow.passing import COMPILED
from host.workflow.steps import Act, Outcome, Pending, Ran

_MS_A_MINUTE: Final = 60_000
_SUCCESS: Final = Outcome.SUCCESS  # a name of its own: looking a member up costs, for every node
_WAITING: Final = Outcome.WAITING
_STOPPED: Final = Outcome.STOPPED


class Program:
    """A graph ready to run. Made of a graph without faults only."""

    def __init__(self, graph: Graph) -> None:
        nodes = {node.id: node for node in graph.nodes}
        self.trigger = next(node for node in graph.nodes if node.type == EVENT_TRIGGER)
        self.event = self.trigger.text("event")
        self._waits = {id_: _duration(node) for id_, node in nodes.items() if node.type == WAIT}
        targets = [edge.target for edge in graph.edges]
        self._joins = len({*targets, self.trigger.id}) <= len(targets)  # else none comes twice
        following: dict[tuple[str, str], list[str]] = {}
        for edge in reversed(graph.edges):  # the last one is taken off the stack first
            following.setdefault((edge.source, edge.on), []).append(edge.target)
        self._nodes = {
            id_: (
                COMPILED[node.type](node),
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
        nodes, steps, joins = self._nodes, ran.steps, self._joins
        while stack:
            node = stack.pop()
            if joins:
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
