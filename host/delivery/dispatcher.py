"""One connection's dispatcher: claims for free senders, as fast as the gate lets it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

import anyio
import anyio.abc
import structlog

from host.delivery.sender import Sender, is_current, lease_ms
from host.errors import HostFull, StoreUnavailable
from host.http import DestinationPolicy, Http, Resolver
from host.manifest import Limits
from host.routing import Route
from host.store.connections import generation
from host.store.engine import Transaction
from host.store.lanes import Batch, Nothing, Ruling, claim, read_gate, release_held_back, renew
from host.store.store import Store

log: Final = structlog.get_logger("host.delivery")

FILL_FOR: Final = 0.005  # seconds that a batch may wait to fill
LOOK_AGAIN: Final = 1.0  # seconds after which work is looked for unasked: commands make some
_RELEASE_AT_ONCE: Final = 200
_RENEW_EVERY_MS: Final = 10_000  # well within the shortest lease
_FIRST: Final = (-1, -1)


class Dispatcher:
    """Delivers one connection as it was configured at one moment."""

    def __init__(
        self,
        store: Store,
        route: Route,
        policy: DestinationPolicy,
        *,
        told: Callable[[Route, Sequence[Ruling]], None],
        dice: random.Random,
    ) -> None:
        self.route = route
        self._store = store
        self._policy = policy
        self._told = told
        self._dice = dice
        self._limits = route.manifest.limits if route.manifest else Limits()
        self._lease_ms = lease_ms(route.config.delivery)
        self._wake = anyio.Event()
        self._stopping = False
        self._idle: list[Sender] = []
        self._under_way: dict[int, Batch] = {}  # by token
        self._renew_at = 0  # ms since 1970
        self._generation = -1  # of the configuration, when we last looked
        self._current = True
        self._released_until = 0  # the recovery whose lanes were made due
        self._release_from: tuple[int, int] | None = None

    def wake(self) -> None:
        """There may be work, or a sender is free."""
        self._wake.set()

    def stop(self) -> None:
        """Claim no more; `run` returns when what is in flight is settled."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until stopped."""
        async with AsyncExitStack() as stack:
            resolver = Resolver()
            for _ in range(self.route.config.delivery.concurrency):
                http = Http(
                    self._policy, timeout=self.route.config.delivery.timeout, resolver=resolver
                )
                await stack.enter_async_context(http)
                self._idle.append(
                    Sender(self._store, self.route, http, told=self._told, dice=self._dice)
                )
            async with anyio.create_task_group() as tasks:
                await self._dispatch(tasks)

    async def _dispatch(self, tasks: anyio.abc.TaskGroup) -> None:
        while not self._stopping:
            self._wake = anyio.Event()
            if not self._idle:
                await self._wake.wait()
                continue
            try:
                claimed = await self._store.write(self._claim)
            except (StoreUnavailable, HostFull) as error:
                log.warning("cannot claim", connection=self.route.row.id, error=str(error))
                await self._rest(1.0)
                continue
            if isinstance(claimed, Batch):
                sender = self._idle.pop()
                self._under_way[claimed.token] = claimed  # seen by the next claim
                tasks.start_soon(self._send, sender, claimed)
                if len(claimed.claimed) < self._limits.items_per_request:
                    await anyio.sleep(FILL_FOR)
            elif self._release_from is None:
                await self._rest(self._seconds_until(claimed))
                await anyio.sleep(FILL_FOR)

    def _claim_next(self, sent: Batch, tx: Transaction) -> Batch | None:
        """What a sender goes on with: while there is plenty, no time is lost between batches."""
        if self._stopping or len(sent.claimed) < self._limits.items_per_request:
            return None
        claimed = self._claim(tx, beside=sent)
        return claimed if isinstance(claimed, Batch) else None

    def _claim(self, tx: Transaction, beside: Batch | None = None) -> Batch | Nothing:
        """Claim while others are under way; `beside` is over."""
        self._hold(tx)
        if not self._still_current(tx):
            return Nothing(until=None)  # whoever follows the configuration replaces us
        self._release(tx)
        return claim(
            tx,
            self.route.key,
            install=self._store.install,
            limit=self._limits.items_per_request,
            lease_ms=self._lease_ms,
            in_flight=any(batch is not beside for batch in tuple(self._under_way.values())),
        )

    def _still_current(self, tx: Transaction) -> bool:
        """Whether the connection is as we know it: nothing more goes out by old settings."""
        now = generation(tx)
        if now != self._generation:
            self._generation = now
            self._current = is_current(tx, self.route)
        return self._current

    def _hold(self, tx: Transaction) -> None:
        """Renew what is under way, so that no claim of ours takes it for abandoned.

        A lease runs out under a living sender when the store is away for long, the process
        stands still, or the clock is put forward.
        """
        if tx.now < self._renew_at:
            return
        self._renew_at = tx.now + _RENEW_EVERY_MS
        for batch in tuple(self._under_way.values()):
            renew(tx, batch, self._lease_ms)

    def _release(self, tx: Transaction) -> None:
        """After a recovery, step by step: what waits for a resend is due now."""
        gate, _ = read_gate(tx, self.route.key)
        if gate.recovered_at > self._released_until:
            self._released_until = gate.recovered_at
            self._release_from = _FIRST
        if self._release_from is not None:
            self._release_from = release_held_back(
                tx, self.route.key, self._release_from, _RELEASE_AT_ONCE
            )

    async def _send(self, sender: Sender, batch: Batch) -> None:
        following: Batch | None = batch
        try:
            while following is not None:
                batch = following
                self._under_way[batch.token] = batch
                following = await sender.send(batch, self._claim_next)
                del self._under_way[batch.token]
        finally:
            self._under_way.pop(batch.token, None)
            self._idle.append(sender)
            self._wake.set()

    def _seconds_until(self, nothing: Nothing) -> float:
        if nothing.until is None:
            return LOOK_AGAIN
        return min(LOOK_AGAIN, max(0.0, nothing.until / 1000 - time.time()))

    async def _rest(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self._wake.wait()
