"""Graphs as they are written → what is wrong with their form, all of it, each with its place."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import wire
from host.errors import InvalidConfiguration
from host.workflow import graph_as_json
from host.workflow.reading import (
    MOST_CHARACTERS,
    MOST_EDGES,
    MOST_NODES,
    compiled,
    saved_graph,
)
from tests.graphs import (
    drawn,
    event_filter,
    form_faults,
    json_values,
    message,
    plain,
    read,
    sound,
    trigger,
    unsound,
    wait,
)


def faults_of(node: dict[str, Any]) -> dict[str, str]:
    return form_faults(drawn([node]))


def test_a_graph_is_read_as_it_is_written() -> None:
    graph = read(
        {
            "nodes": [
                {**trigger(), "x": 40, "y": -80},
                message(payload={"points": "{{ event.data.points }}", "n": 1.5, "yes": True}),
            ],
            "edges": [{"from": "t", "to": "m"}],
        }
    )

    start, sends = graph.nodes
    assert (start.id, start.type, start.text("event")) == ("t", "event_trigger", "point_add")
    assert (start.x, start.y, sends.x, sends.y) == (40, -80, None, None)
    assert sends.values["payload"] == {
        "points": "{{ event.data.points }}",
        "n": Decimal("1.5"),
        "yes": True,
    }
    (edge,) = graph.edges
    assert (edge.source, edge.target, edge.on) == ("t", "m", "success")


def test_an_empty_graph_may_be_kept_as_a_draft() -> None:
    assert graph_as_json(read({})) == {"nodes": [], "edges": []}


def test_every_fault_is_told_at_once_with_its_node() -> None:
    assert form_faults(
        {
            "nodes": [
                trigger(),
                {**trigger(), "event": 7},
                {"id": "f", "type": "event_filtre"},
                {"id": "w", "type": "wait", "amount": "soon", "unti": "days"},
                message(payload={"list": [1], "good": 1}),
                {"id": "no good", "type": "wait"},
                "rubbish",
                event_filter(("points", "is", {"a": 1}), id="e"),
            ],
            "edges": [{"from": "t", "to": "w", "via": "success"}, {"from": "t"}, 7],
        }
    ) == {
        "workflow.nodes.t.event": "must be a text in quotes, not a whole number",
        "workflow.nodes.t.id": "another node has this id already",
        "workflow.nodes.f.type": 'is no type of node; did you mean "event_filter"?',
        "workflow.nodes.w.unti": 'there is no such key; did you mean "unit"?',
        "workflow.nodes.w.amount": "must be a whole number, not a text",
        "workflow.nodes.m.payload.list": "must be a text, a number, true or false, not a list",
        "workflow.nodes[5].id": "must be 1 to 63 letters (a to z), digits, - and _, beginning "
        "with a letter or digit",
        "workflow.nodes[6]": "must be a table, not a text",
        "workflow.nodes.e.rows[0].value": "must be a text, a number, true or false, not a table",
        "workflow.edges[0].via": "there is no such key; known here: from, to, on",
        "workflow.edges[1].to": "is missing: give it",
        "workflow.edges[2]": "must be a table, not a whole number",
    }


@pytest.mark.parametrize("key", ["nodes", "edges"])
@pytest.mark.parametrize("value", [None, "text", 7, {"a": 1}])
def test_what_is_no_list_is_refused(key: str, value: object) -> None:
    (path,) = form_faults({key: value})

    assert path == f"workflow.{key}"


@pytest.mark.parametrize("id_", ["", " ", "a b", "ä", "-a", "_a", "a" * 64, "a.b", 7, None, True])
def test_ids_are_short_and_plain(id_: object) -> None:
    (path,) = form_faults({"nodes": [{"id": id_, "type": "wait"}]})

    assert path == "workflow.nodes[0].id"


@pytest.mark.parametrize("type_", ["", "Wait", "webhook", None, 7, ["wait"]])
def test_only_the_known_types_are_nodes(type_: object) -> None:
    assert set(faults_of({"id": "a", "type": type_})) == {"workflow.nodes.a.type"}


@pytest.mark.parametrize("place", ["10", 1.5, True, 100_001, -100_001])
def test_places_are_whole_pixels_within_bounds(place: object) -> None:
    assert set(faults_of({**trigger(), "x": place, "y": 0})) == {"workflow.nodes.t.x"}


def test_half_a_place_is_none() -> None:
    (node,) = read(drawn([{**trigger(), "x": 5}])).nodes

    assert (node.x, node.y) == (None, None)


@pytest.mark.parametrize(
    ("graph", "path"),
    [
        (drawn([wait(f"w{n}") for n in range(MOST_NODES + 1)]), "workflow.nodes"),
        (drawn([trigger()], *["t>t"] * (MOST_EDGES + 1)), "workflow.edges"),
        (drawn([trigger("x" * (MOST_CHARACTERS + 1))]), "workflow.nodes.t.event"),
        (drawn([wait(amount=10**50)]), "workflow.nodes.w.amount"),
        (drawn([event_filter(*[("a", "is", 1)] * 51)]), "workflow.nodes.f.rows"),
        (drawn([event_filter(("a", "in_list", ["x"] * 101))]), "workflow.nodes.f.rows[0].value"),
        (
            drawn([event_filter(("a", "is", "x" * (MOST_CHARACTERS + 1)))]),
            "workflow.nodes.f.rows[0].value",
        ),
        (
            drawn([event_filter(("x" * (MOST_CHARACTERS + 1), "is", 1))]),
            "workflow.nodes.f.rows[0].attribute",
        ),
        (drawn([message(payload={str(n): n for n in range(101)})]), "workflow.nodes.m.payload"),
        (
            drawn([message(payload={"a": "x" * (MOST_CHARACTERS + 1)})]),
            "workflow.nodes.m.payload.a",
        ),
        (
            drawn([message(payload={"x" * (MOST_CHARACTERS + 1): 1})]),
            "workflow.nodes.m.payload",
        ),
        *(
            (drawn([message(payload={"a": number})]), "workflow.nodes.m.payload.a")
            for number in (
                float("nan"),
                float("inf"),
                Decimal("NaN"),
                Decimal("1e400"),
                Decimal("1e-400"),
                Decimal("1." + "1" * 50),
                10**60,
            )
        ),
    ],
)
def test_what_is_over_a_bound_is_refused(graph: dict[str, Any], path: str) -> None:
    assert set(form_faults(graph)) == {path}


def test_as_many_as_are_taken_are_taken() -> None:
    nodes = [trigger(), *(wait(f"w{n}") for n in range(1, MOST_NODES))]
    edges = ["t>w1"] * MOST_EDGES
    payload = {str(n): "x" * MOST_CHARACTERS for n in range(100)}

    assert form_faults(drawn(nodes, *edges)) == {}
    assert form_faults(drawn([message(payload=payload)])) == {}


def test_what_is_as_if_not_typed_is_not_kept() -> None:
    (node,) = read(drawn([{"id": "w", "type": "wait", "amount": None, "unit": "minutes"}])).nodes

    assert node.values == {}


@settings(derandomize=True, max_examples=50, deadline=None)
@given(sound())
def test_a_graph_comes_back_as_it_was_saved(value: dict[str, Any]) -> None:
    graph = read(value)

    text = wire.dumps(graph_as_json(graph)).decode()

    assert read(graph_as_json(graph)) == graph
    assert saved_graph(text) == graph
    assert plain(graph_as_json(saved_graph(text))) == plain(graph_as_json(graph))


@settings(derandomize=True, max_examples=50, deadline=None)
@given(unsound())
def test_what_is_read_without_fault_comes_back_too_sound_or_not(value: dict[str, Any]) -> None:
    if form_faults(value):
        return
    graph = read(value)

    assert saved_graph(wire.dumps(graph_as_json(graph)).decode()) == graph


@settings(derandomize=True, max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(("nodes", "edges", "other")),
        json_values
        | st.lists(
            st.dictionaries(
                st.sampled_from(("id", "type", "rows", "payload", "from", "to")), json_values
            )
        ),
    )
)
def test_no_json_makes_reading_raise(value: dict[str, Any]) -> None:
    for path, message_ in form_faults(value).items():
        assert path.startswith(("workflow.nodes", "workflow.edges"))
        assert message_


def test_a_saved_graph_with_faults_is_refused_and_never_compiled() -> None:
    text = json.dumps(drawn([{"id": "w", "type": "nonsense"}]))

    with pytest.raises(InvalidConfiguration):
        saved_graph(text)
    with pytest.raises(InvalidConfiguration):
        compiled(text)
