"""Whatever is drawn is refused with the node that is wrong, or runs to its end, always alike."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import event, given, settings
from hypothesis import strategies as st

from host import wire
from host.model import Json
from host.workflow import (
    Acted,
    Action,
    Around,
    ConnectionAround,
    Graph,
    Outcome,
    Program,
    Ran,
    Step,
    check,
    has_faults,
)
from tests.graphs import form_faults, json_values, read, sound, subject, unsound

AROUND: Final = Around(
    connections={
        name: ConnectionAround(title=name, event_types={"other": "Other"})
        for name in ("good", "other", "gone")
    },
    events=frozenset({"point_add"}),
)
ANSWERS: Final = {
    "good": Acted(Outcome.SUCCESS),
    "other": Acted(Outcome.FAILURE, "switched off"),
    "gone": Acted(Outcome.ERROR, "there is no connection"),
}

data: Final = st.dictionaries(st.sampled_from(("points", "a", "id", "tier")), json_values)


class Whole:
    """A run from its event to the end of its last wait."""

    def __init__(self, graph: Graph, given: dict[str, Any]) -> None:
        self.program = Program(graph)
        self.about = subject(given, given)
        self.steps: list[Step] = []
        self.actions: list[Action] = []
        self.began: list[str] = []  # waits
        self._follow(self.program.run(self.about, self._act))

    def _act(self, action: Action) -> Acted:
        self.actions.append(action)
        return ANSWERS[action.connection]

    def _follow(self, ran: Ran) -> None:
        self.steps += ran.steps
        waits = [wait.node for wait in ran.waits]
        self.began += waits
        for wait in waits:
            passed = [step.node for step in self.steps]
            self._follow(self.program.go_on(wait, passed, self.about, self._act))


def check_run(graph: Graph, given: dict[str, Json]) -> None:
    run = Whole(graph, given)
    ids = [node.id for node in graph.nodes]
    passed = [step.node for step in run.steps]

    assert len(passed) == len(set(passed)), "a node was passed twice"
    assert set(passed) <= set(ids)
    assert set(run.began) <= {node.id for node in graph.nodes if node.type == "wait"}
    assert len(wire.dumps(run.steps)) < 200_000
    again = Whole(graph, given)
    assert (again.steps, again.actions, again.began) == (run.steps, run.actions, run.began)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(sound(), data)
def test_a_sound_graph_runs_to_its_end_always_alike(
    value: dict[str, Any], given: dict[str, Json]
) -> None:
    graph = read(value)

    assert not has_faults(found := check(graph, AROUND)), found
    check_run(graph, given)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(unsound(), data)
def test_any_graph_is_refused_with_its_node_or_runs_to_its_end(
    value: dict[str, Any], given: dict[str, Json]
) -> None:
    ids = {str(node.get("id")) for node in value["nodes"]}
    if found := form_faults(value):
        event("refused for its form")
        for path in found:
            assert path.startswith(("workflow.nodes[", "workflow.edges[")) or any(
                path.startswith(f"workflow.nodes.{id_}.") for id_ in ids
            ), path
        return
    graph = read(value)
    if faults := check(graph, AROUND):
        event("refused for its sense" if has_faults(faults) else "warned of")
        whole = ("the workflow is empty", "there is no trigger", "an edge names the node")
        assert all(fault.node in ids or fault.message.startswith(whole) for fault in faults)
    if has_faults(faults):
        return
    event("runs")
    check_run(graph, given)
