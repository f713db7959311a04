"""One sender: takes a batch through its requests and writes down what came of each."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeAlias

import anyio
import structlog

from host.configuration.model import DeliveryPolicy
from host.delivery.late_mapping import map_late
from host.delivery.requests import cut, halves
from host.delivery.rulings import gate_after, holds_back, rule, stopped, untouched
from host.errors import HostFull, PluginFault, StoreUnavailable
from host.http import Http
from host.manifest import Limits
from host.model import Reason
from host.outcome import Isolate, Outcome, Report, ResendDecision, Retry
from host.routing import Route
from host.store.connections import read_connections
from host.store.engine import Transaction
from host.store.lanes import Batch, Claimed, Ruling, renew
from host.store.operations import who_left
from host.store.settling import Attempt, Settlement, settle
from host.store.store import Store

log: Final = structlog.get_logger("host.delivery")

LEASE_MARGIN: Final = 30.0  # seconds beyond the request's timeout
_STORE_AGAIN: Final = 1.0  # seconds until an outcome is written down again after a failure


Following: TypeAlias = Callable[[Batch, Transaction], Batch | None]
"""Given a batch that was sent, claims the next one, or answers None."""


def _nothing(tx: Transaction) -> None:
    """Claim nothing."""


class Sender:
    """Sends for one connection, one request at a time, with a client of its own."""

    def __init__(
        self,
        store: Store,
        route: Route,
        http: Http,
        *,
        told: Callable[[Route, Sequence[Ruling]], None],
        dice: random.Random,
    ) -> None:
        assert route.connection is not None, "only connections with a known manifest deliver"
        self._store = store
        self._route = route
        self._connection = route.connection
        self._policy = route.config.delivery
        self._limits = route.manifest.limits if route.manifest else Limits()
        self._http = http
        self._told = told
        self._dice = dice

    async def send(self, batch: Batch, following: Following) -> Batch | None:
        """Bring every message of the batch to an outcome, or give it back untouched.

        When nothing speaks against going on, `following` claims the next batch in the same
        transaction in which this one is settled; it is the answer.
        """
        groups = deque(cut(await self._mapped(batch), self._limits))
        first = True
        while groups:
            if not first:
                left = await self._renewed(batch)
                if left is None:
                    await self._give_back(batch, groups)
                    return None
                if left:
                    gone = [one for group in groups for one in group if one.customer in left]
                    await self._give_back(batch, [gone])  # which withholds what may not go
                    groups = deque(
                        [one for one in group if one.customer not in left] for group in groups
                    )
            first = False
            group = groups.popleft()
            if not group:
                continue
            report, attempt = await self._request(group)
            outcomes = report.outcomes
            isolated = [
                (one, outcome.reason)
                for one, outcome in zip(group, outcomes, strict=True)
                if isinstance(outcome, Isolate) and len(group) > 1
            ]
            for half in reversed(halves([one for one, _ in isolated])):
                groups.appendleft(half)
            settlement = self._settled(batch, group, report, attempt, isolated)
            if not groups and not holds_back(outcomes):
                return await self._write(settlement, partial(following, batch))
            await self._write(settlement)
            if holds_back(outcomes):
                if groups:
                    await self._give_back(batch, groups)
                return None
        return None

    async def _renewed(self, batch: Batch) -> frozenset[int] | None:
        """Hold the batch for another request: who opted out meanwhile; None: the store is away."""

        def write(tx: Transaction) -> frozenset[int]:
            renew(tx, batch, lease_ms(self._policy))
            customers = [one.customer for one in batch.claimed]
            return who_left(tx, batch.connection, batch.token, customers)

        try:
            return await self._store.write(write)
        except (StoreUnavailable, HostFull) as error:
            log.warning("a batch cannot be held", error=str(error))
            return None

    async def _give_back(self, batch: Batch, groups: Iterable[Sequence[Claimed]]) -> None:
        """Let messages that were not sent stand as before the claim."""
        rest = [untouched(one, _now()) for group in groups for one in group]
        await self._write(self._settlement(batch, rest, None))

    async def _mapped(self, batch: Batch) -> list[Claimed]:
        """The batch with payloads; what can have none is settled."""
        ready: list[Claimed] = []
        ended: list[Ruling] = []
        for claimed in batch.claimed:
            if claimed.snapshot is None:
                ready.append(claimed)
                continue
            try:
                result = await map_late(self._store, self._route, claimed)
            except (StoreUnavailable, HostFull) as error:
                log.warning("a message cannot be mapped yet", error=str(error))
                result = untouched(claimed, _now())
            if isinstance(result, Ruling):
                ended.append(result)
            else:
                ready.append(result)
        if ended:
            await self._write(self._settlement(batch, ended, None))
        return ready

    async def _request(self, group: Sequence[Claimed]) -> tuple[Report, Attempt]:
        at, begun = _now(), time.perf_counter()
        report = await self._deliver(group)
        duration = int((time.perf_counter() - begun) * 1000)
        return report, Attempt(at=at, duration_ms=duration, status=report.status)

    async def _deliver(self, group: Sequence[Claimed]) -> Report:
        messages = [one.message for one in group]
        try:
            with anyio.fail_after(self._policy.timeout + 1):  # the client's own limit comes first
                return await self._route.module.deliver(self._connection, messages, self._http)
        except TimeoutError:
            reason = Reason(code="timeout", text="the module did not end its request in time")
            outcome: Outcome = Retry(reason=reason)
        except PluginFault as fault:
            self._blame("deliver")
            reason = Reason(code="plugin_fault", text=str(fault))
            # One message may be what the plugin stumbles over: its neighbours must not pay.
            outcome = Isolate(reason=reason) if len(group) > 1 else Retry(reason=reason)
        return Report(outcomes=(outcome,) * len(group))

    def _settled(
        self,
        batch: Batch,
        group: Sequence[Claimed],
        report: Report,
        attempt: Attempt,
        isolated: Sequence[tuple[Claimed, Reason]],
    ) -> Settlement:
        again = {one.key for one, _ in isolated}
        now = _now()
        rulings = [
            rule(one, outcome, self._decision(one, outcome), self._policy, now, self._dice)
            for one, outcome in zip(group, report.outcomes, strict=True)
            if one.key not in again
        ]
        settlement = self._settlement(batch, rulings, attempt)
        settlement.isolated = isolated
        settlement.gate = gate_after(group, report.outcomes, report.usage, self._policy, self._dice)
        settlement.stopped = stopped(report.outcomes)
        return settlement

    def _decision(self, one: Claimed, outcome: Outcome) -> ResendDecision | None:
        if not isinstance(outcome, Retry):
            return None
        try:
            return self._route.module.resend(self._connection, one.message, outcome)
        except PluginFault:
            self._blame("resend")
            return None

    def _blame(self, hook: str) -> None:
        # Without the fault's words, which may tell of somebody: they stand at the message.
        log.warning("plugin fault", module=self._route.module.name, hook=hook)

    def _settlement(
        self, batch: Batch, rulings: Sequence[Ruling], attempt: Attempt | None
    ) -> Settlement:
        return Settlement(
            connection=batch.connection, token=batch.token, rulings=rulings, attempt=attempt
        )

    async def _write(
        self, settlement: Settlement, then: Callable[[Transaction], Batch | None] = _nothing
    ) -> Batch | None:
        """Write down, whatever it takes: an outcome that is known must not be lost."""
        while True:
            try:
                with anyio.CancelScope(shield=True):
                    work = partial(self._carry_out, settlement, then)
                    carried_out, following = await self._store.write(work)
            except (StoreUnavailable, HostFull) as error:
                log.warning("outcomes not written down yet", error=str(error))
                # A stop ends the waiting: else a full disk would keep the host from ending.
                await anyio.sleep(_STORE_AGAIN)
            else:
                self._told(self._route, carried_out)
                return following

    def _carry_out(
        self,
        settlement: Settlement,
        then: Callable[[Transaction], Batch | None],
        tx: Transaction,
    ) -> tuple[list[Ruling], Batch | None]:
        """Settle; what a destination says to settings of yesterday stops nobody today."""
        if settlement.stopped is not None and not is_current(tx, self._route):
            settlement.stopped = None
        return settle(tx, settlement), then(tx)


def lease_ms(policy: DeliveryPolicy) -> int:
    """How long a batch is held without a sign of life."""
    return int((policy.timeout + LEASE_MARGIN) * 1000)


def is_current(tx: Transaction, route: Route) -> bool:
    """Whether the connection is still saved as this route has it."""
    return any(row == route.row for row in read_connections(tx))


def _now() -> int:
    return int(time.time() * 1000)
