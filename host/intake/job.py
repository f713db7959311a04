"""The writes of intake: a batch of items, and the erasure of a customer."""

from __future__ import annotations

from collections.abc import Sequence

from host.intake.items import Part, texts_of
from host.intake.planner import Planner
from host.intake.writes import Writes
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
        self._planner = planner
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
        coming: Writes | None = None
        if before is not None and before._committed is None:  # else the store tells all
            coming = before._writes  # once: the writer may be preparing it anew just now
            self._relied_on = (before, coming)
        # Only the first time: then it is the preparer's turn, and nobody else asks the helper.
        plan = self._planner.plan_here if again else self._planner.plan
        items = [part.items for part in self._parts]
        writes = plan(tx, items, coming)
        self._events = writes.new_events(texts_of(items))
        start = 0
        for part in self._parts:
            end = start + len(part.items)
            part.verdicts, part.ids = writes.verdicts[start:end], writes.ids[start:end]
            start = end
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
