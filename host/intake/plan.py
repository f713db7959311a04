"""What one batch will write: what is known is read, then every item is decided and mapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import structlog

from host.errors import RefusedItem
from host.intake.drafting import Drafting
from host.intake.items import DUPLICATE, GONE, SKIPPED, STALE, TAKEN, UNCHANGED, Read, Verdict
from host.intake.known import Known
from host.intake.profiles import TELLING, Change, by_event, by_profile
from host.intake.running import Running
from host.intake.writes import Before, Recorded, Writes
from host.reading.customers import TakenCustomer
from host.reading.events import TakenEvent
from host.routing import Routing
from host.store.customers import StoredCustomer, find_by_external_id
from host.store.engine import Transaction
from host.store.events import id_hash
from host.store.runs import Wait, WaitingRun, find_waits
from host.store.workflows import read_graph_text
from host.workflow import Program
from host.workflow.reading import compiled

log: Final = structlog.get_logger("host.workflow")

_VERDICTS: Final = {
    Change.NONE: UNCHANGED,
    Change.STALE: STALE,
    Change.PROFILE: TAKEN,
    Change.OPTED_OUT: TAKEN,
}


class Plan:
    """Decides the items of a batch in their order."""

    def __init__(
        self,
        tx: Transaction,
        known: Known,
        items: Sequence[Read],
        routing: Routing,
        first_key: int,
        coming: Sequence[Before] = (),
        *,
        thorough: bool,
    ) -> None:
        """`first_key`: of `keys_needed` keys in a row that are this plan's to give out.

        `coming`: of the batches before that are about to be written, oldest first.
        `thorough`: see `Writes`.
        """
        self._tx = tx
        self._thorough = thorough
        self._routing = routing
        self._drafting = Drafting(routing)
        self._running = Running(self._drafting, tx.now)
        self._events: list[Recorded] = []
        self._left: list[int] = []  # keys of customers who opted out
        self._programs: dict[tuple[int, int], Program | None] = {}  # of waits, by version
        self._identities = frozenset(
            field
            for route in routing.routes
            if route.connection is not None
            for field in route.connection.identities.values()
        )
        self._keys = iter(range(first_key, first_key + keys_needed(len(items))))
        self._read(items, known)
        for before in coming:
            self._overlay(before)
        self._ids = [id_of(item) for item in items]
        self._verdicts = [self._decide(*place) for place in enumerate(items)]

    @property
    def writes(self) -> Writes:
        """What is to be written."""
        running = self._running
        return Writes(
            generation=self._routing.generation,
            thorough=self._thorough,
            verdicts=self._verdicts,
            ids=self._ids,
            events=self._events,
            customers=[one for one in self._customers.values() if one.touched or one.is_new],
            left=self._left,
            drafts=self._drafting.drafts,
            not_made=self._drafting.not_made,
            over=running.over,
            ended=running.ended,
            runs=running.rows(),
            waits=list(running.waits.values()),
            counts=running.counts(),
            states=running.states,
        )

    def _read(self, items: Sequence[Read], known: Known) -> None:
        tx = self._tx
        self._waits: dict[Wait, WaitingRun] = {}
        if waits := [item for item in items if isinstance(item, Wait)]:
            self._waits = find_waits(tx, waits)
        events = [item for item in items if isinstance(item, TakenEvent)]
        self._hashes = {e.event.id: id_hash(e.event.id) for e in events}
        self._contents = {}
        if events:
            hashes = self._hashes.values()
            self._contents = known.contents(tx, hashes, thorough=self._thorough)
        self._owners = find_by_external_id(tx, set(_named_elsewhere(events)))
        ids = {self._customer_id(item) for item in items} - {None}
        self._customers = known.customers(tx, [id_ for id_ in ids if id_ is not None])

    def _overlay(self, before: Before) -> None:
        """Take what a batch before is about to write for written."""
        self._contents.update(before.contents)
        self._running.overlay(before.states)
        self._waits = {
            wait: waiting
            for wait, waiting in self._waits.items()
            if waiting.customer not in before.left
        }
        for stored in before.customers:
            self._customers[stored.id] = stored.saved()
            self._own(stored)

    def _own(self, stored: StoredCustomer) -> None:
        for name, value in (stored.external_ids or {}).items():
            self._owners[name, value] = stored.id

    def _customer_id(self, item: Read) -> str | None:
        if isinstance(item, TakenEvent):
            event = item.event
            if event.external_id is None or event.customer is None:
                return event.customer
            return self._owners.get((event.external_id, event.customer), event.customer)
        if isinstance(item, TakenCustomer):
            return item.id
        waiting = self._waits.get(item) if isinstance(item, Wait) else None
        return waiting.customer_id if waiting else None

    def _new_customer(self, id_: str) -> StoredCustomer:
        stored = StoredCustomer(key=next(self._keys), id=id_, is_new=True)
        self._customers[id_] = stored
        return stored

    def _decide(self, place: int, item: Read) -> Verdict:
        if isinstance(item, TakenEvent):
            return self._take_event(place, item)
        if isinstance(item, Wait):
            return self._go_on(item)
        if isinstance(item, TakenCustomer):
            return self._take_customer(item)
        return SKIPPED if item is None else item  # a refusal

    def _take_event(self, place: int, taken: TakenEvent) -> Verdict:
        event = taken.event
        known = self._contents.get(event.id)
        if known is not None:
            return DUPLICATE if known == taken.content else _conflict()
        self._contents[event.id] = taken.content
        key = next(self._keys)
        id_ = event.customer if event.external_id is None else self._customer_id(taken)
        stored = None
        if id_ is not None:
            stored = self._customers.get(id_) or self._new_customer(id_)
        owner = None if stored is None else stored.key
        self._events.append(
            Recorded(
                place, key, self._hashes[event.id], event.id, taken.content, owner, event.action
            )
        )
        if stored is None:  # a guest's event is kept; there is nobody to tell about
            return TAKEN
        action = event.action
        if action in TELLING:
            self._follow(stored, by_event(stored, event, self._identities))
        self._drafting.event(stored, event, key)
        if action in self._routing.workflows:
            self._running.event(stored, event, key)
        return TAKEN

    def _go_on(self, wait: Wait) -> Verdict:
        waiting = self._waits.get(wait)
        stored = self._customers.get(waiting.customer_id) if waiting else None
        if waiting is None or stored is None or waiting.customer in self._left:
            return GONE
        version = (wait.workflow, waiting.version)
        if version not in self._programs:
            self._programs[version] = _program(read_graph_text(self._tx, *version))
        event = waiting.event.event if waiting.event else None
        went_on = self._running.go_on(waiting, self._programs[version], stored, event)
        return TAKEN if went_on else GONE

    def _take_customer(self, taken: TakenCustomer) -> Verdict:
        stored = self._customers.get(taken.id) or self._new_customer(taken.id)
        is_first = stored.text is None
        change = by_profile(stored, taken, self._tx.now, self._identities)
        self._follow(stored, change)
        return TAKEN if is_first and change is not Change.STALE else _VERDICTS[change]

    def _follow(self, stored: StoredCustomer, change: Change) -> None:
        self._own(stored)
        if change is Change.OPTED_OUT:
            self._left.append(stored.key)
            self._drafting.opted_out(stored)
            self._running.opted_out(stored.key)
        elif change is Change.PROFILE:
            self._drafting.profile(stored)


def keys_needed(items: int) -> int:
    """How many keys deciding these may take: one an event, one for a customer met first in it."""
    return 2 * items


def id_of(item: Read) -> str | None:
    """The id of an event or a customer."""
    if isinstance(item, TakenEvent):
        return item.event.id
    return item.id if isinstance(item, TakenCustomer) else None


def _program(text: str | None) -> Program | None:
    try:
        return None if text is None else compiled(text)
    except Exception as error:  # its run ends; the others of the batch go on
        log.error("a saved workflow cannot be read", error=type(error).__name__)
        return None


def _named_elsewhere(events: Sequence[TakenEvent]) -> Iterator[tuple[str, str]]:
    """Name and value of the customers that events name by an external id."""
    for taken in events:
        event = taken.event
        if event.external_id is not None and event.customer is not None:
            yield event.external_id, event.customer


def _conflict() -> RefusedItem:
    return RefusedItem(
        "conflict",
        "an event with this id but other content was taken before; the first one stands",
    )
