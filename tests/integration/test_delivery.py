"""Delivery to the stand-in in one process: what clocks, deletions and other processes do to it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest

from host.app import Host, Workbench, workbench
from host.config import Environment
from host.document import read_document
from host.model import MessageState
from host.reading.events import read_event
from host.store.check import check_books
from host.store.ledger import read_ledger
from host.store.listing import MessageFilter
from host.store.store import Store
from tests.harness import StandInServer, configuration, stand_in

pytestmark = pytest.mark.anyio

HOUR = 3600.0


class Scene:
    """A running host without its web server, the far side, and a clock that can be put forward."""

    def __init__(self, environment: Environment, far: StandInServer) -> None:
        self.environment = environment
        self.far = far
        self.ahead = 0.0  # seconds that the host's clock is put forward
        self.bench: Workbench
        self.host: Host

    def clock(self) -> float:
        return time.time() + self.ahead

    async def misbehave(self, **how: object) -> None:
        """Have the far side misbehave from now on."""
        async with httpx.AsyncClient() as client:
            (await client.post(f"{self.far.url}/_control", json=how)).raise_for_status()

    async def take(self, *ids: str) -> None:
        """Take an event of one customer for each id."""
        raws = [b'{"id": "%b", "customer": "c-1", "action": "point_add"}' % i.encode() for i in ids]
        now = datetime.now(UTC)
        await self.host.intake.take([read_event(raw, now=now, fallback_id=str) for raw in raws])

    async def books(self) -> dict[str, int]:
        """What is in the books and not zero; they must balance."""
        (books,) = (await self.bench.store.read(read_ledger)).values()
        assert books["made"] == sum(books[state] for state in MessageState), books
        return {name: count for name, count in books.items() if count}

    async def until(self, patience: float = 15.0, **wanted: int) -> None:
        """Wait until the books say so."""
        with anyio.fail_after(patience):
            while await self.books() != {"made": sum(wanted.values()), **wanted}:
                await anyio.sleep(0.02)

    @property
    def requests(self) -> int:
        """How many requests with batches the far side saw."""
        return len(self.far.stand_in.requests)


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
        on = Scene(environment, far)
        store = await Store.open(environment.database, tmp_path, clock=on.clock)
        try:
            on.bench = Workbench(environment, store)
            await on.bench.configure.apply(
                read_document(configuration(far.url, delivery="resend_waits = [30, 30]"), {})
            )
            on.host = Host(on.bench)
            async with on.host.running():
                yield on
            assert await store.read(check_books) == {}
        finally:
            await store.close()


async def test_a_clock_put_forward_sends_nothing_twice(scene: Scene) -> None:
    await scene.misbehave(slow=2)
    await scene.take("e-1")
    await scene.until(sending=1)

    scene.ahead = HOUR
    await scene.until(delivered=1)

    assert scene.far.effects() == [("c-1", "e-1")]
    assert scene.requests == 1


async def test_what_was_being_sent_when_its_connection_went_is_settled_and_the_rest_withheld(
    scene: Scene,
) -> None:
    await scene.misbehave(slow=1)
    await scene.take("e-1", "e-2", "e-3")
    await scene.until(sending=1, waiting=2)

    await scene.bench.configure.delete("mparticle")
    await scene.until(delivered=1, withheld=2)

    assert scene.far.effects() == [("c-1", "e-1")]


async def test_what_failed_while_its_connection_went_is_withheld(scene: Scene) -> None:
    await scene.misbehave(status=503, latency_ms=1000)
    await scene.take("e-1", "e-2")
    await scene.until(sending=1, waiting=1)

    await scene.bench.configure.delete("mparticle")

    await scene.until(withheld=2)


async def test_a_resend_ordered_by_another_process_goes_within_two_seconds(scene: Scene) -> None:
    await scene.misbehave(status=503)
    await scene.take("e-1")
    await scene.until(retrying=1)
    await scene.misbehave(reset=True)

    async with workbench(scene.environment) as elsewhere:
        told = await elsewhere.queue.change("resend", MessageFilter())

    assert told.changed == 1
    await scene.until(patience=2.0, delivered=1)
