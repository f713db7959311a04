"""Destinations that refuse, lie, hang, limit or lead elsewhere: shown failing, then well again."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
import trustme

from tests.faults import answer, scripted
from tests.harness import HostProcess, Scene, StandInServer, configuration, eventually, scene
from tests.loads import Event, arrived_by_customer

QUICK = "resend_waits = [0.1, 0.2, 0.2, 0.5, 0.5]\ntimeout = 1.5"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A running, connected host that resends quickly; each test brings new customers."""
    with scene(tmp_path_factory.mktemp("shared"), delivery=QUICK) as running:
        yield running


def new_events(count: int = 1) -> list[Event]:
    """Events of as many new customers."""
    run = uuid4().hex[:8]
    return [
        {"id": f"{run}-{n:03d}", "customer": f"{run}-c{n:03d}", "action": "point_add"}
        for n in range(count)
    ]


def connection(host: HostProcess, id_: str = "mparticle") -> dict[str, Any]:
    told: dict[str, Any] = host.client.get(f"/api/connections/{id_}").json()
    return told


def message_of(host: HostProcess, event: Event) -> dict[str, Any]:
    found = host.messages(customer=event["customer"])
    assert len(found) == 1
    detail: dict[str, Any] = host.client.get(f"/api/messages/{found[0]['id']}").json()
    return detail


def call(host: HostProcess, what: str, id_: str = "mparticle") -> None:
    """POST one of a connection's actions; it must succeed."""
    told = host.client.post(f"/api/connections/{id_}/{what}")
    assert told.status_code == 200, told.text


STOPS: dict[str, tuple[dict[str, Any], str, str]] = {
    "401": ({"status": 401}, "credentials", "HTTP 401"),
    "403": ({"status": 403}, "credentials", "HTTP 403"),
    "404 as a web page": ({"status": 404}, "address", "HTTP 404"),
    "redirect": ({"redirect": "http://127.0.0.1:9/"}, "redirect", "not followed"),
}


@pytest.mark.parametrize(("told", "code", "words"), STOPS.values(), ids=STOPS)
def test_what_only_a_person_can_mend_is_said_once_counts_nothing_and_goes_on_when_mended(
    shared: Scene, told: dict[str, Any], code: str, words: str
) -> None:
    host, destination = shared.host, shared.destination
    first, second = new_events(2)
    destination.misbehave(**told)

    host.post(first)
    eventually(lambda: connection(host)["state"] == "needs attention")
    stopped = connection(host)
    requests = destination.stand_in.counters["requests"]
    host.post(second)
    waiting = [message_of(host, event) for event in (first, second)]
    refused = host.client.post("/api/connections/mparticle/test")
    still = connection(host)
    destination.misbehave()
    call(host, "test")

    assert stopped["reason"]["code"] == code
    assert words in stopped["reason"]["text"]
    assert [(one["state"], one["attempts"]) for one in waiting] == [("waiting", 0)] * 2
    assert [line["outcome"] for line in waiting[0]["history"]] == ["stop"]
    assert waiting[1]["history"] == []
    assert refused.status_code == 422
    assert (still["state"], still["reason"]) == (stopped["state"], stopped["reason"])
    eventually(lambda: message_of(host, second)["state"] == "delivered")
    assert message_of(host, first)["attempts"] == 1
    assert destination.stand_in.counters["requests"] <= requests + 4  # two tries, two deliveries


def test_a_connection_that_was_stopped_goes_on_after_the_same_file_is_applied_again(
    shared: Scene,
) -> None:
    host, destination = shared.host, shared.destination
    (event,) = new_events()
    destination.misbehave(status=403)
    host.post(event)
    eventually(lambda: connection(host)["state"] == "needs attention")

    file = configuration(destination.url, events=("point_add", "opt_out"), delivery=QUICK)
    refused = host.run("apply", "-", stdin=file)
    destination.misbehave()
    host.configure(file)

    assert refused.returncode == 1
    eventually(lambda: message_of(host, event)["state"] == "delivered")


def test_a_late_refusal_of_yesterdays_credentials_does_not_stop_the_mended_connection(
    shared: Scene,
) -> None:
    host, destination = shared.host, shared.destination
    (event,) = new_events()
    before = destination.stand_in.counters["unwell"]
    destination.misbehave(status=401, times=1, latency_ms=1000)

    host.post(event)
    eventually(lambda: destination.stand_in.counters["unwell"] > before)
    destination.misbehave()
    settings = {"settings": {"development": not connection(host)["settings"]["development"]}}
    saved = host.client.put("/api/connections/mparticle", json=settings)
    assert saved.status_code == 200, saved.text
    eventually(lambda: message_of(host, event)["history"])  # the late 401 has come

    eventually(lambda: message_of(host, event)["state"] == "delivered")
    assert connection(host)["state"] == "connected"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"slow": 3.0, "times": 1}, "timeout"),
        ({"cut_off": True, "times": 1}, "connection_lost"),
        ({"status": 500, "times": 1}, "destination_error"),
        ({"status": 408, "times": 1}, "timeout"),
    ],
    ids=["hangs", "cuts off", "500", "408"],
)
def test_what_passes_by_itself_is_sent_again_under_the_same_id(
    shared: Scene, told: dict[str, Any], code: str
) -> None:
    host, destination = shared.host, shared.destination
    (event,) = new_events()
    destination.misbehave(**told)

    host.post(event)
    eventually(lambda: message_of(host, event)["state"] == "delivered")
    message = message_of(host, event)

    assert (message["attempts"], message["resends"]) == (2, 1)
    assert [line["outcome"] for line in message["history"]] == ["retry", "delivered"]
    assert message["history"][0]["reason"]["code"] == code
    assert len(destination.stand_in.requests[message["dedupe_id"]]) == 2
    assert arrived_by_customer(destination)[event["customer"]] == [event["id"]]


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [(1, 0.95, 5.0), (None, 0.95, 5.0), ("soon", 0.95, 5.0), (-3, 0.95, 5.0)],
)
def test_a_429_pauses_the_whole_connection(
    shared: Scene, retry_after: Any, least: float, most: float
) -> None:
    host, destination = shared.host, shared.destination
    first, second = new_events(2)
    before = destination.stand_in.counters["unwell"]
    destination.misbehave(status=429, retry_after=retry_after, times=1)

    host.post(first)
    eventually(lambda: destination.stand_in.counters["unwell"] > before)
    limited = time.time()
    host.post(second)
    eventually(lambda: message_of(host, second)["state"] == "delivered")

    (arrival,) = [one for one in destination.arrivals if one["customer"] == second["customer"]]
    waited = datetime.fromisoformat(arrival["received_at"]).timestamp() - limited
    assert least - 0.3 <= waited <= most
    eventually(lambda: message_of(host, first)["state"] == "delivered")
    assert message_of(host, first)["history"][0]["reason"]["code"] == "rate_limited"


@pytest.mark.parametrize("answered", ["located", "unlocated", "whole"])
def test_one_refused_message_among_a_hundred_costs_its_neighbours_nothing(
    shared: Scene, answered: str
) -> None:
    host, destination = shared.host, shared.destination
    events = new_events(100)
    bad = events[42]
    destination.misbehave(poison={"customer": bad["customer"], "answer": answered})
    call(host, "pause")
    host.post(*events)
    before = destination.stand_in.counters

    call(host, "resume")
    host.settle()
    after = destination.stand_in.counters
    destination.misbehave()

    arrived = arrived_by_customer(destination)
    assert all(arrived[event["customer"]] == [event["id"]] for event in events if event is not bad)
    assert bad["customer"] not in arrived
    message = message_of(host, bad)
    assert (message["state"], message["attempts"]) == ("undelivered", 1)
    assert message["reason"]["code"] == "rejected"
    assert "This batch is not wanted here." in message["reason"]["text"]
    halving = 2 * 7 + 1  # a hundred halved until one is left
    assert after["requests"] - before["requests"] <= (1 if answered == "located" else halving)
    neighbour = message_of(host, events[43])
    assert (neighbour["state"], neighbour["attempts"]) == ("delivered", 1)


def test_who_opts_out_while_a_refused_request_is_taken_apart_is_not_sent_again(
    shared: Scene,
) -> None:
    host, destination = shared.host, shared.destination
    events = new_events(8)
    bad, leaver, stayer = events[0], events[5], events[6]
    call(host, "pause")
    host.post(*events)
    before = destination.stand_in.counters["requests"]
    poison = {"customer": bad["customer"], "answer": "whole"}
    destination.misbehave(poison=poison, latency_ms=1200)

    call(host, "resume")
    eventually(lambda: destination.stand_in.counters["requests"] > before)
    host.post({"customer": leaver["customer"], "action": "opt_out"})
    destination.misbehave(poison=poison)
    host.settle()
    destination.misbehave()

    arrived = arrived_by_customer(destination)
    told = host.messages(customer=leaver["customer"])
    assert leaver["id"] not in arrived[leaver["customer"]]
    assert {(one["action"], one["state"]) for one in told} == {
        ("point_add", "withheld"),
        ("opt_out", "delivered"),
    }
    assert arrived[stayer["customer"]] == [stayer["id"]]
    assert message_of(host, bad)["state"] == "undelivered"


def test_a_replay_of_a_refused_message_arrives_when_it_is_wanted(shared: Scene) -> None:
    host, destination = shared.host, shared.destination
    bad, *_ = new_events()
    destination.misbehave(poison={"customer": bad["customer"]})
    host.post(bad)
    eventually(lambda: message_of(host, bad)["state"] == "undelivered")

    destination.misbehave()
    told = host.client.post("/api/messages/replay", json={"customer": bad["customer"]}).json()

    assert (told["matched"], told["changed"]) == (1, 1)
    eventually(lambda: message_of(host, bad)["state"] == "delivered")
    assert arrived_by_customer(destination)[bad["customer"]] == [bad["id"]]


PAGE = b"<!doctype html><title>Welcome</title>"


@pytest.mark.parametrize(
    ("lie", "note"),
    [
        (answer(202, b"\xff\x00 rubbish"), "could not be read"),
        (answer(202, b'{"errors": 7}'), "could not be read"),
        (answer(200, PAGE, "content-type: text/html"), "unusual status HTTP 200"),
        (answer(204), "unusual status HTTP 204"),
    ],
    ids=["rubbish", "odd errors", "web page", "204"],
)
def test_an_acceptance_that_cannot_be_read_is_delivered_with_a_note(
    shared: Scene, lie: bytes, note: str
) -> None:
    host, destination = shared.host, shared.destination
    (event,) = new_events()
    with scripted(lie) as liar:
        host.configure(configuration(liar.url, connection="liar", delivery=QUICK), "--untested")

        host.post(event)
        eventually(lambda: host.messages(connection="liar", customer=event["customer"]))
        eventually(lambda: host.settle("liar"))
        found = host.messages(connection="liar", customer=event["customer"])

    assert found[0]["state"] == "delivered"
    assert note in " ".join(found[0]["notes"])
    assert host.client.delete("/api/connections/liar").status_code == 200
    eventually(lambda: event["customer"] in arrived_by_customer(destination))


def test_a_bad_certificate_needs_attention_until_the_address_is_mended(shared: Scene) -> None:
    host, destination = shared.host, shared.destination
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    (event,) = new_events()
    with scripted(answer(202), tls=context) as server:
        url = f"https://localhost:{server.port}"
        refused = host.run("apply", "-", stdin=configuration(url, connection="other"))
        host.configure(configuration(url, connection="other", delivery=QUICK), "--untested")
        host.post(event)
        eventually(lambda: connection(host, "other")["state"] == "needs attention")

    told = connection(host, "other")
    assert refused.returncode == 1 and "certificate" in refused.stderr
    assert told["reason"]["code"] == "tls"
    assert server.requests == []
    assert host.ledger("other") == {
        **dict.fromkeys(host.ledger("other"), 0),
        "made": 1,
        "waiting": 1,
    }

    host.configure(configuration(destination.url, connection="other", delivery=QUICK))
    assert host.settle("other")["delivered"] == 1
    assert host.client.delete("/api/connections/other").status_code == 200


def test_a_dead_destination_slows_no_other_connection(
    host: HostProcess, destination: StandInServer
) -> None:
    with scripted(None) as dead:
        host.configure(
            configuration(destination.url)
            + configuration(dead.url, connection="dead", delivery="timeout = 10"),
            "--untested",
        )
        host.start()
        events = new_events(300)

        begun = time.monotonic()
        host.post(*events)
        books = host.settle("mparticle", patience=10)
        took = time.monotonic() - begun

        assert books["delivered"] == 300
        assert took < 8
        assert host.ledger("dead")["delivered"] == 0
        assert host.ledger("dead")["sending"] > 0
        assert connection(host, "dead")["state"] == "connected"
