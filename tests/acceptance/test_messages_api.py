"""Messages over HTTP: how they look, how they are found, what can be done to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import httpx
import pytest

from tests.harness import HostProcess, Scene, eventually, scene

KEYS: Final = {
    "id",
    "connection",
    "module",
    "kind",
    "customer",
    "event",
    "action",
    "state",
    "reason",
    "attempts",
    "resends",
    "next_attempt_at",
    "dedupe_id",
    "environment",
    "notes",
    "made_at",
    "settled_at",
}
BOOKS: Final = {
    "made",
    "waiting",
    "sending",
    "retrying",
    "delivered",
    "undelivered",
    "withheld",
    "discarded",
}
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A host whose resends wait for long, unless somebody asks."""
    folder = tmp_path_factory.mktemp("slow")
    with scene(folder, delivery="resend_waits = [600, 600]\ncircuit_after = 0") as running:
        yield running


def event(customer: str, id_: str, **more: Any) -> dict[str, Any]:
    """An event that is taken and delivered."""
    return {"id": id_, "customer": customer, "action": "point_add", **more}


def detail(host: HostProcess, id_: str) -> dict[str, Any]:
    """A message with payload and history."""
    answer = host.client.get(f"/api/messages/{id_}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def change(host: HostProcess, action: str, **order: Any) -> tuple[int, int, int]:
    """Resend, discard or replay: how many matched, were changed, were skipped."""
    answer = host.client.post(f"/api/messages/{action}", json=order)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) >= {"matched", "changed", "skipped"}
    return told["matched"], told["changed"], told["skipped"]


def state(host: HostProcess, customer: str) -> str:
    """The state of a customer's newest message."""
    found: str = host.messages(customer=customer)[0]["state"]
    return found


def was_tried(host: HostProcess, customer: str, times: int) -> bool:
    """Whether a customer's newest message was tried so many times."""
    return bool(host.messages(customer=customer)[0]["attempts"] == times)


def in_state(host: HostProcess, customer: str, wanted: str) -> dict[str, Any]:
    """A customer's newest message, as soon as it is in that state."""
    eventually(lambda: state(host, customer) == wanted)
    return host.messages(customer=customer)[0]


def test_a_delivered_message_tells_what_it_is_and_what_was_sent(shared: Scene) -> None:
    shared.host.post(event("look", "look-1", data={"points": 10.0}))
    shared.host.settle()

    (listed,) = shared.host.messages(customer="look")
    shown = detail(shared.host, listed["id"])

    assert set(listed) == KEYS
    assert set(shown) == KEYS | {"payload", "history"}
    assert {name: shown[name] for name in KEYS} == listed
    expected: dict[str, object] = {
        "connection": "mparticle",
        "module": "mparticle",
        "kind": "event",
        "customer": "look",
        "event": "look-1",
        "action": "point_add",
        "state": "delivered",
        "reason": None,
        "attempts": 1,
        "resends": 0,
        "next_attempt_at": None,
        "environment": "development",
        "notes": [],
    }
    assert {name: listed[name] for name in expected} == expected
    assert TIME.fullmatch(listed["made_at"]) and TIME.fullmatch(listed["settled_at"])
    assert listed["dedupe_id"] == shared.destination.batches("look")[0]["source_request_id"]
    (line,) = shown["history"]
    assert set(line) == {"at", "duration_ms", "status", "outcome", "reason"}
    assert (line["status"], line["outcome"], line["reason"]) == (202, "delivered", None)
    assert shown["payload"]["event"]["data"]["custom_attributes"] == {"antavo_points": 10.0}
    assert shared.host.client.get("/api/messages/nothing").status_code == 404


def test_a_retrying_message_tells_why_and_when_and_each_resend_is_counted(slow: Scene) -> None:
    slow.destination.misbehave(status=503)
    slow.host.post(event("retry", "retry-1"))

    first = in_state(slow.host, "retry", "retrying")
    wait = datetime.fromisoformat(first["next_attempt_at"]) - datetime.now(UTC)
    resent = change(slow.host, "resend", ids=[first["id"]])
    second = eventually(
        lambda: next((m for m in slow.host.messages(customer="retry") if m["attempts"] == 2), None)
    )
    slow.destination.misbehave()
    again = change(slow.host, "resend", customer="retry")

    assert (first["attempts"], first["resends"]) == (1, 0)
    assert first["reason"]["code"] and first["reason"]["text"]
    assert timedelta(seconds=470) < wait < timedelta(seconds=730)
    assert resent == again == (1, 1, 0)
    assert (second["state"], second["resends"]) == ("retrying", 1)
    last = in_state(slow.host, "retry", "delivered")
    assert (last["attempts"], last["resends"]) == (3, 2)
    assert last["dedupe_id"] == first["dedupe_id"]
    history = detail(slow.host, last["id"])["history"]
    assert [(line["status"], line["outcome"]) for line in history] == [
        (503, "retry"),
        (503, "retry"),
        (202, "delivered"),
    ]
    assert slow.destination.stand_in.requests[last["dedupe_id"]] == ["503", "503", "202"]


def test_a_message_out_of_resends_is_kept_and_replayed_from_the_beginning(slow: Scene) -> None:
    slow.destination.misbehave(status=500)
    slow.host.post(event("over", "over-1"))
    for attempts in (1, 2):
        eventually(partial(was_tried, slow.host, "over", attempts))
        change(slow.host, "resend", customer="over")

    ended = in_state(slow.host, "over", "undelivered")
    slow.destination.misbehave()
    replayed = change(slow.host, "replay", customer="over")

    assert (ended["attempts"], ended["resends"]) == (3, 2)
    assert ended["reason"]["code"] == "out_of_attempts"
    assert TIME.fullmatch(ended["settled_at"])
    assert replayed == (1, 1, 0)
    last = in_state(slow.host, "over", "delivered")
    assert (last["attempts"], last["dedupe_id"]) == (1, ended["dedupe_id"])
    assert len(slow.destination.batches("over")) == 1


def test_a_refused_message_is_undelivered_at_once_and_costs_its_neighbours_nothing(
    slow: Scene,
) -> None:
    slow.destination.misbehave(poison={"customer": "poison"})
    slow.host.post(event("well", "well-1"), event("poison", "poison-1"), event("well", "well-2"))

    refused = in_state(slow.host, "poison", "undelivered")
    in_state(slow.host, "well", "delivered")
    slow.destination.misbehave()

    assert (refused["attempts"], refused["resends"]) == (1, 0)
    assert "not wanted here" in refused["reason"]["text"]
    assert [id_ for who, id_ in slow.destination.effects() if who == "well"] == [
        "well-1",
        "well-2",
    ]
    assert change(slow.host, "discard", ids=[refused["id"]]) == (1, 1, 0)
    assert state(slow.host, "poison") == "discarded"
    assert change(slow.host, "replay", ids=[refused["id"]]) == (1, 1, 0)
    in_state(slow.host, "poison", "delivered")


def test_a_blocked_lane_shows_its_head_and_goes_on_when_that_is_set_aside(slow: Scene) -> None:
    slow.destination.misbehave(status=500)
    slow.host.post(event("lane", "lane-1"))
    in_state(slow.host, "lane", "retrying")
    slow.destination.misbehave()
    slow.host.post(event("lane", "lane-2"), event("free", "free-1"))
    in_state(slow.host, "free", "delivered")

    waiting, head = slow.host.messages(customer="lane")
    aside = change(slow.host, "discard", ids=[head["id"]])

    assert (waiting["event"], waiting["state"]) == ("lane-2", "waiting")
    assert (head["event"], head["state"]) == ("lane-1", "retrying")
    assert head["next_attempt_at"] and head["reason"]
    assert waiting["next_attempt_at"] == head["next_attempt_at"]
    assert aside == (1, 1, 0)
    in_state(slow.host, "lane", "delivered")
    assert change(slow.host, "replay", ids=[head["id"]]) == (1, 1, 0)
    eventually(lambda: len(slow.destination.batches("lane")) == 2)
    assert [id_ for who, id_ in slow.destination.effects() if who == "lane"] == [
        "lane-2",
        "lane-1",
    ]


def test_what_is_being_sent_is_skipped_and_counted(slow: Scene) -> None:
    slow.destination.misbehave(latency_ms=1500)
    slow.host.post(event("busy", "busy-1"), event("busy", "busy-2"))

    sending = eventually(lambda: slow.host.messages(customer="busy", state="sending"))
    dry = change(slow.host, "discard", customer="busy", dry_run=True)
    discarded = change(slow.host, "discard", customer="busy")
    slow.destination.misbehave()

    assert [message["event"] for message in sending] == ["busy-1"]
    assert dry == (2, 0, 0)
    assert discarded == (2, 1, 1)
    eventually(lambda: slow.destination.batches("busy"))
    slow.host.settle()
    assert [(m["event"], m["state"]) for m in slow.host.messages(customer="busy")] == [
        ("busy-2", "discarded"),
        ("busy-1", "delivered"),
    ]


def test_a_delivered_message_is_replayed_by_name_alone(slow: Scene) -> None:
    slow.host.post(event("done", "done-1"))
    first = in_state(slow.host, "done", "delivered")

    unasked = change(slow.host, "replay", customer="done")
    by_state = change(slow.host, "replay", customer="done", state="delivered")

    assert unasked == (0, 0, 0)
    assert by_state == (1, 1, 0)
    last = in_state(slow.host, "done", "delivered")
    assert last["dedupe_id"] == first["dedupe_id"]
    assert len(slow.destination.batches("done")) == 1
    assert slow.destination.stand_in.requests[first["dedupe_id"]] == ["202", "duplicate"]
    assert [line["outcome"] for line in detail(slow.host, first["id"])["history"]] == [
        "delivered",
        "delivered",
    ]


def test_a_replay_after_a_newer_profile_goes_without_its_old_one(slow: Scene) -> None:
    slow.destination.misbehave(poison={"source_message_id": "stale-1"})
    slow.host.client.put("/api/customers/stale", json={"tier": "bronze"})
    slow.host.post(event("stale", "stale-1"))
    old = in_state(slow.host, "stale", "undelivered")
    slow.host.client.put("/api/customers/stale", json={"tier": "gold"})
    in_state(slow.host, "stale", "delivered")
    slow.destination.misbehave()

    replayed = change(slow.host, "replay", ids=[old["id"]])

    assert replayed == (1, 1, 0)
    eventually(lambda: len(slow.destination.batches("stale")) == 3)
    last = slow.destination.batches("stale")[-1]
    assert last["source_request_id"] == old["dedupe_id"] + ".2"
    assert "user_attributes" not in last
    assert last["user_identities"] == {"customer_id": "stale"}


def test_messages_are_found_by_every_filter_and_page_by_page(slow: Scene) -> None:
    slow.host.client.post("/api/connections/mparticle/pause")
    since = datetime.now(UTC).isoformat()
    slow.host.post(*(event(f"page-{number % 2}", f"page-{number:02}") for number in range(12)))

    pages: list[list[str]] = []
    query = {"since": since, "limit": "5"}
    while True:
        answer = slow.host.client.get("/api/messages", params=query).json()
        assert set(answer) == {"messages", "next"}
        pages.append([message["event"] for message in answer["messages"]])
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]

    assert [len(page) for page in pages] == [5, 5, 2]
    listed = [event_id for page in pages for event_id in page]
    assert listed == [f"page-{number:02}" for number in reversed(range(12))]
    counts = {
        "customer": len(slow.host.messages(since=since, customer="page-1")),
        "state": len(slow.host.messages(since=since, state="waiting")),
        "other state": len(slow.host.messages(since=since, state="delivered")),
        "connection": len(slow.host.messages(since=since, connection="mparticle")),
        "other connection": len(slow.host.messages(since=since, connection="other")),
    }
    assert counts == {
        "customer": 6,
        "state": 12,
        "other state": 0,
        "connection": 12,
        "other connection": 0,
    }
    limited = change(slow.host, "discard", customer="page-1", limit=4)
    assert limited == (4, 4, 0)
    assert len(slow.host.messages(since=since, reason="discarded")) == 4
    assert change(slow.host, "replay", since=since, reason="discarded") == (4, 4, 0)
    slow.host.client.post("/api/connections/mparticle/resume")
    eventually(lambda: len(slow.host.messages(since=since, state="delivered")) == 12)


def test_hundreds_of_messages_are_named_in_one_call(slow: Scene) -> None:
    slow.host.client.post("/api/connections/mparticle/pause")
    since = datetime.now(UTC).isoformat()
    slow.host.post(*(event("named", f"named-{number}") for number in range(250)))
    ids = [message["id"] for message in slow.host.messages(since=since)]

    discarded = change(slow.host, "discard", ids=[*ids, ids[0], "nothing"])
    slow.host.client.post("/api/connections/mparticle/resume")

    assert discarded == (250, 250, 0)


def test_a_disabled_module_makes_no_message_and_an_enabled_one_does_again(slow: Scene) -> None:
    client = slow.host.client
    made = slow.host.ledger()["made"]
    disabled = client.post("/api/modules/mparticle/disable").json()

    told = slow.host.post(event("off", "off-1"))
    enabled = client.post("/api/modules/mparticle/enable").json()
    slow.host.post(event("off", "off-2"))

    assert (disabled["state"], disabled["enabled"]) == ("disabled", False)
    assert (enabled["state"], enabled["enabled"]) == ("ready", True)
    assert told["taken"] == 1
    eventually(lambda: slow.destination.batches("off"))
    assert slow.host.ledger()["made"] == made + 1
    assert [message["event"] for message in slow.host.messages(customer="off")] == ["off-2"]
    assert client.post("/api/modules/nothing/enable").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/messages?state=lost", None),
        ("GET", "/api/messages?since=yesterday", None),
        ("GET", "/api/messages?limit=0", None),
        ("GET", "/api/messages?limit=many", None),
        ("POST", "/api/messages/resend", "no json"),
        ("POST", "/api/messages/resend", '{"states": "waiting"}'),
        ("POST", "/api/messages/discard", '{"ids": "one"}'),
        ("POST", "/api/messages/replay", '{"state": "lost"}'),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_400(
    shared: Scene, method: str, path: str, body: str | None
) -> None:
    answer = shared.host.client.request(method, path, content=body)

    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message", "details"}


def test_the_ledger_balances_and_the_figures_say_the_same(slow: Scene) -> None:
    slow.host.post(*(event(f"books-{number}", f"books-{number}") for number in range(5)))

    books = slow.host.settle()
    figures = slow.host.client.get("/metrics").text

    assert set(books) == BOOKS
    for name, count in books.items():
        assert (
            f'loyalty_host_messages{{connection="mparticle",state="{name}"}} {count}.0' in figures
        )
    assert "books-" not in figures


def test_the_stream_shows_deliveries_as_they_happen(slow: Scene) -> None:
    seen: list[dict[str, Any]] = []
    with slow.host.client.stream("GET", "/api/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines).startswith(":")  # it listens from here on
        slow.destination.misbehave(status=500, times=1)
        slow.host.post(event("stream", "stream-1"))
        for line in lines:
            if line.startswith("data:"):
                seen.append(json.loads(line.removeprefix("data:")))
                change(slow.host, "resend", customer="stream")
            if len(seen) == 2:
                break

    assert [(one["customer"], one["state"], one["attempts"]) for one in seen] == [
        ("stream", "retrying", 1),
        ("stream", "delivered", 2),
    ]
    assert all(set(one) == KEYS for one in seen)


def test_a_host_lives_and_is_ready_without_a_token(shared: Scene) -> None:
    url = shared.host.environment["LOYALTY_HOST_URL"]

    answers = {path: httpx.get(url + path) for path in ("/healthz", "/readyz", "/metrics")}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        answers, 200
    )
    assert answers["/metrics"].headers["content-type"].startswith("text/plain")
    unknown = shared.host.client.get("/api/nothing")
    wrong = shared.host.client.delete("/api/ledger")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
