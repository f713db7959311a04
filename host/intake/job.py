"""The writes of intake: a batch of items, and the erasure of a customer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from host.intake.plan import Part, Plan
from host.routing import Routing
from host.store.connections import connection_keys, generation
from host.store.customers import find_customers, save_customers
from host.store.engine import Job, Stale, Transaction
from host.store.events import add_events
from host.store.lanes import OPTED_OUT
from host.store.ledger import Entries
from host.store.operations import erase_customer, withhold_customer
from host.store.outbox import enqueue
from host.store.runs import cancel_runs_of, count_runs, end_waits, remove_waits, save_runs


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
        self._plan: Plan | None = None  # None: not prepared, or it could not be
        self._committed: bool | None = None  # None: not over yet
        self._relied_on: tuple[IntakeJob, Plan | None] | None = None

    def prepare(self, tx: Transaction) -> None:
        """Read, decide and map, outside any transaction."""
        before = self._before
        self._plan = self._relied_on = None
        coming: Plan | None = None
        if before is not None and before._committed is None:  # else the store tells all
            coming = before._plan
            self._relied_on = (before, coming)
        self._plan = Plan(tx, self._parts, self._read_routing(tx), coming)

    def apply(self, tx: Transaction) -> None:
        """Write everything down."""
        plan = self._plan
        assert plan is not None, "what could not be prepared is not applied"
        if generation(tx) != plan.routing.generation or not self._relied_rightly():
            raise Stale
        save_customers(tx, plan.changed_customers)
        add_events(tx, plan.events)
        running = plan.running
        if remove_waits(tx, running.over) != len(running.over):
            raise Stale  # another process went on with one of them
        entries = Entries()
        if plan.left:
            connections = list(connection_keys(tx))
            for customer in plan.left:
                withhold_customer(tx, connections, customer, OPTED_OUT, entries)
                cancel_runs_of(tx, customer, OPTED_OUT.code)
        for connection, count in plan.drafting.not_made.items():
            entries.not_made(connection, count)
        if plan.drafting.drafts:
            enqueue(tx, plan.drafting.drafts, entries)
        for run in running.ended:
            end_waits(tx, *run)
        if running.any:
            save_runs(tx, running.rows(), list(running.waits.values()))
            count_runs(tx, running.counts())
        entries.enter(tx)

    def finished(self, *, committed: bool) -> None:
        """Let go of the job before; the one behind may ask how this one ended."""
        self._committed = committed
        self._before = self._relied_on = None

    def _relied_rightly(self) -> bool:
        """Whether the job before wrote what this one took for written."""
        if self._relied_on is None:
            return True
        before, plan = self._relied_on
        if plan is None:  # it could not be prepared, and wrote nothing if it stayed so
            return before._committed is False
        return before._committed is True and before._plan is plan


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
