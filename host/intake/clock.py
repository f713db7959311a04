"""Waits that are over: handed to intake in their order, as if they came in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
import structlog

from host.errors import HostFull, StoreUnavailable
from host.intake.items import TAKEN, Verdict
from host.store.engine import Transaction
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
                left = await self._store.read(_time_left)
            except (HostFull, StoreUnavailable) as error:
                log.warning("waits that are over have to wait", error=str(error))
                left = LOOK_EVERY
            except Exception as error:  # events are taken and messages delivered all the same
                log.error("waits that are over could not go on", error=type(error).__name__)
                left = LOOK_EVERY
            await anyio.sleep(left)

    async def tick(self) -> int:
        """Go on with some waits that are over; how many runs went on."""
        waits = await self._store.read(lambda tx: due_waits(tx, AT_ONCE))
        verdicts = await self._take(waits) if waits else ()
        return sum(verdict == TAKEN for verdict in verdicts)


def _time_left(tx: Transaction) -> float:
    """Seconds until the next look."""
    due = next_wait(tx)
    if due is None or due <= tx.now:  # one that is over and did not go on is being ended
        return LOOK_EVERY
    return min(LOOK_EVERY, (due - tx.now) / 1000)
