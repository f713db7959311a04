"""A real store in a temporary file, with a clock that tests turn, and few words to fill it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from host import wire
from host.model import ConnectionState, Json, Kind, MessageState, Reason
from host.store.connections import ConnectionEdit, read_connections, save_connection
from host.store.customers import StoredCustomer, find_customers, save_customers
from host.store.engine import Transaction
from host.store.lanes import Batch, Claimed, Nothing, Ruling, claim
from host.store.ledger import Entries, read_ledger
from host.store.listing import MessageFilter, read_page
from host.store.messages import MessageView
from host.store.outbox import Body, Draft, enqueue
from host.store.settling import Attempt, Settlement, settle
from host.store.store import Store

LEASE_MS = 40_000


class Clock:
    """Seconds since 1970, as the test says."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def no_more_pages(tx: Transaction) -> None:
    """As if the disk were full: hardly any page fits into the file."""
    execute = tx._connection.execute  # type: ignore[attr-defined]
    (pages,) = execute("PRAGMA page_count").fetchone()
    execute(f"PRAGMA max_page_count = {pages + 5}")


def pages_enough(tx: Transaction) -> None:
    """As if there were room again."""
    tx._connection.execute("PRAGMA max_page_count = 100000000")  # type: ignore[attr-defined]


class Outbox:
    """A store with one connection, `mparticle`, that may deliver."""

    def __init__(self, store: Store, clock: Clock, connection: int) -> None:
        self.store = store
        self.clock = clock
        self.connection = connection

    async def add(
        self,
        customer: str = "c-1",
        *,
        events: Sequence[str] = ("point_add",),
        profile: int | None = None,
        kind: Kind = Kind.EVENT,
        snapshot: bool = False,
    ) -> None:
        """Make messages of one customer, one for each event; `profile` is a profile's digest."""

        def write(tx: Transaction) -> None:
            stored = find_customers(tx, [customer]).get(customer)
            if stored is None:
                stored = StoredCustomer(key=tx.keys(1), id=customer, is_new=True)
                save_customers(tx, [stored])
            drafts = [self._draft(stored.key, name, profile, kind, snapshot) for name in events]
            entries = Entries()
            enqueue(tx, drafts, entries)
            entries.enter(tx)

        await self.store.write(write)

    def _draft(
        self, customer: int, name: str, profile: int | None, kind: Kind, snapshot: bool
    ) -> Draft:
        payload: Json = {
            "event": {"name": name} if kind is Kind.EVENT else None,
            "profile": None if profile is None else {"digest": profile},
        }
        if snapshot:
            payload = {"snapshot": {}, "external": None}
        return Draft(
            connection=self.connection,
            customer=customer,
            kind=kind,
            event=None,
            body=Body(payload=wire.dumps(payload).decode(), profile=profile),
            environment="development",
            mapped=not snapshot,
        )

    async def claim(self, limit: int = 100) -> Batch:
        """Claim what must be there to claim."""
        found = await self.look(limit)
        assert isinstance(found, Batch), found
        return found

    async def look(self, limit: int = 100, *, in_flight: bool = False) -> Batch | Nothing:
        """Claim what there is."""
        install = self.store.install
        return await self.store.write(
            lambda tx: claim(
                tx,
                self.connection,
                install=install,
                limit=limit,
                lease_ms=LEASE_MS,
                in_flight=in_flight,
            )
        )

    async def settle(
        self,
        batch: Batch,
        state: MessageState = MessageState.DELIVERED,
        *,
        wait: float = 0.0,
        reason: Reason | None = None,
        token: int | None = None,
    ) -> list[Ruling]:
        """Settle every message of a batch alike, as after one request."""
        now = int(self.clock.now * 1000)
        rulings = [
            Ruling(
                claimed=one,
                state=state,
                attempts=one.message.attempts + 1,
                due=now + int(wait * 1000),
                reason=reason,
            )
            for one in batch.claimed
        ]
        settlement = Settlement(
            connection=self.connection,
            token=batch.token if token is None else token,
            attempt=Attempt(at=now, duration_ms=5, status=202),
            rulings=rulings,
        )
        return await self.store.write(lambda tx: settle(tx, settlement))

    async def books(self) -> dict[str, int]:
        """What is in the books and not zero; they must balance."""
        books = (await self.store.read(read_ledger))[self.connection]
        assert books["made"] == sum(books[state] for state in MessageState), books
        return {name: count for name, count in books.items() if count}

    async def views(self, **wanted: str) -> list[MessageView]:
        """Messages, oldest first."""
        meant = MessageFilter(**wanted)  # type: ignore[arg-type]
        install = self.store.install
        found, _ = await self.store.read(lambda tx: read_page(tx, install, meant, None, 500))
        return found[::-1]


def names(batch: Batch) -> list[tuple[str, str]]:
    """Customer and event of every message of a batch."""
    return [(one.message.customer, said(one)) for one in batch.claimed]


def said(one: Claimed) -> str:
    """The name of the event that a message carries."""
    event = one.message.payload.event
    return "" if event is None else str(event["name"])


@asynccontextmanager
async def outbox(folder: Path) -> AsyncIterator[Outbox]:
    """A store of its own with a connection that is connected."""
    clock = Clock()
    store = await Store.open(f"sqlite:///{folder}/host.db", folder, clock=clock)
    try:
        await store.write(lambda tx: save_connection(tx, connection_edit()))
        connection = (await store.read(read_connections))[0].key
        yield Outbox(store, clock, connection)
    finally:
        await store.close()


def connection_edit(id: str = "mparticle") -> ConnectionEdit:
    """A new connection, connected."""
    return ConnectionEdit(
        key=None,
        version=None,
        id=id,
        module="mparticle",
        title="",
        document=b"{}",
        secrets=b"",
        enabled=True,
        paused=False,
        environment="development",
        state=ConnectionState.CONNECTED,
    )
