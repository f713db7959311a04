"""Waits that are over: handed to intake in their order, as if they came in."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
import structlog

from host.errors import HostFull, StoreUnavailable
from host.intake.plan import Verdict
from host.store.runs import Wait, due_waits, next_wait
from host.store.store import Store

log: Final = structlog.get_logger("host.workflow")

AT_ONCE: Final = 500
LOOK_EVERY: Final = 1.0  # seconds between looks while nothing is due


class Clock:
    """Has runs go on when their waits are over."""

    def __init__(
        self, store: Store, take: Callable[[Sequence[Wait]], Awaitable[Sequence[Verdict]]]
    ) -> None:
        self._store = store
        self._take = take

    async def run(self) -> None:
        """Follow the time, until cancelled."""
        while True:
            try:
                while await self.tick():
                    pass
                due = await self._store.read(next_wait)
            except (HostFull, StoreUnavailable) as error:
                log.warning("waits that are over have to wait", error=str(error))
                due = None
            left = LOOK_EVERY if due is None else due / 1000 - time.time()
            await anyio.sleep(min(LOOK_EVERY, max(0.01, left)))

    async def tick(self) -> int:
        """Go on with some waits that are over; how many there were."""
        waits = await self._store.read(lambda tx: due_waits(tx, AT_ONCE))
        if waits:
            await self._take(waits)
        return len(waits)
