"""Graphs whose form is right → everything that keeps them from running, each with its node."""

from __future__ import annotations

from typing import Any, Final

import pytest

from host.workflow import Around, ConnectionAround, Level, check, has_faults
from tests.graphs import (
    customer_filter,
    drawn,
    event_filter,
    graph,
    interrupt,
    message,
    read,
    sync,
    trigger,
    wait,
)

AROUND: Final = Around(
    connections={
        "good": ConnectionAround(
            title="Good",
            event_types={"other": "Other", "transaction": "Transaction"},
            name_length=20,
            associated=frozenset({"checkout"}),
        ),
        "bare": ConnectionAround(title="Bare", event_types={}, maps_fields=False),
        "away": ConnectionAround(title="Away"),
    },
    events=frozenset({"point_add", "checkout"}),
)

Told = tuple[str, str, str]  # node, field, words


def told(*nodes: dict[str, Any], edges: tuple[str, ...] = ()) -> list[Told]:
    """Every fault of a graph; warnings are marked."""
    return [
        (
            fault.node,
            fault.field,
            ("warning: " if fault.level is Level.WARNING else "") + fault.message,
        )
        for fault in check(read(drawn(list(nodes), *edges)), AROUND)
    ]


def of_node(node: dict[str, Any]) -> list[Told]:
    """What is told of a node behind a trigger."""
    return told(trigger(), node, edges=(f"t>{node['id']}",))


def test_a_sound_graph_has_no_faults() -> None:
    assert (
        told(
            trigger(),
            event_filter(("points", "at_least", 100), ("channel", "is_not_empty")),
            customer_filter(("tier", "in_list", ["Gold", "{{ event.data.tier }}"]), match="any"),
            wait(amount=60, unit="days"),
            message(payload={"points": "{{ event.data.points }}", "n": 1}),
            sync(),
            interrupt(),
            edges=("t>f", "f>c", "f!i", "c>w", "c!s", "w>m", "m!s"),
        )
        == []
    )


def test_an_empty_graph_is_told_once() -> None:
    assert told() == [("", "", "the workflow is empty: begin with a trigger")]


def test_without_a_trigger_nothing_runs() -> None:
    assert told(sync()) == [
        ("", "", "there is no trigger: add one, so that something starts a run")
    ]


def test_two_triggers_are_each_told() -> None:
    words = "a workflow has at most 1 “Event”, and this has 2: remove the others"

    assert told(trigger(), trigger(id="u"), sync(), edges=("t>s", "u>s")) == [
        ("t", "", words),
        ("u", "", words),
    ]


def test_what_nothing_leads_to_is_told() -> None:
    assert told(trigger(), sync("a"), sync("b"), edges=("a>b",)) == [
        ("a", "", "nothing leads here: connect it, or remove it"),
        ("b", "", "nothing leads here: connect it, or remove it"),
    ]


@pytest.mark.parametrize(
    ("edges", "round"),
    [
        (("t>a", "a>a"), ["a"]),
        (("t>a", "a>b", "b>a", "b>c"), ["a", "b"]),
        (("t>a", "a>b", "b!c", "c!a"), ["a", "b", "c"]),
        (("t>a", "t>b", "a>c", "b>c"), []),
    ],
)
def test_ways_that_lead_back_are_told(edges: tuple[str, ...], round: list[str]) -> None:
    found = told(trigger(), sync("a"), sync("b"), sync("c"), edges=edges)

    words = "the way leads back to this node: a run would go in a circle"
    assert [node for node, _, said in found if said == words] == round


def test_edges_that_do_not_fit_are_told() -> None:
    assert told(
        trigger(),
        sync("send"),
        wait(),
        interrupt(),
        edges=("t>send", "t>sent", "so>send", "t!w", "i>w", "w!i", "send>t", "t>send", "x>y"),
    ) == [
        ("t", "", 'an edge names the node “sent”, which is not there; did you mean "send"?'),
        ("send", "", "an edge names the node “so”, which is not there"),
        ("t", "", "has no output “failure”; it has success"),
        ("i", "", "has no output “success”; it has none"),
        ("w", "", "has no output “failure”; it has success"),
        ("t", "", "a trigger begins a run, so nothing can lead to it"),
        ("t", "", "leads to “send” by success twice"),
        ("", "", "an edge names the node “x”, which is not there"),
        ("t", "", "the way leads back to this node: a run would go in a circle"),
        ("send", "", "the way leads back to this node: a run would go in a circle"),
        ("w", "", "the way leads back to this node: a run would go in a circle"),
        ("i", "", "the way leads back to this node: a run would go in a circle"),
    ]


EMPTY = [
    ("connection", "Connection is missing: give it"),
    ("event", "External event is missing: give it"),
    ("event_type", "External event type is missing: give it"),
]


@pytest.mark.parametrize(
    ("node", "missing"),
    [
        ({"id": "n", "type": "event_filter"}, [("rows", "there is no condition yet: add one")]),
        (
            {"id": "n", "type": "customer_filter", "rows": []},
            [("rows", "there is no condition yet: add one")],
        ),
        ({"id": "n", "type": "wait"}, [("amount", "How long is missing: give it")]),
        ({"id": "n", "type": "marketing_communication"}, EMPTY),
        (message("n", connection=" ", event="\t", event_type=" "), EMPTY),
        ({"id": "n", "type": "sync_data"}, EMPTY[:1]),
        ({"id": "n", "type": "interrupt"}, []),
    ],
)
def test_every_field_that_is_needed_is_asked_for(
    node: dict[str, Any], missing: list[tuple[str, str]]
) -> None:
    assert of_node(node) == [("n", field, words) for field, words in missing]


@pytest.mark.parametrize(
    "node",
    [
        {"id": "n", "type": "event_filter"},
        {"id": "n", "type": "customer_filter", "rows": []},
    ],
    ids=["no rows", "empty rows"],
)
def test_a_filter_without_a_condition_is_told(node: dict[str, Any]) -> None:
    assert of_node(node) == [("n", "rows", "there is no condition yet: add one")]


def test_a_trigger_without_an_event_is_told() -> None:
    assert told({"id": "t", "type": "event_trigger"}) == [
        ("t", "event", "Event type is missing: give it")
    ]


def test_a_trigger_of_an_event_that_never_came_is_a_warning() -> None:
    found = check(graph([trigger("point_ad")]), AROUND)

    assert [fault.message for fault in found] == [
        'no event “point_ad” has come yet; did you mean "point_add"?'
    ]
    assert not has_faults(found)


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (0, "minutes", "must be at least 1"),
        (-5, "days", "must be at least 1"),
        (60, "days", None),
        (61, "days", "must be at most 60 days"),
        (1440, "hours", None),
        (1441, "hours", "must be at most 60 days"),
        (86_400, "minutes", None),
        (86_401, "minutes", "must be at most 86400"),
        (86_401, "days", "must be at most 86400"),
    ],
)
def test_waits_last_from_a_minute_to_sixty_days(amount: int, unit: str, words: str | None) -> None:
    assert of_node(wait(amount=amount, unit=unit)) == ([("w", "amount", words)] if words else [])


def test_a_choice_has_to_be_one_of_those_offered() -> None:
    assert of_node(wait(unit="weeks")) == [("w", "unit", "must be one of minutes, hours, days")]
    assert of_node({**event_filter(("a", "is_empty")), "match": "none"}) == [
        ("f", "match", "must be one of all, any")
    ]


def test_every_row_of_a_filter_is_told_by_its_number() -> None:
    assert of_node(
        event_filter(
            ("points", "at_least", "many"),
            ("", "is", 1),
            ("points", "", 1),
            ("points", "equals", 1),
            ("points", "is"),
            ("points", "is_empty", 1),
            ("points", "in_list", "a"),
            ("points", "is", "{{ points }}"),
            ("points", "in_list", ["a", "{{ event.data.a"]),
            ("points", "is", 1),
        )
    ) == [
        ("f", "rows", "row 1: must be a number"),
        ("f", "rows", "row 2: the attribute is missing: give it"),
        ("f", "rows", "row 3: the operator is missing: choose one"),
        ("f", "rows", "row 4: “equals” is no operator"),
        ("f", "rows", "row 5: a value is missing: give it"),
        ("f", "rows", "row 6: “is empty” takes no value: remove it"),
        ("f", "rows", "row 7: must be a list of values"),
        (
            "f",
            "rows",
            "row 8: 'points' cannot be looked up: write {{ event.data.NAME }} or "
            "{{ customer.NAME }}",
        ),
        (
            "f",
            "rows",
            "row 9: has braces that do not belong together: write {{ event.data.points }}",
        ),
    ]


def test_every_row_of_a_payload_is_told_by_its_key() -> None:
    assert of_node(
        message(payload={"a": "{{ }}", " ": 1, "code": "{{ __import__('os') }}", "good": 1})
    ) == [
        (
            "m",
            "payload",
            "a: nothing is named in {{ }}: write {{ event.data.NAME }} or {{ customer.NAME }}",
        ),
        ("m", "payload", "a key is missing: give it"),
        (
            "m",
            "payload",
            "code: \"__import__('os')\" cannot be looked up: write {{ event.data.NAME }} or "
            "{{ customer.NAME }}",
        ),
    ]


@pytest.mark.parametrize("node", [message("n", connection="god"), sync("n", "god")])
def test_a_connection_has_to_be_there(node: dict[str, Any]) -> None:
    assert of_node(node) == [
        ("n", "connection", 'there is no connection “god”; did you mean "good"?')
    ]


def test_the_event_and_its_type_have_to_suit_the_connection() -> None:
    assert of_node(message(event="x" * 21, event_type="transactions")) == [
        ("m", "event", "has 21 characters; Good takes at most 20"),
        (
            "m",
            "event_type",
            'Good has no event type “transactions”; did you mean "transaction"?',
        ),
    ]
    assert of_node(message(event_type="nonsense")) == [
        ("m", "event_type", "Good has no event type “nonsense”; it has other, transaction")
    ]


def test_a_connection_whose_module_is_not_known_may_take_anything() -> None:
    assert of_node(message(connection="away", event="x" * 300, event_type="whatever")) == []


def test_syncing_a_connection_that_maps_nothing_is_a_warning() -> None:
    assert of_node(sync(connection="bare")) == [
        ("s", "connection", "warning: Bare maps no fields yet, so there is little to send")
    ]


def test_an_event_that_goes_both_ways_is_a_warning() -> None:
    assert told(trigger("checkout"), message("a"), message("b"), edges=("t>a", "a>b")) == [
        (
            node,
            "connection",
            "warning: Good gets “checkout” by External events as well: each such event goes "
            "there twice",
        )
        for node in ("a", "b")
    ]


def test_faults_of_the_shape_of_nodes_and_warnings_come_together() -> None:
    found = check(
        graph(
            [trigger("checkout"), message(), wait("w", amount=0), sync("s", "gone"), sync("x")],
            "t>m",
            "m>w",
            "w>s",
            "s>m",
        ),
        AROUND,
    )

    assert [(fault.node, fault.level) for fault in found] == [
        ("x", Level.FAULT),
        ("m", Level.FAULT),
        ("w", Level.FAULT),
        ("s", Level.FAULT),
        ("w", Level.FAULT),
        ("s", Level.FAULT),
        ("m", Level.WARNING),
    ]
    assert has_faults(found)
