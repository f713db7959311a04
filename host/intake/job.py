"""The writes of intake: a batch of items, and the erasure of a customer."""

from __future__ import annotations

from collections.abc import Sequence

from host.intake.items import Part, texts_of
from host.intake.planner import Planner
from host.intake.request import Answer
from host.intake.writes import Writes
from host.store.connections import connection_keys, generation
from host.store.customers import find_customers, save_customers
from host.store.engine import Job, Stale, Transaction
from host.store.events import NewEvent, add_events, any_old
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
        self._items = [part.items for part in parts]
        self._planner = planner
        self._before = before
        self._asked: int | None = None  # the number by which the helper answers
        self._answer: Answer | None = None
        self._writes: Writes | None = None  # None: not prepared, or it could not be
        self._events: list[NewEvent] = []
        self._committed: bool | None = None  # None: not over yet
        self._relied_on: list[tuple[IntakeJob, Writes | int | None]] = []

    def ask(self, tx: Transaction) -> None:
        """Have the helper begin to decide, if there is one."""
        self._rely()
        coming = [given for _, given in self._relied_on if given is not None]
        self._asked = self._planner.ask(tx, self._items, coming)

    def hear(self) -> bool:
        """Wait for what the helper decided, if it was asked."""
        if self._asked is not None:
            self._answer = self._planner.hear(self._asked)
        return self._answer is not None

    def prepare(self, tx: Transaction) -> None:
        """Read, decide and map, outside any transaction, unless the helper did."""
        answer, self._answer = self._answer, None
        if answer is not None:
            writes = answer.unpacked()
        else:
            self._writes = None
            self._rely()
            coming = [given for _, given in self._relied_on if isinstance(given, Writes)]
            writes = self._planner.plan(tx, self._items, coming)
        self._events = writes.new_events(texts_of(self._items))
        start = 0
        for part in self._parts:
            end = start + len(part.items)
            part.verdicts, part.ids = writes.verdicts[start:end], writes.ids[start:end]
            start = end
        self._writes = writes

    def _rely(self) -> None:
        """Note the jobs that are about to write, oldest first; of the others the store tells."""
        self._relied_on = []
        job = self._before
        while job is not None and job._committed is None:
            # Read once: the writer may be preparing it anew just now.
            self._relied_on.insert(0, (job, job._writes or job._asked))
            job = job._before

    def apply(self, tx: Transaction) -> None:
        """Write everything down."""
        writes = self._writes
        assert writes is not None, "what could not be prepared is not applied"
        if generation(tx) != writes.generation or not self._relied_rightly():
            raise Stale
        if not writes.thorough and any_old(tx, [event.hash for event in self._events]):
            self._planner.be_thorough()
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
        """Let go of the jobs before; the ones behind may ask how this one ended."""
        self._committed = committed
        self._before = None
        self._relied_on = []

    def _relied_rightly(self) -> bool:
        """Whether the jobs before wrote what this one took for written."""
        return all(job._wrote(given) for job, given in self._relied_on)

    def _wrote(self, given: Writes | int | None) -> bool:
        if given is None:  # it could not be prepared, and wrote nothing if it stayed so
            return self._committed is False
        writes = self._writes
        as_given = writes is given or (writes is not None and writes.number == given)
        return self._committed is True and as_given


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
        tx.run("next_version", "generation")  # what was prepared with the person in mind is stale
        entries.enter(tx)
        return True
