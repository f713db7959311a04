"""Workflows by file and over HTTP: saved, activated, run with the event, told of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.drawn import (
    POINTS,
    as_file,
    communication,
    node,
    trigger,
    workflow,
)
from tests.harness import Scene, StandInServer, configuration, eventually, scene

PATH = "/api/workflows/points-e-mail"


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A running host that associates `checkout` only; each test brings customers of its own."""
    folder = tmp_path_factory.mktemp("workflows")
    with scene(folder, events=("checkout",), fields=(("first_name", "$firstname"),)) as running:
        yield running


@pytest.fixture
def on(drawing: Scene) -> Iterator[Scene]:
    """The same without workflows afterwards."""
    yield drawing
    for told in drawing.host.client.get("/api/workflows").json()["workflows"]:
        drawing.host.client.delete(f"/api/workflows/{told['id']}")


def sent(destination: StandInServer, customer: str) -> list[dict[str, Any]]:
    """Name and attributes of the events that arrived for a customer, in order."""
    return [
        {
            "name": event["data"]["event_name"],
            "type": event["data"]["custom_event_type"],
            "attributes": event["data"].get("custom_attributes"),
        }
        for batch in destination.batches(customer)
        for event in batch.get("events") or []
    ]


def runs(on: Scene, **query: str) -> list[dict[str, Any]]:
    """The log of the workflow, newest first."""
    answer = on.host.client.get(f"{PATH}/runs", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["runs"]
    return found


def put(on: Scene, body: dict[str, Any], path: str = PATH, **headers: str) -> Any:
    """Save a workflow."""
    return on.host.client.put(path, json=body, headers=headers)


def test_an_event_starts_a_workflow_that_sends_exactly_what_was_configured(on: Scene) -> None:
    assert on.host.configure(as_file(workflow())) == (
        f"+ workflows.{POINTS}\n+ workflows.{POINTS}.active: true\n"
    )
    on.host.client.put("/api/customers/ada", json={"first_name": "Ada", "score": 49492})

    on.host.post({"id": "e1", "customer": "ada", "action": "point_add", "data": {"points": 10.50}})
    on.host.settle()

    assert sent(on.destination, "ada")[-1] == {
        "name": "point_add",
        "type": "transaction",
        "attributes": {"points": 10.5, "balance": 49492, "greeting": "Hi Ada"},
    }
    (run,) = runs(on)
    assert (run["event"], run["customer"], run["result"]) == ("e1", "ada", "success")
    assert [(step["node"], step["outcome"]) for step in run["steps"]] == [
        ("t", "success"),
        ("m", "success"),
    ]
    on.host.post({"id": "e1", "customer": "ada", "action": "point_add", "data": {"points": 10.50}})
    assert len(runs(on)) == 1, "a duplicate starts nothing"


def test_what_is_exported_changes_nothing_when_applied_again(on: Scene) -> None:
    drawn = workflow(
        {**trigger(), "x": 40, "y": 80},
        node(
            "f",
            "event_filter",
            match="any",
            rows=[
                {"attribute": "points", "operator": "at_least", "value": 5},
                {"attribute": "tier", "operator": "in_list", "value": ["gold", "silver"]},
                {"attribute": "note", "operator": "is_empty"},
            ],
        ),
        node("w", "wait", amount=2, unit="hours"),
        node("s", "sync_data", connection="mparticle"),
        communication(payload={"n": 5, "flag": True, "share": 0.25, '{{ odd "key"': "x"}),
        ways=("t>f", "f>w", "w>m", "f>s:failure"),
    )
    on.host.configure(as_file(drawn, workflow(name="Draft", active=False)))

    exported = on.host.do("export")

    assert on.host.configure(exported) == ""
    assert on.host.configure(exported, "--prune") == ""
    on.host.client.delete(PATH)
    assert on.host.configure(exported).splitlines()[0] == f"+ workflows.{POINTS}"
    assert on.host.do("export") == exported


def test_a_file_tells_all_faults_at_once_and_saves_nothing(on: Scene) -> None:
    bad = workflow(
        trigger(""),
        communication(connection="nowhere", payload={"x": "{{ secrets.key }}"}),
        node("lost", "interrupt"),
        node("f", "event_filter", rows=[{"attribute": "a", "operator": "is_bigger", "value": 1}]),
        node("g", "event_filter", rows=[{"attribute": "a", "operator": "is", "value": 1}]),
        ways=("t>f", "f>g", "g>f:failure", "f>m"),
    )

    done = on.host.call("apply", "-", stdin=as_file(bad))

    assert done.returncode == 1
    for words in (
        f"workflows.{POINTS}.nodes.t.event: Event type is missing",
        f"workflows.{POINTS}.nodes.m.connection: there is no connection “nowhere”",
        f"workflows.{POINTS}.nodes.m.payload: x: 'secrets.key' cannot be looked up",
        f"workflows.{POINTS}.nodes.lost: nothing leads here",
        f"workflows.{POINTS}.nodes.f.rows: row 1: “is_bigger” is no operator",
        f"workflows.{POINTS}.nodes.g: the way leads back to this node",
    ):
        assert words in done.stderr
    assert on.host.client.get("/api/workflows").json() == {"workflows": []}
    assert on.host.configure(as_file({**bad, "active": False})), "a draft may have faults"
    told = on.host.client.get(PATH).json()
    assert (told["state"], told["active"]) == ("draft", False)
    assert {fault["node"] for fault in told["faults"]} >= {"t", "m", "lost", "f", "g"}
    refused = put(on, {"active": True})
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "invalid_configuration"


def test_a_missing_value_is_a_fault_of_the_run_and_harms_nothing(on: Scene) -> None:
    on.host.configure(
        as_file(
            workflow(
                trigger("checkout"),
                communication(payload={"total": "{{ event.data.total }}"}),
                communication("else", event="no_total", payload={}),
                ways=("t>m", "m>else:failure"),
            )
        )
    )

    on.host.post({"id": "c1", "customer": "bob", "action": "checkout", "data": {"x": 1}})
    on.host.settle()

    assert [event["name"] for event in sent(on.destination, "bob")] == ["checkout", "no_total"]
    (run,) = runs(on, result="error")
    assert run["steps"][1]["outcome"] == "error"
    assert run["steps"][1]["text"] == "event.data.total is not there"
    assert runs(on, result="success") == []


def test_a_workflow_is_read_saved_and_deleted_over_http(on: Scene) -> None:
    missing = on.host.client.get(PATH)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    made = put(on, workflow(active=None))
    assert made.status_code == 200, made.text
    assert (made.json()["state"], made.json()["version"], made.headers["etag"]) == (
        "draft",
        1,
        '"1"',
    )

    same = put(on, made.json(), **{"If-Match": "1"})
    assert same.json()["version"] == 1, "given back as it was read, it changes nothing"
    active = put(on, {"active": True}, **{"If-Match": "1"}).json()
    assert (active["state"], active["active_version"]) == ("active", 1)
    changed = put(on, {**workflow(), "edges": []}, **{"If-Match": "1"})
    assert changed.status_code == 422, "it would run with a node that nothing leads to"
    changed = put(on, workflow(trigger("checkout"), communication())).json()
    assert (changed["version"], changed["active_version"], changed["trigger"]) == (2, 2, "checkout")
    late = put(on, {"active": False}, **{"If-Match": "1"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "version_conflict")
    paused = put(on, {"active": False}).json()
    assert (paused["state"], paused["active"]) == ("paused", False)
    assert put(on, workflow(), "/api/workflows/other").status_code == 422, "the name is taken"
    assert on.host.client.delete(PATH).json() == {"id": "points-e-mail", "result": "deleted"}
    assert on.host.client.delete(PATH).status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"nodes": {}}, "must be a list"),
        ({"nodes": [{"id": "a b", "type": "wait"}]}, "letters"),
        ({"nodes": [{"id": "a", "type": "waits"}]}, "did you mean"),
        ({"nodes": [{"id": "a", "type": "wait", "minutes": 3}]}, "no such key"),
        ({"nodes": [], "edges": [{"from": "a"}]}, "to"),
        ({"name": "two\nlines"}, "one line"),
        ({"name": "x" * 101}, "more than 100"),
        ({"active": "yes"}, "true or false"),
        ({"id": "another"}, "address"),
        ([], "a table"),
    ],
)
def test_what_has_the_wrong_form_is_refused_and_changes_nothing(
    on: Scene, body: Any, words: str
) -> None:
    answer = put(on, body)

    assert answer.status_code == 422, answer.text
    assert words in answer.text
    assert on.host.client.get("/api/workflows").json() == {"workflows": []}


def test_a_sample_tells_what_would_be_sent_and_sends_nothing(on: Scene) -> None:
    put(
        on,
        workflow(
            trigger(),
            node("w", "wait", amount=3, unit="days"),
            communication(),
            ways=("t>w", "w>m"),
            active=False,
        ),
    )
    before = on.host.ledger()

    told = on.host.client.post(
        f"{PATH}/test",
        json={
            "event": {"customer": "eve", "data": {"points": 7}},
            "customer": {"first_name": "Eve", "score": 9},
        },
    )

    assert told.status_code == 200, told.text
    run = told.json()
    assert run["result"] == "success"
    assert [(s["node"], s["outcome"]) for s in run["steps"]] == [
        ("t", "success"),
        ("w", "waiting"),
        ("m", "success"),
    ]
    request = run["steps"][2]["request"]
    (batch,) = json.loads(request["body"])
    assert batch["events"][0]["data"]["custom_attributes"] == {
        "points": 7,
        "balance": 9,
        "greeting": "Hi Eve",
    }
    assert "demo-secret" not in told.text
    assert on.host.ledger() == before
    assert runs(on) == []
    invented = on.host.client.post(f"{PATH}/test").json()
    assert invented["steps"][0]["node"] == "t"
    wrong = on.host.client.post(f"{PATH}/test", json={"event": {"action": "checkout"}})
    assert wrong.status_code == 422
    assert on.host.client.post(f"{PATH}/test", content="[1]").status_code == 400


def test_the_log_is_read_page_by_page(on: Scene) -> None:
    put(on, workflow(trigger(), node("i", "interrupt"), ways=("t>i",)))
    on.host.post(*({"id": f"p{n}", "customer": "pat", "action": "point_add"} for n in range(120)))

    first = on.host.client.get(f"{PATH}/runs").json()
    second = on.host.client.get(f"{PATH}/runs", params={"cursor": first["next"]}).json()

    assert [run["event"] for run in first["runs"] + second["runs"]] == [
        f"p{n}" for n in range(119, 19, -1)
    ]
    assert runs(on, customer="nobody") == []
    assert len(runs(on, customer="pat")) == 50
    assert on.host.client.get(f"{PATH}/runs", params={"cursor": "x"}).status_code == 400
    assert on.host.client.get(f"{PATH}/runs", params={"result": "x"}).status_code == 400
    told = on.host.client.get(PATH).json()
    assert (told["runs_24h"], told["errors_24h"]) == (120, 0)


def test_a_running_host_takes_up_a_workflow_that_a_command_saved(on: Scene) -> None:
    on.host.configure(as_file(workflow(trigger(), communication(payload={}))))

    def arrived() -> bool:
        on.host.post({"customer": "kim", "action": "point_add"})
        return bool(runs(on))

    assert eventually(arrived)


def test_a_workflow_whose_connection_is_gone_fails_alone_and_is_told(on: Scene) -> None:
    on.host.configure(configuration(on.destination.url, events=(), connection="second"))
    on.host.configure(as_file(workflow(trigger("checkout"), communication(connection="second"))))
    on.host.client.delete("/api/connections/second")

    on.host.post({"id": "x1", "customer": "lee", "action": "checkout", "data": {"points": 1}})
    on.host.settle()
    doctor = on.host.call("doctor")

    assert [event["name"] for event in sent(on.destination, "lee")] == ["checkout"]
    (run,) = runs(on, result="error")
    assert run["steps"][1]["node"] == "m"
    assert doctor.returncode == 1
    assert (
        f"PROBLEM  Workflow {POINTS} (active): node m: there is no connection “second”"
        in doctor.stdout
    )
