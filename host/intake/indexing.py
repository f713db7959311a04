"""New events are entered into the tables by which they are found, beside what comes in."""

from __future__ import annotations

from functools import partial
from itertools import zip_longest
from typing import Final

import anyio
import structlog

from host.errors import HostFull, StoreUnavailable
from host.store.engine import Transaction
from host.store.event_indexes import Window, enter, entered, read_newness, read_window
from host.store.keys import ms_of
from host.store.store import Store

log: Final = structlog.get_logger("host.intake")

MANY: Final = 65_536  # new events: more than that are entered
OLD_MS: Final = 3_600_000  # … and however few, when the oldest one is as old as that
LOOK_EVERY: Final = 1.0  # seconds
_SLICES: Final = 64  # transactions that share the work
_FEW: Final = 1_024  # events, too few for two of them


class Indexing:
    """Enters new events when they are many, or old."""

    def __init__(self, store: Store, *, many: int = MANY) -> None:
        self._store = store
        self._many = many
        self._last = 0  # key of the event that was counted last
        self._count = 0  # of events that are still to be entered

    async def run(self) -> None:
        """Follow what comes in, until cancelled."""
        while True:
            try:
                while await self.tick():
                    pass
            except (HostFull, StoreUnavailable) as error:
                log.warning("events are entered into the indexes later", error=str(error))
            await anyio.sleep(LOOK_EVERY)

    async def tick(self) -> bool:
        """Enter the new events, if it is time. Were there any?"""
        window = await self._store.read(self._look)
        if window is None:
            return False
        for by_id, by_customer in zip_longest(window.by_id, window.by_customer, fillvalue="[]"):
            await self._store.write(partial(enter, by_id=by_id, by_customer=by_customer))
        await self._store.write(partial(entered, window=window))
        return True

    def _look(self, tx: Transaction) -> Window | None:
        new = read_newness(tx, self._last)
        self._last, self._count = new.last, self._count + new.more
        if new.oldest is None:
            return None
        if self._count < self._many and tx.now - ms_of(new.oldest) < OLD_MS:
            return None
        slices = min(_SLICES, 1 + self._count // _FEW)
        self._count = 0
        return read_window(tx, new, slices)
