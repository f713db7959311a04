"""The way in: requests queue up, and each commit takes all that have queued meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio
import structlog

from host.errors import HostFull, StoreUnavailable
from host.intake.items import Item, Items, Part, Verdict
from host.intake.job import EraseJob, IntakeJob
from host.intake.planner import Planner
from host.store.connections import waiting_messages
from host.store.customers import StoredCustomer, find_customers
from host.store.store import Store

log: Final = structlog.get_logger("host.intake")

ENOUGH: Final = 300  # items: a batch does not wait for more
ITEMS_A_COMMIT: Final = 1000  # at most, and the rest of a part
ITEMS_A_PART: Final = 500
MAX_QUEUED: Final = 50_000  # items that may wait for a commit
MIN_FREE_BYTES: Final = 256 * 1024 * 1024
MAX_WAITING: Final = 5_000_000  # messages of all connections that may wait for delivery
_LOOK_EVERY: Final = 2.0  # seconds between looks at disk and backlog
FILL_FOR: Final = 0.01  # seconds that one may fill while another one is being written
_PUMPS: Final = 4  # one batch is being written, one is behind it, one decided, one gathered


class Intake:
    """Takes events and customers. `run` must be running."""

    def __init__(
        self,
        store: Store,
        planner: Planner,
        home: Path,
        *,
        max_waiting: int = MAX_WAITING,
        min_free_bytes: int = MIN_FREE_BYTES,
    ) -> None:
        self._store = store
        self._planner = planner
        self._home = home
        self._max_waiting = max_waiting
        self._min_free_bytes = min_free_bytes
        self._queue: deque[tuple[Part, asyncio.Future[None]]] = deque()
        self._queued = 0
        self._writing = 0  # batches
        self._last: IntakeJob | None = None
        self._arrived = anyio.Event()
        self._looked_at = 0.0
        self._full: str | None = None

    async def run(self) -> None:
        """Write down what queues up, until cancelled."""
        async with anyio.create_task_group() as tasks:
            for _ in range(_PUMPS):
                tasks.start_soon(self._pump)

    async def take(self, items: Sequence[Item]) -> list[Verdict]:
        """Take items in their order; what became of each, see `take_in_parts`."""
        return [one for part in await self.take_in_parts(items) for one in part.verdicts]

    async def take_in_parts(self, items: Items) -> list[Part]:
        """Take items in their order; returns when they are on disk.

        Raises HostFull (come again later) or StoreUnavailable; then some may have been
        taken, and sending all again under the same ids doubles none.
        """
        await self._check_room()
        loop = asyncio.get_running_loop()
        starts = range(0, len(items), ITEMS_A_PART)
        parts = [Part(items[start : start + ITEMS_A_PART]) for start in starts]
        waits = [(part, loop.create_future()) for part in parts]
        self._queue.extend(waits)
        self._queued += len(items)
        self._arrived.set()
        failure: BaseException | None = None
        for _, done in waits:
            try:
                await done
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return parts

    async def erase(self, customer_id: str) -> bool:
        """Forget a customer; False if nobody is known under that id."""
        return await self._store.submit(EraseJob(customer_id))

    async def find(self, customer_id: str) -> StoredCustomer | None:
        """What is known of a customer."""
        found = await self._store.read(lambda tx: find_customers(tx, [customer_id]))
        return found.get(customer_id)

    async def _pump(self) -> None:
        while True:
            if not self._queue:
                if self._arrived.is_set():
                    self._arrived = anyio.Event()
                await self._arrived.wait()
            if self._writing and self._queued < ENOUGH:
                await anyio.sleep(FILL_FOR)
            batch = self._next()
            if batch:
                self._writing += 1
                try:
                    await self._write(batch)
                finally:
                    self._writing -= 1

    def _next(self) -> list[tuple[Part, asyncio.Future[None]]]:
        batch: list[tuple[Part, asyncio.Future[None]]] = []
        size = 0
        while self._queue and size < ITEMS_A_COMMIT:
            part, done = self._queue.popleft()
            size += len(part.items)
            batch.append((part, done))
        self._queued -= size
        return batch

    async def _write(self, batch: list[tuple[Part, asyncio.Future[None]]]) -> None:
        """One commit for all; if that fails, one for each, so that the fault harms no other."""
        try:
            job = IntakeJob([part for part, _ in batch], self._planner, self._last)
            self._last = job
            await self._store.submit(job)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, HostFull | StoreUnavailable):
                for one in batch:
                    await self._write([one])
                return
            log.warning("not taken", error=type(error).__name__, parts=len(batch))
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)

    async def _check_room(self) -> None:
        if self._queued > MAX_QUEUED:
            raise HostFull("more is coming in than can be written down just now", retry_after=1)
        if time.monotonic() - self._looked_at > _LOOK_EVERY:
            self._looked_at = time.monotonic()
            self._full = await self._look()
        if self._full is not None:
            raise HostFull(self._full, retry_after=30)

    async def _look(self) -> str | None:
        if shutil.disk_usage(self._home).free < self._min_free_bytes:
            return "too little disk space is left"
        if await self._store.read(waiting_messages) > self._max_waiting:
            return "too many messages wait for delivery"
        return None
