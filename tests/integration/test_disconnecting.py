"""A connection is disconnected and connected again: what waits, what goes, what is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx
import pytest

from host.app import Host, Workbench, workbench
from host.config import Environment
from host.configuration import ConnectionDraft
from host.document import read_document
from host.errors import InvalidConfiguration, VersionConflict
from host.model import ConnectionState, FieldMapping, MessageState, Secret
from host.reading.events import read_event
from host.store.check import check_books
from host.store.ledger import read_ledger
from host.store.listing import MessageFilter
from tests.harness import StandInServer, configuration, stand_in

pytestmark = pytest.mark.anyio

EVERYTHING = MessageFilter(connection="mparticle")
SECRETS = {"api_key": "demo-key", "api_secret": "demo-secret"}


@dataclass
class Scene:
    """A running host without its web server, connected to a stand-in."""

    bench: Workbench
    host: Host
    far: StandInServer

    async def misbehave(self, **how: object) -> None:
        """Have the far side misbehave from now on."""
        async with httpx.AsyncClient() as client:
            (await client.post(f"{self.far.url}/_control", json=how)).raise_for_status()

    async def take(self, *ids: str, customer: str = "c-1") -> None:
        """Take an event for each id."""
        text = '{{"id": "{}", "customer": "{}", "action": "point_add"}}'
        raws = [text.format(id_, customer).encode() for id_ in ids]
        now = datetime.now(UTC)
        await self.host.intake.take([read_event(raw, now=now, fallback_id=str) for raw in raws])

    async def books(self) -> dict[str, int]:
        """What is in the books and not zero; they must balance."""
        (books,) = (await self.bench.store.read(read_ledger)).values()
        assert books["made"] == sum(books[state] for state in MessageState), books
        return {name: count for name, count in books.items() if count}

    async def until(self, **wanted: int) -> None:
        """Wait until the books say so."""
        with anyio.fail_after(15):
            while await self.books() != {"made": sum(wanted.values()), **wanted}:
                await anyio.sleep(0.02)

    async def state(self) -> ConnectionState:
        """The connection's state."""
        return (await self.bench.configure.routing()).find("mparticle").row.state


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    plugins = tmp_path / "plugins.toml"
    plugins.write_text("[plugins.mparticle]\nenabled = true\n")
    environment = Environment.read(
        {
            "LOYALTY_HOST_HOME": str(tmp_path),
            "LOYALTY_HOST_PLUGINS": str(plugins),
            "LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS": "1",
        }
    )
    with stand_in() as far:
        async with workbench(environment) as bench:
            text = configuration(far.url, fields=[("tier", "antavo_tier")])
            await bench.configure.apply(read_document(text, {}))
            host = Host(bench)
            async with host.running():
                yield Scene(bench, host, far)
            assert await bench.store.read(check_books) == {}


async def test_messages_wait_until_it_is_connected_again(scene: Scene) -> None:
    await scene.bench.configure.disconnect("mparticle", discard=False)
    await scene.take("e-1", "e-2")
    disconnected = await scene.state()
    await scene.until(waiting=2)

    await scene.bench.configure.save(ConnectionDraft(id="mparticle", settings=SECRETS))
    await scene.until(delivered=2)

    assert disconnected is ConnectionState.NOT_CONNECTED
    assert await scene.state() is ConnectionState.CONNECTED
    assert scene.far.effects() == [("c-1", "e-1"), ("c-1", "e-2")]


async def test_the_secrets_go_and_everything_else_stays(scene: Scene, tmp_path: Path) -> None:
    before = (await scene.bench.configure.routing()).find("mparticle")

    await scene.bench.configure.disconnect("mparticle", discard=False)

    after = (await scene.bench.configure.routing()).find("mparticle")
    assert before.config.settings["api_secret"] == Secret("demo-secret")
    assert after.row.secrets == b""
    assert "api_secret" not in after.config.settings
    assert after.config.settings["api_url"] == before.config.settings["api_url"]
    assert after.config.fields == before.config.fields
    assert after.config.events == before.config.events


async def test_what_waits_is_discarded_but_for_what_is_being_sent(scene: Scene) -> None:
    await scene.misbehave(slow=1)
    await scene.take("e-1", "e-2", "e-3")
    await scene.until(sending=1, waiting=2)
    await scene.take("e-4", "e-5", customer="c-2")

    done = await scene.bench.configure.disconnect("mparticle", discard=True)
    await scene.until(delivered=done.sending, discarded=done.discarded)

    assert done.sending + done.discarded == 5
    assert done.sending in (1, 2)  # the second customer's first message may be under way, too
    assert ("c-1", "e-1") in scene.far.effects()


async def test_what_was_discarded_can_be_replayed(scene: Scene) -> None:
    await scene.bench.configure.pause("mparticle", True)
    await scene.take("e-1")
    await scene.bench.configure.disconnect("mparticle", discard=True)
    await scene.until(discarded=1)

    (view,), _ = await scene.bench.queue.page(EVERYTHING, None, 10)
    await scene.bench.queue.change("replay", EVERYTHING)
    await scene.bench.configure.save(
        ConnectionDraft(id="mparticle", settings=SECRETS, paused=False)
    )
    await scene.until(delivered=1)

    assert view.reason is not None
    assert view.reason.code == "disconnected"
    assert scene.far.effects() == [("c-1", "e-1")]


async def test_wrong_secrets_leave_it_disconnected(scene: Scene) -> None:
    await scene.bench.configure.disconnect("mparticle", discard=False)

    with pytest.raises(InvalidConfiguration):
        await scene.bench.configure.save(
            ConnectionDraft(id="mparticle", settings={**SECRETS, "api_secret": "wrong"})
        )

    assert await scene.state() is ConnectionState.NOT_CONNECTED


async def test_an_export_applies_to_a_disconnected_connection_and_changes_nothing(
    scene: Scene,
) -> None:
    await scene.bench.configure.disconnect("mparticle", discard=False)
    text = await scene.bench.configure.export()

    lines = await scene.bench.configure.apply(read_document(text, {}))

    assert "api_secret" not in text
    assert lines == ()
    assert await scene.state() is ConnectionState.NOT_CONNECTED


async def test_mappings_change_while_it_is_disconnected(scene: Scene) -> None:
    await scene.bench.configure.disconnect("mparticle", discard=False)
    rows = (FieldMapping(loyalty="score", remote="antavo_score"),)

    route = await scene.bench.configure.save(ConnectionDraft(id="mparticle", fields=rows))

    assert route.config.fields == rows
    assert route.row.state is ConnectionState.NOT_CONNECTED


async def test_a_test_of_a_disconnected_connection_names_what_is_missing(scene: Scene) -> None:
    await scene.bench.configure.disconnect("mparticle", discard=False)

    with pytest.raises(InvalidConfiguration) as caught:
        await scene.bench.configure.test("mparticle")

    assert [fault.path for fault in caught.value.faults] == [
        "connections.mparticle.settings.api_secret"
    ]
    assert await scene.state() is ConnectionState.NOT_CONNECTED


async def test_a_late_disconnect_is_told_and_does_nothing(scene: Scene) -> None:
    version = (await scene.bench.configure.routing()).find("mparticle").row.version
    await scene.bench.configure.pause("mparticle", True)

    with pytest.raises(VersionConflict):
        await scene.bench.configure.disconnect("mparticle", discard=True, version=version)

    assert await scene.state() is ConnectionState.CONNECTED


async def test_new_credentials_are_tried_before_the_old_are_dropped(scene: Scene) -> None:
    with pytest.raises(InvalidConfiguration):
        await scene.bench.configure.save(
            ConnectionDraft(id="mparticle", settings={"api_secret": "wrong"})
        )
    await scene.take("e-1")
    await scene.until(delivered=1)

    kept = (await scene.bench.configure.routing()).find("mparticle").config.settings
    assert kept["api_secret"] == Secret("demo-secret")
