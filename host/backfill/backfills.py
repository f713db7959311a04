"""Backfills: started, paused, cancelled by people; worked off beside the live traffic.

Live traffic goes first. A backfill looks at few customers at a time, and makes messages only
while few lanes of the connection are due: a live message waits behind fewer than
`DUE_AT_MOST + MADE_AT_ONCE` of them, however many customers there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import anyio
import structlog

from host.backfill.chunk import ChunkJob
from host.backfill.words import (
    EVERYBODY,
    NO_FIELDS,
    ROOM,
    TROUBLE,
    BackfillView,
    Preview,
    Whom,
    obstacle,
    view_of,
)
from host.errors import Fault, HostFull, InvalidConfiguration, NotFound, StoreUnavailable
from host.model import Reason, to_ms
from host.routing import Route, Routing
from host.store.backfills import (
    Backfill,
    BackfillState,
    Chosen,
    add_backfill,
    count_customers,
    end_backfill,
    find_keys,
    latest_backfill,
    read_backlog,
    running_backfills,
    set_state,
)
from host.store.engine import Transaction
from host.store.store import Store

log: Final = structlog.get_logger("host.backfill")

DUE_AT_MOST: Final = 400  # lanes: enough for every sender's next request
RETRYING_AT_MOST: Final = 1000  # messages: a destination in trouble is sent no more
LISTED_AT_MOST: Final = 10_000  # customers
LOOK_EVERY: Final = 1.0  # seconds between looks for what another process started
_LOOK_FOR_ROOM: Final = 0.05  # seconds between looks while messages leave
_REST: Final = 3.0  # times as long as a step took: a quarter of the time at most is ours
_BROKEN: Final = Reason(code="internal", text="the host met an error; its log tells which")


class Backfills:
    """Sends every customer's mapped fields of a connection when somebody asks for it."""

    def __init__(self, store: Store, routing: Callable[[Transaction], Routing]) -> None:
        self._store = store
        self._routing = routing
        self._started = anyio.Event()

    async def preview(self, connection_id: str, whom: Whom = EVERYBODY) -> Preview:
        """What a start would do; changes nothing. Raises NotFound, InvalidConfiguration."""

        def read(tx: Transaction) -> Preview:
            route = self._routing(tx).find(connection_id)
            chosen, total = self._choose(tx, route, whom)
            last = latest_backfill(tx, route.key)
            pace = last.pace if last else None
            return Preview(
                customers=total,
                exact=chosen.since is None and not chosen.only_changed,
                seconds=None if pace is None else total * pace / 1000,
                waits_for=obstacle(route),
            )

        return await self._store.read(read)

    async def start(
        self, connection_id: str, whom: Whom = EVERYBODY, *, by: str, resume: bool = False
    ) -> BackfillView:
        """Start a backfill; `by` names who wanted it.

        While one is under way it is refused; with `resume`, one for the same customers goes
        on instead. Raises NotFound, InvalidConfiguration.
        """

        def choose(tx: Transaction) -> tuple[Route, Chosen, int]:
            route = self._routing(tx).find(connection_id)
            return route, *self._choose(tx, route, whom)

        # Counting takes a moment, in which nobody else could write.
        route, chosen, total = await self._store.read(choose)

        def write(tx: Transaction) -> None:
            last = latest_backfill(tx, route.key)
            if last is None or not last.state.under_way:
                add_backfill(tx, route.key, chosen, total, by)
            elif not resume or last.chosen != chosen:
                raise InvalidConfiguration([_under_way(connection_id, last)])
            elif last.state is BackfillState.PAUSED:
                set_state(tx, last, BackfillState.RUNNING)

        await self._store.write(write)
        self._started.set()
        view = await self.latest(connection_id)
        assert view is not None, "it was just started"
        return view

    async def latest(self, connection_id: str) -> BackfillView | None:
        """The connection's newest backfill, running or over. Raises NotFound."""

        def read(tx: Transaction) -> BackfillView | None:
            route = self._routing(tx).find(connection_id)
            backfill = latest_backfill(tx, route.key)
            if backfill is None:
                return None
            return view_of(backfill, connection_id, _waits_for(tx, route))

        return await self._store.read(read)

    async def pause(self, connection_id: str) -> BackfillView:
        """Make no more messages until resumed; those made go out. Raises NotFound."""
        return await self._change(
            connection_id, lambda tx, one: set_state(tx, one, BackfillState.PAUSED)
        )

    async def resume(self, connection_id: str) -> BackfillView:
        """Go on with the backfill under way. Raises NotFound."""
        view = await self._change(
            connection_id, lambda tx, one: set_state(tx, one, BackfillState.RUNNING)
        )
        self._started.set()
        return view

    async def cancel(self, connection_id: str) -> BackfillView:
        """End the backfill under way; messages made go out. Raises NotFound."""
        return await self._change(
            connection_id, lambda tx, one: end_backfill(tx, one, BackfillState.CANCELLED)
        )

    async def run(self) -> None:
        """Work on whatever is running until cancelled. One process at a time may do so."""
        while True:
            self._started = anyio.Event()
            try:
                rest = await self._round()
            except (StoreUnavailable, HostFull) as error:
                log.warning("no backfill can go on just now", error=str(error))
                rest = LOOK_EVERY
            with anyio.move_on_after(rest):
                await self._started.wait()

    async def advance(self, connection_id: str) -> bool:
        """Look at some more customers; False if it cannot be just now, or nothing is running.

        For who is alone on the database: a process that delivers has `run` do it. Raises NotFound.
        """
        route = (await self._store.read(self._routing)).find(connection_id)
        return await self._step(route.key) is None

    # How it is worked off.

    async def _round(self) -> float:
        """One step of each running backfill; seconds to rest."""
        before = time.monotonic()
        waits: list[Reason | None] = []
        for connection in await self._store.read(running_backfills):
            try:
                waits.append(await self._step(connection))
            except (StoreUnavailable, HostFull):
                raise
            except Exception as error:  # of this one; the others go on
                log.exception("a backfill failed", error=type(error).__name__)
                await self._store.write(partial(_break, connection=connection))
        if None in waits:
            return _REST * (time.monotonic() - before)
        return _LOOK_FOR_ROOM if ROOM in waits else LOOK_EVERY

    async def _step(self, connection: int) -> Reason | None:
        """Look at some customers of a running backfill, or say what has to be waited for."""

        def look(tx: Transaction) -> Reason | None:
            routes = self._routing(tx).routes
            route = next((route for route in routes if route.key == connection), None)
            return None if route is None else _waits_for(tx, route)

        waits_for = await self._store.read(look)
        if waits_for is None and not await self._store.submit(ChunkJob(connection, self._routing)):
            return _NOTHING
        return waits_for

    async def _change(
        self, connection_id: str, write: Callable[[Transaction, Backfill], None]
    ) -> BackfillView:
        # What is configured is read apart: a transaction may yet fail, and is not to be remembered.
        route = (await self._store.read(self._routing)).find(connection_id)

        def change(tx: Transaction) -> None:
            backfill = latest_backfill(tx, route.key)
            if backfill is None or not backfill.state.under_way:
                raise NotFound(f"no backfill of the connection {connection_id!r} is under way")
            write(tx, backfill)

        await self._store.write(change)
        view = await self.latest(connection_id)
        assert view is not None, "it was just written"
        return view

    def _choose(self, tx: Transaction, route: Route, whom: Whom) -> tuple[Chosen, int]:
        """The customers meant, and how many will be looked at. Raises InvalidConfiguration."""
        faults: list[Fault] = []
        if not route.config.fields:
            faults.append(Fault(path=f"connections.{route.row.id}.fields", message=NO_FIELDS.text))
        keys: tuple[int, ...] | None = None
        ids = whom.customers
        if ids is not None and not 0 < len(ids) <= LISTED_AT_MOST:
            text = f"name between 1 and {LISTED_AT_MOST} customers, or all"
            faults.append(Fault(path="customers", message=text))
        elif ids is not None:
            found = find_keys(tx, ids)
            faults += [
                Fault(path=f"customers[{place}]", message="there is no customer with this id")
                for place, key in enumerate(found)
                if key is None
            ]
            keys = tuple(sorted({key for key in found if key is not None}))
        if faults:
            raise InvalidConfiguration(faults)
        since = None if whom.since is None else to_ms(whom.since)
        chosen = Chosen(customers=keys, since=since, only_changed=whom.only_changed)
        return chosen, count_customers(tx) if keys is None else len(keys)


_NOTHING: Final = Reason(code="not_running", text="no backfill is running")


def _waits_for(tx: Transaction, route: Route) -> Reason | None:
    waits_for = obstacle(route)
    if waits_for is None:
        backlog = read_backlog(tx, route.key, DUE_AT_MOST)
        if backlog.retrying >= RETRYING_AT_MOST:
            return TROUBLE
        if backlog.due >= DUE_AT_MOST:
            return ROOM
    return waits_for


def _under_way(connection_id: str, backfill: Backfill) -> Fault:
    counts = backfill.counts
    text = (
        f"a backfill is {backfill.state} already, {counts.looked_at} of {backfill.total} "
        "customers looked at: resume or cancel that one"
    )
    return Fault(path=f"connections.{connection_id}", message=text)


def _break(tx: Transaction, connection: int) -> None:
    backfill = latest_backfill(tx, connection)
    if backfill is not None and backfill.state.under_way:
        end_backfill(tx, backfill, BackfillState.FAILED, _BROKEN)
