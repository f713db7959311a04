"""Plugins that break their promises: their own messages wait or are kept, nobody else's suffer."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.harness import HostProcess, StandInServer, configuration, eventually, host_process
from tests.loads import Event, arrived_by_customer, numbered_events

# What goes wrong is read from the file `mode` beside the plugin; what is delivered is written
# to the file `arrived`.
PLUGIN = """\
import asyncio
import json
from pathlib import Path

from host import (
    Delivered, EventType, Limits, Manifest, Payload, Profile, Reason, Report, Retry, hookimpl,
)

HERE = Path(__file__).parent
manifest = Manifest(
    name="frail", title="Frail", summary="For tests.", settings=(),
    event_types=(EventType(name="other", label="Other"),),
    limits=Limits(items_per_request=10),
)


class Odd(BaseException):
    pass


def mode():
    return (HERE / "mode").read_text()


@hookimpl
async def connect():
    return "Frail"


@hookimpl
def sync_fields(customer):
    return Profile(content={"name": customer.value("first_name") or None})


@hookimpl
def map_event(event, profile):
    if mode() == "map raises" and event is not None:
        raise ValueError("cannot map this")
    if mode() == "map raises oddly":
        raise Odd("cannot map this")
    if mode() == "map answers rubbish":
        return {"rubbish": True}
    return Payload(
        event={"id": event.id} if event is not None else None, profile=profile.content
    )


@hookimpl
async def deliver(messages):
    told = mode()
    if told == "raises":
        raise RuntimeError("broken")
    if told == "raises oddly":
        raise Odd("broken")
    if told == "exits":
        raise SystemExit(3)
    if told == "hangs":
        await asyncio.sleep(3600)
    if told == "answers rubbish":
        return "done"
    if told == "answers too little":
        return Report(outcomes=())
    if told.startswith("refuses ") and any(m.customer in told for m in messages):
        return Report(outcomes=tuple(
            Retry(reason=Reason(code="later", text="not yet")) if m.customer in told
            else _arrive(m)
            for m in messages
        ))
    return Report(outcomes=tuple(_arrive(m) for m in messages))


def _arrive(message):
    with (HERE / "arrived").open("a") as file:
        said = {"customer": message.customer, **(message.payload.event or {})}
        said["name"] = (message.payload.profile or {}).get("name")
        said["message"] = message.dedupe_id
        file.write(json.dumps(said) + "\\n")
    return Delivered()


@hookimpl
def resend():
    return None
"""

CONNECTION = """
[connections.frail]
module = "frail"
[[connections.frail.events]]
loyalty = "point_add"
external = "point_add"
type = "other"
[[connections.frail.fields]]
loyalty = "first_name"
remote = "name"
[connections.frail.delivery]
timeout = 0.3
resend_waits = [0.1, 0.1, 0.1, 0.1, 0.1]
"""


class Frail:
    """The plugin as it is installed, and what it delivered."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "fake_frail"
        self.package.mkdir(parents=True)
        (self.package / "__init__.py").touch()
        self.file = self.package / "plugin.py"
        self.file.write_text(PLUGIN)
        described = folder / "fake_frail-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: fake-frail\nVersion: 1.0\nSummary: Frail.\n"
        )
        (described / "entry_points.txt").write_text("[host.plugins]\nfrail = fake_frail.plugin\n")
        (self.package / "arrived").touch()
        self.mode("well")

    def mode(self, told: str) -> None:
        """Behave so from now on."""
        new = self.package / "mode.new"
        new.write_text(told)
        new.rename(self.package / "mode")

    def break_at_import(self, broken: bool) -> None:
        """Cannot be imported, or can again."""
        self.file.write_text("raise RuntimeError('broken')\n" if broken else PLUGIN)
        later = time.time() + (5 if broken else 10)  # so that no cached code is taken for new
        os.utime(self.file, (later, later))

    @property
    def arrived(self) -> list[dict[str, Any]]:
        """What arrived, in order."""
        return [json.loads(line) for line in (self.package / "arrived").read_text().splitlines()]


class Stage:
    """A host with the frail module and mParticle beside it."""

    def __init__(self, host: HostProcess, frail: Frail, destination: StandInServer) -> None:
        self.host = host
        self.frail = frail
        self.destination = destination

    def follow(self) -> None:
        """Let the host look at its modules again, as after a toggle."""
        file = self.host.folder / "plugins.toml"
        file.write_text(file.read_text() + "\n")

    def module(self) -> dict[str, Any]:
        found = self.host.client.get("/api/modules").json()
        told: dict[str, Any] = next(one for one in found if one["name"] == "frail")
        return told

    def history(self, id_: str) -> list[dict[str, Any]]:
        """The attempts of a message."""
        told: list[dict[str, Any]] = self.host.client.get(f"/api/messages/{id_}").json()["history"]
        return told

    def is_delivered(self, id_: str) -> bool:
        """Whether a message has arrived."""
        return bool(self.host.client.get(f"/api/messages/{id_}").json()["state"] == "delivered")

    def states(self) -> set[tuple[str, str | None]]:
        """States and reason codes of the frail connection's messages."""
        return {
            (one["state"], one["reason"]["code"] if one["reason"] else None)
            for one in self.host.messages(connection="frail")
        }


@contextmanager
def staged(folder: Path, destination: StandInServer) -> Iterator[Stage]:
    frail = Frail(folder / "site")
    (folder / "plugins.toml").write_text(
        "[plugins.mparticle]\nenabled = true\n[plugins.frail]\nenabled = true\n"
    )
    with host_process(folder, PYTHONPATH=str(folder / "site")) as host:
        applied = host.run("apply", "-", stdin=configuration(destination.url) + CONNECTION)
        assert applied.returncode == 0, applied.stderr
        yield Stage(host, frail, destination)


@pytest.fixture
def stage(tmp_path: Path, destination: StandInServer) -> Iterator[Stage]:
    with staged(tmp_path, destination) as running:
        running.host.start()
        yield running


DELIVERING = {
    "raises": "plugin_fault",
    "raises oddly": "plugin_fault",
    "exits": "plugin_fault",
    "answers rubbish": "plugin_fault",
    "answers too little": "plugin_fault",
    "hangs": "timeout",
}


def test_whatever_deliver_does_the_other_connection_delivers_and_its_own_messages_go_again(
    stage: Stage,
) -> None:
    host, events = stage.host, numbered_events(len(DELIVERING), len(DELIVERING))
    for event, (mode, code) in zip(events, DELIVERING.items(), strict=True):
        stage.frail.mode(mode)
        host.post(event)
        eventually(lambda: host.settle()["delivered"])
        (message,) = host.messages(connection="frail", customer=event["customer"])
        eventually(partial(stage.history, message["id"]))
        stage.frail.mode("well")
        eventually(partial(stage.is_delivered, message["id"]))
        history = stage.history(message["id"])
        assert {line["reason"]["code"] for line in history[:-1]} == {code}, mode

    assert set(arrived_by_customer(stage.destination)) == {event["customer"] for event in events}
    assert [one["id"] for one in stage.frail.arrived] == [event["id"] for event in events]


@pytest.mark.parametrize("mode", ["map raises", "map raises oddly", "map answers rubbish"])
def test_what_cannot_be_mapped_is_kept_and_replay_maps_it_anew(stage: Stage, mode: str) -> None:
    host, frail = stage.host, stage.frail
    events = numbered_events(3, 1)
    host.client.put("/api/customers/e-c0", content='{"first_name": "Ada"}')
    host.settle("frail")
    frail.mode(mode)

    host.post(*events)
    kept = stage.states()
    elsewhere = host.settle()
    frail.mode("well")
    host.client.put("/api/customers/e-c0", content='{"first_name": "Grace"}')
    host.settle("frail")
    told = host.client.post("/api/messages/replay", json={"connection": "frail"}).json()
    books = host.settle("frail")

    assert ("undelivered", "mapping_failed") in kept
    assert elsewhere["delivered"] == 3
    assert (told["matched"], told["changed"]) == (3, 3)
    assert books["undelivered"] == 0
    mapped = [one for one in frail.arrived if "id" in one]
    assert [one["id"] for one in mapped] == [event["id"] for event in events]  # in their order
    # Ada is of yesterday: it must not overwrite Grace, who has arrived meanwhile.
    assert [one["name"] for one in frail.arrived] == ["Ada", "Grace", None, None, None]
    assert all(one["message"].endswith(".2") for one in mapped)


def test_with_a_broken_module_events_wait_with_the_profile_of_their_moment(
    tmp_path: Path, destination: StandInServer
) -> None:
    with staged(tmp_path, destination) as stage:
        host, frail = stage.host, stage.frail
        frail.break_at_import(True)
        host.start()
        first, second = numbered_events(2, 1)

        host.client.put("/api/customers/e-c0", content='{"first_name": "Ada"}')
        host.post(first)
        host.client.put("/api/customers/e-c0", content='{"first_name": "Grace"}')
        host.post(second)
        broken, waiting = stage.module(), stage.states()
        elsewhere = host.settle()
        frail.break_at_import(False)
        stage.follow()
        books = host.settle("frail")

        assert broken["state"] == "broken"
        assert waiting == {("waiting", "not_mapped_yet"), ("withheld", "superseded")}
        assert elsewhere["delivered"] == 2
        assert books["waiting"] == books["undelivered"] == 0
        assert [(one.get("id"), one["name"]) for one in frail.arrived] == [
            (first["id"], "Ada"),
            (None, "Grace"),
            (second["id"], "Grace"),
        ]


def test_a_lane_that_has_to_wait_blocks_no_other_lane_and_keeps_its_order(stage: Stage) -> None:
    host, frail = stage.host, stage.frail
    events: list[Event] = numbered_events(30, 3)
    frail.mode("refuses e-c1")

    host.post(*events)
    eventually(lambda: host.ledger("frail")["delivered"] == 20)
    stuck = host.ledger("frail")
    frail.mode("well")
    eventually(lambda: host.settle("frail"))

    assert stuck["delivered"] == 20
    assert stuck["waiting"] + stuck["sending"] + stuck["retrying"] + stuck["undelivered"] == 10
    delivered: dict[str, list[str]] = defaultdict(list)
    for one in frail.arrived:
        delivered[one["customer"]].append(one["id"])
    assert delivered["e-c0"] == [event["id"] for event in events if event["customer"] == "e-c0"]
    assert delivered["e-c1"] == sorted(delivered["e-c1"])
