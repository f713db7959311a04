"""Runs in words: how one ended, how each node was left, how long the work took."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bs4 import BeautifulSoup

from host.model import Json
from host.pages.run_steps import route_json, shown_steps
from host.pages.run_words import ToldRun, ending, outcome_of, work_time
from host.store.runs import StoredRun, Wait
from host.workflow import Edge, Graph, Node, Outcome, Step

NOW = 1_800_000_000_000
HOUR = 3_600_000
CONNECTIONS = {"cdp": "The CDP"}
GRAPH = Graph(
    nodes=(
        Node(id="t", type="event_trigger", values={"event": "point_add"}),
        Node(
            id="f",
            type="event_filter",
            values={"rows": [{"attribute": "tags", "operator": "contains", "value": "a"}]},
        ),
        Node(id="w", type="wait"),
        Node(id="x", type="wait"),
        Node(id="m", type="marketing_communication", values={"connection": "cdp", "event": "hi"}),
        Node(id="s", type="sync_data", values={"connection": "cdp"}),
        Node(id="i", type="interrupt"),
        Node(id="o", type="of_a_plugin_that_left"),
    ),
    edges=(
        Edge(source="t", target="f"),
        Edge(source="f", target="i", on="failure"),
        Edge(source="w", target="m"),
        Edge(source="x", target="s"),
    ),
)
PASSED, FAILED, ERROR = Outcome.SUCCESS, Outcome.FAILURE, Outcome.ERROR
WAITS, STOPPED = Outcome.WAITING, Outcome.STOPPED


def told(
    *steps: Step, result: str = "success", graph: Graph | None = GRAPH, **more: Any
) -> ToldRun:
    waits = tuple(Wait(due, 1, 1, node) for node, due in more.pop("waits", {}).items())
    run = StoredRun(
        workflow=1,
        event=1,
        version=1,
        result=result,
        steps=(),
        duration=400,
        ended_at=NOW,
        reason=more.pop("reason", None),
        customer_id="c-1",
        event_id="e-1",
        action="point_add",
    )
    return ToldRun(
        run=run, workflow="one", name="One", deleted=False, graph=graph, steps=steps, waits=waits
    )


def words(run: ToldRun) -> str:
    return BeautifulSoup(ending(run, CONNECTIONS, NOW), "html.parser").get_text()


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (told(Step("t", PASSED)), "ended after Event t: nothing follows"),
        (told(), "it passed no node"),
        (told(Step("f", FAILED)), "ended after Event attribute filter f: nothing follows"),
        (told(Step("f", FAILED), Step("i", STOPPED)), "ended by Interrupt i"),
        (told(Step("m", PASSED)), "sent hi to The CDP"),
        (told(Step("s", PASSED)), "sent the mapped fields to The CDP"),
        (
            told(Step("s", FAILED, None, "it is off")),
            "Sync data s sent nothing: it is off",
        ),
        (told(Step("o", PASSED)), "ended after o: nothing follows"),
        (told(Step("f", FAILED), graph=None), "ended after f: nothing follows"),
        (
            told(Step("m", PASSED), *[Step("s", PASSED)] * 4),
            "sent hi to The CDP; sent the mapped fields to The CDP; "
            "sent the mapped fields to The CDP; and 2 more",
        ),
        (
            told(Step("m", ERROR, None, "a is not there"), Step("s", PASSED), result="error"),
            "Trigger marketing communication m: a is not there; sent the mapped fields to The CDP",
        ),
        (told(Step("", ERROR, None, "the host broke"), result="error"), "the host broke"),
        (
            told(
                Step("w", WAITS),
                Step("x", WAITS),
                result="waiting",
                waits={"w": NOW + HOUR, "x": NOW},
            ),
            "waits at Wait w, goes on in 1 h; waits at Wait x, is about to go on",
        ),
        (
            told(Step("w", WAITS), result="cancelled", reason="workflow_deleted"),
            "cancelled: the workflow was deleted",
        ),
        (told(result="cancelled", reason="of_tomorrow"), "cancelled: of_tomorrow"),
    ],
)
def test_one_line_tells_how_a_run_ended(run: ToldRun, said: str) -> None:
    assert words(run) == said


def test_a_filter_without_a_way_on_stopped_the_run() -> None:
    run = told(Step("t", PASSED), Step("f", FAILED))
    ways = tuple(edge for edge in GRAPH.edges if edge.source != "f")

    assert words(replace(run, graph=replace(GRAPH, edges=ways))) == (
        "stopped by Event attribute filter f"
    )


def test_a_wait_that_is_over_counts_as_passed_and_the_others_tell_how_they_ended() -> None:
    steps = (Step("w", WAITS), Step("x", WAITS), Step("m", PASSED))

    waiting = told(*steps, result="waiting", waits={"x": NOW + HOUR})
    cancelled = told(*steps, result="cancelled", reason="opted_out")
    stopped = told(*steps, Step("i", STOPPED))
    ended = told(Step("w", WAITS))

    assert [outcome_of(waiting, place) for place in range(3)] == ["success", "waiting", "success"]
    assert [outcome_of(cancelled, place) for place in range(2)] == ["success", "cancelled"]
    assert [outcome_of(stopped, place) for place in range(2)] == ["success", "stopped"]
    assert outcome_of(ended, 0) == "success"
    assert route_json(told(Step("", ERROR), Step("t", PASSED))) == [
        {"node": "t", "outcome": "success"}
    ]


def test_values_are_told_as_people_write_them_and_many_are_folded_away() -> None:
    seen: dict[str, Json] = {
        "list": ["a", 1],
        "yes": True,
        "no": False,
        "none": None,
        "big": 10**30,
        "text": "<b>",
    }
    (step,) = shown_steps(told(Step("m", PASSED, seen)), CONNECTIONS, NOW)
    (condition,) = shown_steps(told(Step("f", PASSED, {"tags": ["a"]})), CONNECTIONS, NOW)

    facts = [BeautifulSoup(fact, "html.parser").get_text() for fact in (*step.facts, *step.more)]
    assert facts == [
        "hi (), to The CDP",
        "list: “a”, 1",
        "yes: yes",
        "no: no",
        "none: nothing",
        f"big: {10**30}",
        "text: “<b>”",
    ]
    assert len(step.more) == 2
    assert BeautifulSoup(condition.facts[0], "html.parser").get_text() == (
        "tags contains “a”: found “a”"
    )


@pytest.mark.parametrize(
    ("duration", "said"),
    [(0, "under 0.1 ms"), (400, "0.4 ms"), (12_345, "12 ms"), (1_500_000, "1.5 s")],
)
def test_time_of_work_is_told_in_few_digits(duration: int, said: str) -> None:
    assert work_time(duration) == said
