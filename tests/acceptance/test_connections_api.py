"""Connections over HTTP: saved when tried, secrets kept to themselves, nobody overwritten."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest

from tests.harness import HostProcess, Scene, StandInServer, eventually

KEYS: Final = {
    "id",
    "module",
    "enabled",
    "paused",
    "settings",
    "identities",
    "fields",
    "events",
    "delivery",
    "state",
    "reason",
    "version",
}
SECRET: Final = "demo-secret"
PATH: Final = "/api/connections/mparticle"


def read(host: HostProcess, path: str = PATH) -> dict[str, Any]:
    """A connection as it is told."""
    answer = host.client.get(path)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def put(on: Scene, path: str = PATH, version: object = None, **part: Any) -> httpx.Response:
    """Save a part of a connection."""
    headers = {} if version is None else {"If-Match": str(version)}
    return on.host.client.put(path, json=part, headers=headers)


def settings(destination: StandInServer, **more: Any) -> dict[str, Any]:
    """Settings that the stand-in lets in."""
    good = {"api_url": f"{destination.url}/v2", "api_key": "demo-key", "api_secret": SECRET}
    return {**good, "development": True, **more}


def event(customer: str, id_: str) -> dict[str, Any]:
    """An event that is taken and delivered."""
    return {"id": id_, "customer": customer, "action": "point_add"}


def test_a_connection_tells_everything_but_its_secret(shared: Scene) -> None:
    told = read(shared.host)

    assert set(told) >= KEYS
    assert (told["id"], told["module"], told["state"]) == ("mparticle", "mparticle", "connected")
    assert told["reason"] is None
    assert told["settings"]["api_secret"] == {"set": True}
    assert told["identities"]["customer_id"] == "id"
    assert {row["loyalty"] for row in told["events"]} >= {"point_add", "opt_out"}
    assert set(told["delivery"]) == {"resend_waits", "timeout", "concurrency", "circuit_after"}
    listed = shared.host.client.get("/api/connections").json()
    assert [one for one in listed if one["id"] == "mparticle"] == [told]
    assert read(shared.host, f"{PATH}/fields")["fields"] == told["fields"]
    assert read(shared.host, f"{PATH}/events")["events"] == told["events"]
    assert shared.host.client.get("/api/connections/nothing").status_code == 404


def test_what_was_read_can_be_given_back_and_changes_nothing(shared: Scene) -> None:
    before = read(shared.host)

    answer = put(shared, **before)

    assert answer.status_code == 200, answer.text
    assert read(shared.host) == before
    shared.host.post(event("back", "back-1"))
    shared.host.settle()
    assert len(shared.destination.batches("back")) == 1


def test_who_read_an_older_version_overwrites_nothing(shared: Scene) -> None:
    before = read(shared.host)
    version = before["version"]

    saved = put(shared, version=version, delivery={"timeout": 9})
    stale = put(shared, version=version, delivery={"timeout": 8})
    stale_rows = put(shared, f"{PATH}/events", version=version, events=[])
    now = put(shared, version=f'"{saved.json()["version"]}"', delivery={"timeout": 10})

    assert (saved.status_code, saved.json()["delivery"]["timeout"]) == (200, 9)
    assert saved.json()["version"] > version
    for refused in (stale, stale_rows):
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "version_conflict")
    assert now.status_code == 200
    assert read(shared.host)["events"] == before["events"]
    assert put(shared, version="newest", delivery={}).status_code == 400


def test_wrong_settings_are_told_by_field_and_nothing_is_saved(shared: Scene) -> None:
    before = read(shared.host)
    bad = {
        "secret": put(shared, settings={"api_secret": "wrong"}),
        "kind": put(shared, settings={"development": "perhaps"}),
        "unknown": put(shared, settings={"colour": "blue"}),
        "field": put(shared, fields=[{"loyalty": "email", "remote": "$unknown"}]),
        "type": put(shared, events=[{"loyalty": "a", "external": "a", "type": "odd"}]),
        "delivery": put(shared, delivery={"resend_waits": [1] * 6}),
        "key": put(shared, colour="blue"),
        "environment": put(shared, settings={"api_secret": {"env": "HOME"}}),
    }

    for name, answer in bad.items():
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "invalid_configuration"), name
        assert error["details"], name
        assert all(fault["path"].startswith("connections.mparticle") for fault in error["details"])
    told = bad["secret"].json()["error"]["details"]
    assert any("settings.api_" in fault["path"] for fault in told)
    assert not [name for name, answer in bad.items() if "wrong" in answer.text.split("message")[0]]
    assert read(shared.host) == before
    assert shared.host.client.put(PATH, content="{").status_code == 400


def test_a_try_saves_nothing_and_says_what_the_far_side_is_called(shared: Scene) -> None:
    client = shared.host.client
    before = read(shared.host)

    good = client.post(f"{PATH}/test")
    bad = client.post(f"{PATH}/test", json={"settings": {"api_key": "wrong"}})
    lost = client.post(f"{PATH}/test", json={"settings": {"api_url": "http://127.0.0.1:9/v2"}})

    assert (good.status_code, good.json()["result"]) == (200, "connected")
    assert good.json()["title"]
    assert bad.status_code == 422
    assert lost.status_code in (422, 502)
    assert read(shared.host) == before
    assert [one for one in shared.destination.arrivals if one["customer"] is None] == []


def test_a_second_connection_of_a_module_stands_alone_until_it_is_deleted(shared: Scene) -> None:
    client = shared.host.client
    rows = [{"loyalty": "point_add", "external": "Points", "type": "other"}]
    path = "/api/connections/second"

    made = put(
        shared,
        path,
        module="mparticle",
        settings=settings(shared.destination, development=False),
        events=rows,
    )
    eventually(lambda: read(shared.host, path)["state"] == "connected")
    shared.host.post(event("two", "two-1"))
    shared.host.settle("second")
    shared.host.settle()
    client.post(f"{path}/pause")
    shared.host.post(event("two", "two-2"))
    shared.host.settle()
    waiting = shared.host.ledger("second")["waiting"]
    deleted = client.delete(path)

    assert made.status_code == 200, made.text
    arrived = [
        (one["event"], one["environment"])
        for one in shared.destination.arrivals
        if one["customer"] == "two"
    ]
    assert sorted(arrived) == [
        ("Points", "production"),
        ("point_add", "development"),
        ("point_add", "development"),
    ]
    assert waiting == 1
    assert (deleted.status_code, client.get(path).status_code) == (200, 404)
    assert client.delete(path).status_code == 404
    states = {
        (m["connection"], m["event"]): (m["state"], (m["reason"] or {}).get("code"))
        for m in shared.host.messages(customer="two")
    }
    assert states["second", "two-1"] == ("delivered", None)
    assert states["second", "two-2"] == ("withheld", "connection_deleted")


def test_a_paused_connection_keeps_what_comes_and_sends_it_in_order(shared: Scene) -> None:
    client = shared.host.client
    paused = client.post(f"{PATH}/pause").json()
    shared.host.post(*(event("pause", f"pause-{number}") for number in range(5)))
    held = shared.host.messages(customer="pause", state="waiting")

    resumed = client.post(f"{PATH}/resume").json()

    assert (paused["state"], paused["paused"]) == ("paused", True)
    assert (resumed["state"], resumed["paused"]) == ("connected", False)
    assert len(held) == 5
    shared.host.settle()
    sent = [id_ for who, id_ in shared.destination.effects() if who == "pause"]
    assert sent == [f"pause-{number}" for number in range(5)]


def test_refused_credentials_need_a_person_and_cost_no_attempt(shared: Scene) -> None:
    client = shared.host.client
    shared.destination.misbehave(status=401)
    shared.host.post(event("stop", "stop-1"))
    eventually(lambda: read(shared.host)["state"] == "needs attention")
    stopped = read(shared.host)
    (waiting,) = shared.host.messages(customer="stop")
    still = client.post(f"{PATH}/test")
    shared.destination.misbehave()

    mended = client.post(f"{PATH}/test")

    assert set(stopped["reason"]) == {"code", "text"}
    assert (waiting["state"], waiting["attempts"]) == ("waiting", 0)
    assert (still.status_code, mended.status_code) == (422, 200)
    shared.host.settle()
    assert read(shared.host)["state"] == "connected"
    assert len(shared.destination.batches("stop")) == 1
    assert shared.host.messages(customer="stop")[0]["attempts"] == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/v2",
        "http://user:word@127.0.0.1/v2",
        "http://inbound.mparticle.com/v2",
        "http://127.0.0.1/v2?key=1",
        "http://127.0.0.1/v2#part",
        "nothing",
    ],
)
def test_an_address_that_is_none_is_refused(shared: Scene, url: str) -> None:
    answer = put(shared, settings={"api_url": url})

    assert answer.status_code == 422
    assert "api_url" in str(answer.json()["error"]["details"])


def test_private_destinations_are_refused_unless_the_operator_lets_them(
    host: HostProcess, destination: StandInServer
) -> None:
    host.environment["LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS"] = ""
    host.start()

    answer = host.client.put(PATH, json={"module": "mparticle", "settings": settings(destination)})

    assert answer.status_code == 422
    assert "api_url" in str(answer.json()["error"]["details"])
    assert destination.stand_in.counters["requests"] == 0
    assert SECRET not in answer.text
    assert host.client.get("/api/connections").json() == []


def test_the_description_lists_every_call_that_there_is(shared: Scene) -> None:
    described = shared.host.client.get("/api/openapi.json").json()

    assert described["openapi"].startswith("3.")
    calls = {
        (method.upper(), path) for path, methods in described["paths"].items() for method in methods
    }
    assert len(calls) >= 30
    for method, path in sorted(calls):
        place = path.replace("{id}", "nothing").replace("{name}", "nothing")
        answer = httpx.request(method, shared.host.environment["LOYALTY_HOST_URL"] + place)
        open_ = path.startswith(("/healthz", "/readyz", "/metrics", "/api/openapi"))
        assert answer.status_code == (200 if open_ else 401), (method, path)
