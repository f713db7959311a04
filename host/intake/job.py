"""One batch of intake: read what is known, decide, map, then write all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from host.errors import RefusedItem
from host.intake.drafting import Drafting
from host.intake.profiles import TELLING, Change, by_event, by_profile
from host.reading.customers import TakenCustomer
from host.reading.events import TakenEvent
from host.routing import Routing
from host.store.connections import connection_keys, generation
from host.store.customers import (
    StoredCustomer,
    find_by_external_id,
    find_customers,
    save_customers,
)
from host.store.engine import Job, Stale, Transaction
from host.store.events import NewEvent, add_events, find_contents, id_hash
from host.store.lanes import OPTED_OUT
from host.store.ledger import Entries
from host.store.operations import erase_customer, withhold_customer
from host.store.outbox import enqueue

Item: TypeAlias = TakenEvent | TakenCustomer

TAKEN: Final = "taken"
DUPLICATE: Final = "duplicate"
UNCHANGED: Final = "unchanged"
STALE: Final = "stale"

Verdict: TypeAlias = str | RefusedItem
"""What became of an item: one of the words above, or why it is refused."""

_VERDICTS: Final = {
    Change.NONE: UNCHANGED,
    Change.STALE: STALE,
    Change.PROFILE: TAKEN,
    Change.OPTED_OUT: TAKEN,
}


@dataclass(slots=True)
class Part:
    """Some items of one request, decided together."""

    items: Sequence[Item]
    verdicts: list[Verdict] = field(default_factory=list)


class IntakeJob(Job[None]):
    """Takes parts. The verdicts stand in the parts once the job is on disk."""

    def __init__(
        self,
        parts: Sequence[Part],
        routing: Callable[[Transaction], Routing],
        before: IntakeJob | None = None,
    ) -> None:
        """`before`: the job handed in before this one, whose writing may not be seen yet."""
        self._parts = parts
        self._read_routing = routing
        self._before = before
        self._preparations = 0
        self._committed: bool | None = None  # None: not over yet
        self._seen: tuple[IntakeJob, int] | None = None  # what `before` was going to write

    def prepare(self, tx: Transaction) -> None:
        """Read, decide and map, outside any transaction."""
        self._preparations += 1
        self._routing = self._read_routing(tx)
        self._identities = frozenset(
            field
            for route in self._routing.routes
            if route.connection is not None
            for field in route.connection.identities.values()
        )
        self._drafting = Drafting(self._routing)
        self._events: list[NewEvent] = []
        self._left: list[int] = []  # customers who opted out
        self._look_up(tx)
        for part in self._parts:
            part.verdicts = [self._decide(tx, item) for item in part.items]

    def apply(self, tx: Transaction) -> None:
        """Write everything down."""
        if generation(tx) != self._routing.generation or not self._saw_right():
            raise Stale
        save_customers(tx, [c for c in self._customers.values() if c.touched])
        add_events(tx, self._events)
        entries = Entries()
        if self._left:
            connections = list(connection_keys(tx))
            for customer in self._left:
                withhold_customer(tx, connections, customer, OPTED_OUT, entries)
        for connection, count in self._drafting.not_made.items():
            entries.not_made(connection, count)
        if self._drafting.drafts:
            enqueue(tx, self._drafting.drafts, entries)
        entries.enter(tx)

    def finished(self, *, committed: bool) -> None:
        """Let go of the job before; the one behind may ask how this one ended."""
        self._committed = committed
        self._before = self._seen = None

    def _saw_right(self) -> bool:
        """Whether the job before wrote what this one took for written."""
        if self._seen is None:
            return True
        before, preparations = self._seen
        return before._committed is True and before._preparations == preparations

    def _look_up(self, tx: Transaction) -> None:
        before = self._before
        over = before is None or before._committed is not None  # then the store tells all
        self._read(tx)
        self._seen = None
        if before is not None and not over:
            self._seen = (before, before._preparations)
            self._overlay(before)

    def _overlay(self, before: IntakeJob) -> None:
        """Take what the job before is about to write for written."""
        self._contents.update(before._contents)
        for id_, stored in before._customers.items():
            if stored.touched:
                self._customers[id_] = stored.saved()
        self._owners.update(
            {
                (name, value): stored.id
                for stored in before._customers.values()
                for name, value in (stored.external_ids or {}).items()
            }
        )

    def _read(self, tx: Transaction) -> None:
        events = [item for item in self._items() if isinstance(item, TakenEvent)]
        self._hashes = {e.event.id: id_hash(e.event.id) for e in events}
        self._contents = find_contents(tx, self._hashes.values()) if events else {}
        self._owners = find_by_external_id(
            tx,
            {
                (e.event.external_id, e.event.customer)
                for e in events
                if e.event.external_id is not None and e.event.customer is not None
            },
        )
        ids = {self._customer_id(item) for item in self._items()} - {None}
        self._customers = find_customers(tx, [id_ for id_ in ids if id_ is not None])

    def _items(self) -> Iterator[Item]:
        for part in self._parts:
            yield from part.items

    def _customer_id(self, item: Item) -> str | None:
        if isinstance(item, TakenCustomer):
            return item.id
        event = item.event
        if event.external_id is None or event.customer is None:
            return event.customer
        return self._owners.get((event.external_id, event.customer), event.customer)

    def _new_customer(self, tx: Transaction, id_: str) -> StoredCustomer:
        stored = StoredCustomer(key=tx.keys(1), id=id_, is_new=True)
        self._customers[id_] = stored
        return stored

    def _decide(self, tx: Transaction, item: Item) -> Verdict:
        if isinstance(item, TakenCustomer):
            return self._take_customer(tx, item)
        return self._take_event(tx, item)

    def _take_event(self, tx: Transaction, taken: TakenEvent) -> Verdict:
        event = taken.event
        known = self._contents.get(event.id)
        if known is not None:
            return DUPLICATE if known == taken.content else _conflict()
        self._contents[event.id] = taken.content
        key = tx.keys(1)
        id_ = event.customer if event.external_id is None else self._customer_id(taken)
        hash = self._hashes[event.id]
        if id_ is None:  # a guest's event is kept; there is nobody to tell about
            self._events.append(
                NewEvent(key, hash, event.id, taken.content, None, event.action, taken.raw)
            )
            return TAKEN
        stored = self._customers.get(id_) or self._new_customer(tx, id_)
        self._events.append(
            NewEvent(key, hash, event.id, taken.content, stored.key, event.action, taken.raw)
        )
        if event.action in TELLING:
            self._follow(stored, by_event(stored, event, self._identities))
        self._drafting.event(stored, event, key)
        return TAKEN

    def _take_customer(self, tx: Transaction, taken: TakenCustomer) -> Verdict:
        stored = self._customers.get(taken.id) or self._new_customer(tx, taken.id)
        is_first = stored.text is None
        change = by_profile(stored, taken, tx.now, self._identities)
        self._follow(stored, change)
        return TAKEN if is_first and change is not Change.STALE else _VERDICTS[change]

    def _follow(self, stored: StoredCustomer, change: Change) -> None:
        if change is Change.OPTED_OUT:
            self._left.append(stored.key)
            self._drafting.opted_out(stored)
        elif change is Change.PROFILE:
            self._drafting.profile(stored)


def _conflict() -> RefusedItem:
    return RefusedItem(
        "conflict",
        "an event with this id but other content was taken before; the first one stands",
    )


class EraseJob(Job[bool]):
    """Forget a customer. False if nobody is known under that id."""

    def __init__(self, id_: str) -> None:
        self._id = id_

    def apply(self, tx: Transaction) -> bool:
        """Erase what is known of the person."""
        stored = find_customers(tx, [self._id]).get(self._id)
        if stored is None:
            return False
        entries = Entries()
        erase_customer(tx, connection_keys(tx), stored.key, entries)
        tx.run("next_generation")  # what was prepared with the person in mind is stale
        entries.enter(tx)
        return True
