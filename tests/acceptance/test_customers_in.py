"""Customers handed in: profiles by PUT, in bulk and by events, and the messages they make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Scene, event_id, scene

NOW = datetime.now(UTC)


def ago(**distance: float) -> str:
    """A time before now."""
    return (NOW - timedelta(**distance)).isoformat()


def put(on: Scene, id_: str, **fields: Any) -> str:
    """Replace a profile; what came of it."""
    answer = on.host.client.put(f"/api/customers/{id_}", json=fields)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == id_
    result: str = answer.json()["result"]
    return result


def profile(on: Scene, id_: str) -> dict[str, Any]:
    """The stored profile."""
    answer = on.host.client.get(f"/api/customers/{id_}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def point_add(customer: str, id_: str, **more: Any) -> dict[str, Any]:
    """An event that is taken and delivered."""
    return {"id": id_, "customer": customer, "action": "point_add", **more}


def told(batch: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    """Event id and attributes of the customer in a batch."""
    return event_id({"batch": batch}), batch.get("user_attributes")


@pytest.fixture
def held(shared: Scene) -> Iterator[Scene]:
    """The shared host with its connection paused: what is made waits."""
    client = shared.host.client
    assert client.post("/api/connections/mparticle/pause").json()["state"] == "paused"
    yield shared
    client.post("/api/connections/mparticle/resume")
    shared.host.settle()


def test_a_changed_mapped_field_makes_one_message_with_the_whole_set(shared: Scene) -> None:
    results = [
        put(shared, "set", first_name="Ada", tier="gold", score=10, email="ada@example.com"),
        put(shared, "set", first_name="Ada", tier="gold", score=10, email="ada@example.com"),
        put(shared, "set", first_name="Ada", tier="gold", score=10, email="ada@example.com", x=1),
    ]
    shared.host.settle()
    results.append(put(shared, "set", first_name="Ada", tier="gold", score=11))

    assert results == ["taken", "unchanged", "taken", "taken"]
    shared.host.settle()
    first, second = shared.destination.batches("set")
    assert first["user_identities"] == {"customer_id": "set", "email": "ada@example.com"}
    assert first["events"] == []
    assert first["user_attributes"] == {"$firstname": "Ada", "antavo_tier": "gold"} | {
        "antavo_score": 10
    }
    assert second["user_identities"] == {"customer_id": "set"}
    assert second["user_attributes"] == first["user_attributes"] | {"antavo_score": 11}
    messages = shared.host.messages(customer="set")
    assert [(m["kind"], m["event"], m["action"]) for m in messages] == [("profile", None, None)] * 2


def test_an_older_profile_is_answered_stale_and_changes_nothing(shared: Scene) -> None:
    results = [
        put(shared, "old", first_name="New", updated_at=ago(hours=1)),
        put(shared, "old", first_name="Old", updated_at=ago(hours=2)),
        put(shared, "old", first_name="New", updated_at=ago(hours=1)),
        put(shared, "old", first_name="Newest", updated_at=ago(minutes=1)),
    ]

    assert results == ["taken", "stale", "unchanged", "taken"]
    assert profile(shared, "old")["first_name"] == "Newest"
    shared.host.settle()
    names = [b["user_attributes"]["$firstname"] for b in shared.destination.batches("old")]
    assert names in (["New", "Newest"], ["Newest"])


def test_a_bulk_answers_each_item_for_itself_and_a_file_says_so_in_one_line(
    shared: Scene, tmp_path: Path
) -> None:
    rows = [
        {"id": "bulk-1", "first_name": "A", "updated_at": ago(hours=2)},
        {"id": "bulk-1", "first_name": "A", "updated_at": ago(hours=2)},
        {"id": "bulk-1", "first_name": "B", "updated_at": ago(hours=3)},
        {"first_name": "nobody"},
        {"id": 4711, "first_name": "C"},
        {"id": "bulk-2", "updated_at": "soon"},
    ]
    file = tmp_path / "customers.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows).replace("bulk-", "file-"))

    answer = shared.host.client.post("/api/customers", json=rows)
    sent = shared.host.run("customers", str(file))

    said = answer.json()
    assert answer.status_code == 202
    assert (said["taken"], said["unchanged"], said["stale"]) == (2, 1, 1)
    assert [(one["index"], one["id"], one["error"]["code"]) for one in said["refused"]] == [
        (3, None, "invalid_event"),
        (5, "bulk-2", "invalid_time"),
    ]
    assert sent.returncode == 1
    last = sent.stdout.splitlines()[-1]
    assert last.startswith("taken 1, unchanged 2, stale 1") and last.endswith("refused 2")
    assert "line 4: invalid_event: " in sent.stderr
    assert "line 6: invalid_time: " in sent.stderr
    assert shared.host.client.post("/api/customers", json=[{}]).status_code == 422
    assert profile(shared, "4711") == {"id": "4711", "first_name": "C"}


@pytest.mark.parametrize(
    "id_", ["a/b", "with space", "Ünï", "300-" + "x" * 296, "%41", "a?b", ".."], ids=ascii
)
def test_a_customer_of_any_name_has_an_address(shared: Scene, id_: str) -> None:
    path = "/api/customers/" + "".join(f"%{byte:02X}" for byte in id_.encode())
    client = shared.host.client

    saved = client.put(path, json={"id": id_, "first_name": "Any"})

    assert (saved.status_code, saved.json().get("id")) == (200, id_), saved.text
    assert client.get(path).json() == {"id": id_, "first_name": "Any"}
    assert client.put(path, json={"id": "another"}).json()["error"]["code"] == "invalid_event"


def test_a_profile_is_replaced_by_put_and_merged_by_event(shared: Scene) -> None:
    put(shared, "merge", first_name="Ada", tier="gold", city="Oslo", updated_at=ago(hours=3))
    shared.host.post(
        {
            "id": "merge-1",
            "customer": "merge",
            "action": "profile",
            "timestamp": ago(hours=2),
            "data": {"tier": "silver", "city": None},
        },
        {
            "id": "merge-2",
            "customer": "merge",
            "action": "profile",
            "timestamp": ago(hours=4),
            "data": {"tier": "bronze"},
        },
    )

    merged = profile(shared, "merge")
    put(shared, "merge", first_name="Ada", updated_at=ago(hours=1))

    assert (merged["first_name"], merged["tier"], merged["city"]) == ("Ada", "silver", None)
    assert "tier" not in profile(shared, "merge")
    shared.host.settle()
    assert [told(batch)[1] for batch in shared.destination.batches("merge")][-1] == {
        "$firstname": "Ada"
    }


def test_beside_an_event_with_the_same_profile_part_there_is_no_profile_message(
    shared: Scene,
) -> None:
    shared.host.post(
        {
            "id": "join-1",
            "customer": "join",
            "action": "opt_in",
            "data": {"first_name": "Jo", "tier": "gold"},
        },
        point_add("join", "join-2"),
    )

    shared.host.settle()
    attributes = {"$firstname": "Jo", "antavo_tier": "gold"}
    assert [told(batch) for batch in shared.destination.batches("join")] == [
        ("join-1", attributes),
        ("join-2", attributes),
    ]


def test_an_older_profile_message_never_sent_is_superseded(held: Scene) -> None:
    put(held, "twice", first_name="One")
    held.host.post(point_add("twice", "twice-1"))
    put(held, "twice", first_name="Two")
    put(held, "twice", first_name="Three")

    held.host.client.post("/api/connections/mparticle/resume")

    held.host.settle()
    assert [told(batch) for batch in held.destination.batches("twice")] == [
        ("twice-1", {"$firstname": "One"}),
        (None, {"$firstname": "Three"}),
    ]
    withheld = held.host.messages(customer="twice", state="withheld")
    assert [m["reason"]["code"] for m in withheld] == ["superseded"] * 2


def test_an_event_of_somebody_unknown_goes_with_what_is_known(shared: Scene) -> None:
    shared.host.post(point_add("unknown", "unknown-1"))

    shared.host.settle()
    batch = shared.destination.batches("unknown")[0]
    assert batch["user_identities"] == {"customer_id": "unknown"}
    assert "user_attributes" not in batch
    assert profile(shared, "unknown") == {"id": "unknown"}
    assert shared.host.client.get("/api/customers/never").status_code == 404


@pytest.mark.parametrize(("status", "sent"), [("suspended", 2), ("banned", 2), ("merged", 0)])
def test_by_status_a_customer_is_sent_or_withheld(shared: Scene, status: str, sent: int) -> None:
    put(shared, status, first_name="S", status=status)

    shared.host.post(point_add(status, f"{status}-1"))

    shared.host.settle()
    assert len(shared.destination.batches(status)) == sent
    message = shared.host.messages(customer=status)[0]
    assert message["event"] == f"{status}-1"
    assert message["state"] == ("delivered" if sent else "withheld")
    assert (message["reason"] or {"code": None})["code"] == (None if sent else status)


def test_an_external_id_names_the_customer_when_it_is_known(shared: Scene) -> None:
    put(shared, "ext", first_name="E", external_ids={"card": "C-1", "crm": 5})

    shared.host.post(
        point_add("C-1", "ext-1", external_id="card"),
        point_add("5", "ext-2", external_id="crm"),
        point_add("C-1", "ext-3", external_id="crm"),
        point_add("C-1", "ext-4"),
        point_add("C-1", "ext-5", external_id="phone"),
    )

    shared.host.settle()
    who = {event_id(one): one["customer"] for one in shared.destination.arrivals}
    assert [who[f"ext-{n}"] for n in range(1, 6)] == ["ext", "ext", "C-1", "C-1", "C-1"]


def test_an_erased_customer_is_forgotten_and_the_books_stay(held: Scene) -> None:
    put(held, "erased", first_name="Gone", email="gone@example.com")
    held.host.post(point_add("erased", "erased-1", data={"note": "gone@example.com"}))
    made = held.host.ledger()["made"]
    ids = [message["id"] for message in held.host.messages(customer="erased")]
    client = held.host.client

    erased = client.delete("/api/customers/erased")

    assert (erased.status_code, client.get("/api/customers/erased").status_code) == (200, 404)
    assert client.delete("/api/customers/erased").status_code == 404
    assert len(ids) == 2
    for id_ in ids:
        detail = client.get(f"/api/messages/{id_}")
        assert (detail.json()["state"], detail.json()["reason"]["code"]) == ("withheld", "erased")
        assert "gone" not in detail.text.lower()
    assert held.host.ledger()["made"] == made
    again = held.host.post(point_add("erased", "erased-1", data={"note": "gone@example.com"}))
    assert again["duplicates"] == 1
    held.host.post(point_add("erased", "erased-2"))
    client.post("/api/connections/mparticle/resume")
    held.host.settle()
    assert [told(batch) for batch in held.destination.batches("erased")] == [("erased-2", None)]


def test_an_emptied_field_is_kept_or_deleted_as_its_row_says(shared: Scene) -> None:
    client = shared.host.client
    rows = client.get("/api/connections/mparticle/fields").json()["fields"]
    emptying = [{**row, "when_empty": "delete"} for row in rows if row["loyalty"] == "tier"]

    client.put("/api/connections/mparticle/fields", json=rows[:1] + emptying)
    put(shared, "empty", first_name="E", tier="gold")
    shared.host.settle()
    put(shared, "empty", first_name="", tier=None)

    shared.host.settle()
    last = shared.destination.batches("empty")[-1]
    client.put("/api/connections/mparticle/fields", json=rows)
    assert last["deleted_user_attributes"] == ["antavo_tier"]
    assert "user_attributes" not in last
    assert client.get("/api/connections/mparticle/fields").json()["fields"] == rows


def test_a_host_without_field_mappings_makes_no_profile_messages(tmp_path: Path) -> None:
    with scene(tmp_path, fields=()) as bare:
        put(bare, "bare", first_name="B", email="b@example.com")
        bare.host.post(point_add("bare", "bare-1"))

        assert bare.host.settle()["made"] == 1
        batch = bare.destination.batches("bare")[0]
        assert batch["user_identities"] == {"customer_id": "bare", "email": "b@example.com"}
