"""The writes of intake: a batch of items, and the erasure of a customer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from host.intake.items import Part
from host.intake.planner import Planner
from host.intake.writes import Batch, Writes
from host.store.connections import connection_keys, generation
from host.store.customers import find_customers, save_customers
from host.store.engine import Job, Stale, Transaction
from host.store.events import NewEvent, add_events
from host.store.lanes import OPTED_OUT
from host.store.ledger import Entries
from host.store.operations import erase_customer, withhold_customer
from host.store.outbox import enqueue
from host.store.runs import cancel_runs_of, count_runs, end_waits, remove_waits, save_runs


class IntakeJob(Job[None]):
    """Takes parts. The verdicts stand in the parts once the job is on disk."""

    def __init__(
        self, parts: Sequence[Part], planner: Planner, before: IntakeJob | None = None
    ) -> None:
        """`before`: the job handed in before this one, whose writing may not be seen yet."""
        self._parts = parts
        self._items = [item for part in parts for item in part.items]
        self._planner = planner
        self._packed = planner.pack(self._items)
        self._before = before
        self._prepared = False
        self._writes: Writes | None = None  # None: not prepared, or it could not be
        self._events: list[NewEvent] = []
        self._committed: bool | None = None  # None: not over yet
        self._relied_on: tuple[IntakeJob, Writes | None] | None = None

    def prepare(self, tx: Transaction) -> None:
        """Read, decide and map, outside any transaction."""
        before, again = self._before, self._prepared
        self._prepared = True
        self._writes = self._relied_on = None
        coming: Batch | None = None
        if before is not None and before._committed is None:  # else the store tells all
            taken = before._writes  # once: the writer may be preparing it anew just now
            self._relied_on = (before, taken)
            coming = None if taken is None else (before._items, taken)
        # Only the first time: then it is the preparer's turn, and nobody else asks the helper.
        if again:
            writes = self._planner.plan_here(tx, self._items, coming)
        else:
            writes = self._planner.plan(tx, self._items, coming, self._packed)
        self._packed = None
        self._events = writes.new_events(self._items)
        verdicts = iter(writes.verdicts)
        for part in self._parts:
            part.verdicts = list(islice(verdicts, len(part.items)))
        self._writes = writes

    def apply(self, tx: Transaction) -> None:
        """Write everything down."""
        writes = self._writes
        assert writes is not None, "what could not be prepared is not applied"
        if generation(tx) != writes.generation or not self._relied_rightly():
            raise Stale
        save_customers(tx, writes.customers)
        add_events(tx, self._events)
        if remove_waits(tx, writes.over) != len(writes.over):
            raise Stale  # another process went on with one of them
        entries = Entries()
        if writes.left:
            connections = list(connection_keys(tx))
            for customer in writes.left:
                withhold_customer(tx, connections, customer, OPTED_OUT, entries)
                cancel_runs_of(tx, customer, OPTED_OUT.code)
        for connection, count in writes.not_made.items():
            entries.not_made(connection, count)
        if writes.drafts:
            enqueue(tx, writes.drafts, entries)
        for run in writes.ended:
            end_waits(tx, *run)
        if writes.runs:
            save_runs(tx, writes.runs, writes.waits)
            count_runs(tx, writes.counts)
        entries.enter(tx)

    def finished(self, *, committed: bool) -> None:
        """Let go of the job before; the one behind may ask how this one ended."""
        self._committed = committed
        self._before = self._relied_on = None

    def _relied_rightly(self) -> bool:
        """Whether the job before wrote what this one took for written."""
        if self._relied_on is None:
            return True
        before, writes = self._relied_on
        if writes is None:  # it could not be prepared, and wrote nothing if it stayed so
            return before._committed is False
        return before._committed is True and before._writes is writes


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
