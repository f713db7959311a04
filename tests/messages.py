"""A host in this process with events taken and attempts made by hand, for pages of messages."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from host import wire
from host.app import Host
from host.document import read_document
from host.model import MessageState, Reason
from host.reading.events import read_event
from host.store.connections import reconnect
from tests.harness import configuration
from tests.pages import quiet_host
from tests.storing import Clock, Outbox

UNWELL: Final = Reason(
    code="destination_error", text="the destination is unwell (HTTP 503): try later"
)
REFUSED: Final = Reason(code="rejected", text="the destination refuses the content (HTTP 400)")


class MessageScene:
    """A host that delivers nothing by itself; `outbox` claims and settles in its stead."""

    def __init__(self, host: Host, outbox: Outbox) -> None:
        self.host = host
        self.outbox = outbox

    async def take(self, *customers: str, action: str = "point_add") -> None:
        """Take one event of each of these customers, in this order."""
        now = datetime.now(UTC)
        items = [
            wire.dumps({"customer": name, "action": action, "data": {"points": 10}})
            for name in customers
        ]
        made = len(await self.outbox.views())
        for number, item in enumerate(items, made):
            event = read_event(item, now=now, fallback_id=f"e-{number}".strip)
            await self.host.intake.take([event])

    async def fail(self, wait: float = 600.0, reason: Reason = UNWELL) -> None:
        """Send everything that is due in vain; it goes again after `wait` seconds."""
        await self.outbox.settle(
            await self.outbox.claim(), MessageState.RETRYING, wait=wait, reason=reason
        )

    async def refuse(self, reason: Reason = REFUSED) -> None:
        """Send everything that is due, and have it refused."""
        await self.outbox.settle(await self.outbox.claim(), MessageState.UNDELIVERED, reason=reason)

    async def deliver(self) -> None:
        """Send everything that is due."""
        await self.outbox.settle(await self.outbox.claim())

    async def ids(self, **wanted: str) -> list[str]:
        """Ids of messages, oldest first."""
        return [view.id for view in await self.outbox.views(**wanted)]


@asynccontextmanager
async def scene_on(
    host: Host, *, events: Sequence[str] = ("point_add",), delivery: str = ""
) -> AsyncIterator[MessageScene]:
    """The host, running, with one connection, `mparticle`, connected to nothing."""
    document = read_document(
        configuration("http://127.0.0.1:9", events=events, delivery=delivery), {}
    )
    await host.bench.configure.apply(document, untested=True)
    (route,) = (await host.bench.configure.routing()).routes
    await host.bench.store.write(lambda tx: reconnect(tx, route.key, "Production"))
    clock = Clock()
    clock.now = time.time()
    async with host.running():
        yield MessageScene(host, Outbox(host.bench.store, clock, route.key))


@asynccontextmanager
async def message_scene(folder: Path, *, delivery: str = "") -> AsyncIterator[MessageScene]:
    """A host of its own with such a connection."""
    async with quiet_host(folder) as host, scene_on(host, delivery=delivery) as scene:
        yield scene
