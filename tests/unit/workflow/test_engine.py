"""Compiled graphs run: which nodes are passed in which order, what is asked for, what waits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from host.model import Json
from host.workflow import Act, Acted, Action, Outcome, Program, Ran, Subject
from tests.graphs import (
    customer_filter,
    drawn,
    event_filter,
    interrupt,
    message,
    read,
    subject,
    sync,
    trigger,
    wait,
)

SUCCESS, FAILURE, ERROR = Outcome.SUCCESS, Outcome.FAILURE, Outcome.ERROR
WAITING, STOPPED = Outcome.WAITING, Outcome.STOPPED


class Asked:
    """Actions asked for; `answers` by connection, else a success."""

    def __init__(self, **answers: Acted) -> None:
        self.actions: list[Action] = []
        self._answers = answers

    def __call__(self, action: Action) -> Acted:
        self.actions.append(action)
        return self._answers.get(action.connection, Acted(SUCCESS))


def program(*nodes: dict[str, Any], edges: tuple[str, ...]) -> Program:
    return Program(read(drawn([trigger(), *nodes], *edges)))


def route(ran: Ran) -> list[tuple[str, Outcome]]:
    return [(step.node, step.outcome) for step in ran.steps]


def run(found: Program, act: Act | None = None, about: Subject | None = None) -> Ran:
    return found.run(about or subject({"points": 10}), act or Asked())


def test_a_program_knows_the_event_that_starts_it() -> None:
    assert program(edges=()).event == "point_add"
    assert route(run(program(edges=()))) == [("t", SUCCESS)]


def test_a_message_takes_what_was_typed_and_looked_up() -> None:
    asked = Asked()
    payload = {"points": "{{ event.data.points }}", "shop": "Main", "n": 1.5, "yes": True}

    ran = run(program(message(payload=payload), edges=("t>m",)), asked)

    values: dict[str, Json] = {"points": 10, "shop": "Main", "n": Decimal("1.5"), "yes": True}
    assert asked.actions == [Action("good", "points", "other", values, node="m")]
    assert ran.steps[-1].input == values
    assert (ran.waits, ran.stopped, ran.failed) == ([], False, False)


def test_a_sync_names_no_event() -> None:
    asked = Asked()

    run(program(sync(connection="bare"), edges=("t>s",)), asked)

    assert asked.actions == [Action("bare", node="s")]


@pytest.mark.parametrize(
    ("points", "way"), [(10, "yes"), ("10", "yes"), (9, "no"), (None, "no"), ("many", "no")]
)
def test_a_filter_parts_the_ways(points: Json, way: str) -> None:
    found = program(
        event_filter(("points", "at_least", 10)),
        sync("yes"),
        sync("no"),
        edges=("t>f", "f>yes", "f!no"),
    )

    ran = run(found, about=subject({"points": points}))

    assert route(ran) == [
        ("t", SUCCESS),
        ("f", SUCCESS if way == "yes" else FAILURE),
        (way, SUCCESS),
    ]
    assert not ran.failed  # a filter that holds back is no error


@pytest.mark.parametrize(
    ("match", "a", "b", "outcome"),
    [
        ("all", 1, 1, SUCCESS),
        ("all", 1, 0, FAILURE),
        ("all", 0, 1, FAILURE),
        ("any", 1, 0, SUCCESS),
        ("any", 0, 1, SUCCESS),
        ("any", 0, 0, FAILURE),
    ],
)
def test_rows_hold_all_or_any(match: str, a: int, b: int, outcome: Outcome) -> None:
    rows = event_filter(("a", "is", 1), ("b", "is", 1), match=match)

    ran = run(program(rows, edges=("t>f",)), about=subject({"a": a, "b": b}))

    assert route(ran)[-1] == ("f", outcome)


def test_a_filter_tells_what_it_saw_as_far_as_it_looked() -> None:
    rows = customer_filter(("tier", "is", "Gold"), ("score", "at_least", 10), ("city", "is", "x"))

    ran = run(
        program(rows, edges=("t>c",)), about=subject({}, {"tier": "Gold", "score": 5, "city": "y"})
    )

    assert ran.steps[-1].input == {"tier": "Gold", "score": 5}


def test_a_filter_compares_with_what_it_looks_up() -> None:
    found = program(
        customer_filter(
            ("tier", "is", "{{ event.data.tier }}"),
            ("city", "in_list", ["Paris", "{{ event.data.city }}"]),
        ),
        edges=("t>c",),
    )

    here = {"tier": "Gold", "city": "Rome"}
    same = run(found, about=subject({"tier": "Gold", "city": "Rome"}, here))
    other = run(found, about=subject({"tier": "Tin", "city": "Rome"}, here))

    assert (route(same)[-1], route(other)[-1]) == (("c", SUCCESS), ("c", FAILURE))


@pytest.mark.parametrize(
    "node",
    [
        message("n", payload={"a": "{{ event.data.missing }}"}),
        event_filter(("points", "is", "{{ event.data.missing }}"), id="n"),
        customer_filter(("id", "in_list", ["x", "{{ event.data.missing }}"]), id="n"),
    ],
)
def test_what_cannot_be_looked_up_is_an_error_and_goes_on_by_failure(
    node: dict[str, Any],
) -> None:
    asked = Asked()

    ran = run(program(node, sync("yes"), sync("no"), edges=("t>n", "n>yes", "n!no")), asked)

    assert route(ran) == [("t", SUCCESS), ("n", ERROR), ("no", SUCCESS)]
    assert ran.steps[1].text == "event.data.missing is not there"
    assert ran.failed
    assert [action.event for action in asked.actions] == [""]  # the message was not asked for


@pytest.mark.parametrize("outcome", [FAILURE, ERROR])
def test_an_action_that_did_nothing_goes_on_by_failure(outcome: Outcome) -> None:
    asked = Asked(bad=Acted(outcome, "for a reason"))

    ran = run(
        program(sync("s", "bad"), sync("yes"), sync("no"), edges=("t>s", "s>yes", "s!no")), asked
    )

    assert route(ran) == [("t", SUCCESS), ("s", outcome), ("no", SUCCESS)]
    assert ran.steps[1].text == "for a reason"
    assert ran.failed is (outcome is ERROR)


def test_ways_are_followed_to_their_ends_in_the_order_in_which_they_were_drawn() -> None:
    found = program(*(sync(name) for name in "abcd"), edges=("t>b", "t>a", "b>d", "a>c", "b>c"))

    assert [node for node, _ in route(run(found))] == ["t", "b", "d", "c", "a"]


def test_a_node_where_ways_meet_is_passed_once() -> None:
    asked = Asked()
    found = program(sync("a"), sync("b"), message("end"), edges=("t>a", "t>b", "a>end", "b>end"))

    ran = run(found, asked)

    assert [node for node, _ in route(ran)] == ["t", "a", "end", "b"]
    assert len([action for action in asked.actions if action.event]) == 1


def test_a_circle_ends_all_the_same() -> None:
    found = program(sync("a"), sync("b"), edges=("t>a", "a>b", "b>a", "b>b"))

    assert [node for node, _ in route(run(found))] == ["t", "a", "b"]


@pytest.mark.parametrize(
    ("amount", "unit", "ms"),
    [(1, "minutes", 60_000), (2, "hours", 7_200_000), (60, "days", 5_184_000_000)],
)
def test_a_wait_holds_what_is_behind_it(amount: int, unit: str, ms: int) -> None:
    asked = Asked()
    found = program(wait(amount=amount, unit=unit), message(), edges=("t>w", "w>m"))

    ran = run(found, asked)

    assert route(ran) == [("t", SUCCESS), ("w", WAITING)]
    assert ran.waits == [("w", ms)]
    assert asked.actions == []

    on = found.go_on("w", ["t", "w"], subject(), asked)

    assert route(on) == [("m", SUCCESS)]
    assert len(asked.actions) == 1


def test_a_wait_without_a_unit_counts_minutes() -> None:
    found = program({"id": "w", "type": "wait", "amount": 3}, edges=("t>w",))

    assert run(found).waits == [("w", 180_000)]


def test_what_was_passed_before_a_wait_is_not_passed_again_after_it() -> None:
    asked = Asked()
    found = program(wait("v"), wait("w"), message(), edges=("t>v", "t>w", "v>m", "w>m"))

    ran = run(found, asked)
    first = found.go_on("v", ["t", "v", "w"], subject(), asked)
    second = found.go_on("w", ["t", "v", "w", "m"], subject(), asked)

    assert [name for name, _ in ran.waits] == ["v", "w"]
    assert (route(first), route(second)) == ([("m", SUCCESS)], [])
    assert len(asked.actions) == 1


def test_a_wait_may_follow_a_wait() -> None:
    found = program(wait("v"), wait("w", 2), edges=("t>v", "v>w"))

    on = found.go_on("v", ["t", "v"], subject(), Asked())

    assert (route(on), on.waits) == ([("w", WAITING)], [("w", 120_000)])


def test_an_interrupt_ends_the_whole_run_and_its_waits() -> None:
    asked = Asked()
    found = program(
        wait(), interrupt(), message(), sync(), edges=("t>w", "t>s", "s>i", "t>m", "w>m")
    )

    ran = run(found, asked)

    assert route(ran) == [("t", SUCCESS), ("w", WAITING), ("s", SUCCESS), ("i", STOPPED)]
    assert (ran.waits, ran.stopped, ran.failed) == ([], True, False)
    assert [action.event for action in asked.actions] == [""]


def test_an_exception_of_an_action_is_the_caller_s() -> None:
    def raises(action: Action) -> Acted:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        run(program(sync(), edges=("t>s",)), raises)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200 + "…"),
        ([1, "a", None], [1, "a", None]),
        (list(range(11)), "a list of 11"),
        ([["x" * 300]], "a list of 1"),
        ({"a": 1}, "an object of 1"),
        (None, None),
        (True, True),
        (Decimal("1.50"), Decimal("1.50")),
        (int("9" * 300), "9" * 200 + "…"),
    ],
)
def test_a_log_keeps_values_short(value: Json, kept: Json) -> None:
    rows = event_filter(("a", "is_not_empty"))

    ran = run(program(rows, edges=("t>f",)), about=subject({"a": value}))

    assert ran.steps[-1].input == {"a": kept}


def test_a_log_keeps_nothing_where_nothing_stood() -> None:
    ran = run(program(event_filter(("a", "is_empty")), edges=("t>f",)), about=subject({}))

    assert ran.steps[-1].input == {"a": None}
