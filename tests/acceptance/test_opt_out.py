"""Opting out: nothing that waits is sent, who it was is forgotten, until they opt in again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.harness import Scene, eventually, scene

PERSON: Final = {
    "first_name": "Nora",
    "last_name": "Berg",
    "email": "nora@example.com",
    "mobile_phone": "+47 400 00 000",
    "external_ids": {"card": "C-9"},
    "tier": "gold",
    "score": 12,
}
"""A profile; the last two fields tell nobody who it is."""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A host whose resends wait for long."""
    folder = tmp_path_factory.mktemp("slow")
    with scene(folder, delivery="resend_waits = [600]\ncircuit_after = 0") as running:
        yield running


def event(customer: str, id_: str, action: str = "point_add", **more: Any) -> dict[str, Any]:
    """An event."""
    return {"id": id_, "customer": customer, "action": action, **more}


def put(on: Scene, id_: str, **fields: Any) -> None:
    """Replace a profile."""
    assert on.host.client.put(f"/api/customers/{id_}", json=fields).status_code == 200


def states(on: Scene, customer: str) -> dict[str, tuple[str, str | None]]:
    """State and reason of a customer's messages by event; a profile counts as `profile`."""
    return {
        message["event"] or "profile": (message["state"], (message["reason"] or {}).get("code"))
        for message in on.host.messages(customer=customer)
    }


def test_what_waits_or_retries_is_withheld_and_the_identity_is_erased(slow: Scene) -> None:
    client = slow.host.client
    slow.destination.misbehave(status=500)
    put(slow, "nora", **PERSON)
    slow.host.post(event("nora", "e-1"), event("nora", "e-2"))
    eventually(lambda: states(slow, "nora")["profile"][0] == "retrying")
    slow.destination.misbehave()

    slow.host.post(
        event("nora", "e-3", data={"email": "nora@example.com"}),
        event("nora", "out-1", "opt_out", data={"reason": "moved", "email": "nora@example.com"}),
        event("nora", "e-4"),
    )

    opted_out = ("withheld", "opted_out")
    slow.host.settle()
    assert states(slow, "nora") == {
        "profile": opted_out,
        "e-1": opted_out,
        "e-2": opted_out,
        "e-3": opted_out,
        "out-1": ("delivered", None),
        "e-4": opted_out,
    }
    (batch,) = slow.destination.batches("nora")
    assert batch["user_identities"] == {"customer_id": "nora"}
    assert batch["events"][0]["data"]["custom_attributes"] == {"antavo_reason": "moved"}
    assert not {"user_attributes", "deleted_user_attributes"} & set(batch)
    stored = client.get("/api/customers/nora")
    assert stored.json()["status"] == "opted_out"
    assert (stored.json()["tier"], stored.json()["score"]) == ("gold", 12)
    for message in slow.host.messages(customer="nora"):
        shown = client.get(f"/api/messages/{message['id']}").text
        assert not [text for text in ("Nora", "Berg", "nora@") if text in shown + stored.text]
    assert not [text for text in ("Nora", "Berg", "400 00", "C-9") if text in stored.text]


def test_nothing_is_sent_until_an_opt_in_lifts_it_for_what_comes_after(slow: Scene) -> None:
    now = datetime.now(UTC)
    slow.host.post(event("lift", "lift-out", "opt_out", timestamp=now.isoformat()))
    put(slow, "lift", first_name="Back", email="back@example.com", status="active")
    slow.host.post(
        event("lift", "lift-e-1"),
        event("lift", "lift-late", "opt_in", timestamp=(now - timedelta(hours=1)).isoformat()),
        event("lift", "lift-e-2"),
    )
    withheld = states(slow, "lift")
    stored = slow.host.client.get("/api/customers/lift").json()

    slow.host.post(
        event("lift", "lift-in", "opt_in", data={"first_name": "Back"}), event("lift", "lift-e-3")
    )

    assert stored.get("status") == "opted_out"
    assert "back@example.com" not in str(stored)
    assert {
        key: state for key, (state, _) in withheld.items() if key not in ("lift-out", "lift-late")
    } == {
        "lift-e-1": "withheld",
        "lift-e-2": "withheld",
    }
    slow.host.settle()
    after = states(slow, "lift")
    assert after["lift-in"] == after["lift-e-3"] == ("delivered", None)
    assert after["lift-e-1"] == after["lift-e-2"] == ("withheld", "opted_out")
    last = slow.destination.batches("lift")[-1]
    assert last["user_attributes"] == {"$firstname": "Back"}


def test_the_status_of_a_profile_opts_out_as_well(slow: Scene) -> None:
    slow.host.client.post("/api/connections/mparticle/pause")
    put(slow, "status", **PERSON)
    slow.host.post(event("status", "status-1"))

    put(slow, "status", **PERSON, status="opted_out")
    slow.host.client.post("/api/connections/mparticle/resume")
    slow.host.post(event("status", "status-2"))

    slow.host.settle()
    assert set(states(slow, "status").values()) == {("withheld", "opted_out")}
    assert slow.destination.batches("status") == []
    stored = slow.host.client.get("/api/customers/status").json()
    assert (stored["status"], stored["email"], stored["tier"]) == ("opted_out", None, "gold")


def test_replay_and_resend_leave_out_who_opted_out(slow: Scene) -> None:
    client = slow.host.client
    slow.destination.misbehave(status=400)
    slow.host.post(event("gone", "gone-1"), event("stays", "stays-1"))
    eventually(lambda: slow.host.ledger()["undelivered"] == 2)
    before = len(slow.destination.arrivals)
    slow.destination.misbehave()
    slow.host.post(event("gone", "gone-out", "opt_out"))
    slow.host.settle()

    replayed = client.post("/api/messages/replay", json={"state": "undelivered"}).json()

    assert (replayed["matched"], replayed["changed"], replayed["skipped"]) == (2, 1, 1)
    slow.host.settle()
    assert states(slow, "gone")["gone-1"][0] == "undelivered"
    assert states(slow, "stays")["stays-1"] == ("delivered", None)
    assert [id_ for _, id_ in slow.destination.effects()[before:]] == ["gone-out", "stays-1"]


def test_what_was_withheld_stays_so_after_an_opt_in(slow: Scene) -> None:
    client = slow.host.client
    slow.host.client.post("/api/connections/mparticle/pause")
    slow.host.post(
        event("was", "was-e-1", data={"secret": "before"}), event("was", "was-out", "opt_out")
    )
    slow.host.post(event("was", "was-e-2"), event("was", "was-in", "opt_in"))
    ids = [m["id"] for m in slow.host.messages(customer="was", state="withheld")]
    slow.host.client.post("/api/connections/mparticle/resume")

    replayed = client.post("/api/messages/replay", json={"ids": ids}).json()

    assert len(ids) == 2
    assert (replayed["matched"], replayed["changed"], replayed["skipped"]) == (2, 0, 2)
    slow.host.settle()
    assert [id_ for who, id_ in slow.destination.effects() if who == "was"] == ["was-out", "was-in"]
