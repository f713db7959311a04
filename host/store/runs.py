"""Runs of workflows: what they did for which event, and the waits that they are in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from host import wire
from host.store.engine import Row, Transaction
from host.store.events import StoredEvent
from host.store.hours import HOUR_MS, hour_of
from host.store.keys import LAST_KEY, ms_of

PAGE: Final = 50
LOOK: Final = 5000  # rows that one page looks at
RUN_DAYS: Final = 30  # how long the log of a run is kept after its end
OPTED_OUT: Final = "opted_out"
WORKFLOW_DELETED: Final = "workflow_deleted"
CANCELLED_BY_HAND: Final = "cancelled_by_hand"


class Wait(NamedTuple):
    """A wait that a run is in: when it is over (ms since 1970), whose run it is, at which node."""

    due: int
    event: int
    workflow: int
    node: str


class NewWait(NamedTuple):
    """A wait to be written down, in the order of its columns."""

    due: int
    event: int
    workflow: int
    node: str
    customer: int


class NewRun(NamedTuple):
    """A run to be written down, new or gone on, in the order of its columns."""

    workflow: int
    event: int
    version: int
    customer: int
    result: str
    steps: str  # JSON
    duration: int  # µs
    ended_at: int  # ms
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRun:
    """A wait that is still there, with its run so far and the event that it is about."""

    wait: Wait
    version: int
    customer: int
    customer_id: str
    steps: Sequence[Any]
    duration: int  # µs so far
    waits: frozenset[tuple[int, str]]  # all that the run is in: due, node
    event: StoredEvent | None  # that it is about; None: its content is no longer kept


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as its log shows it. `steps`: lists of node, outcome, input, text."""

    workflow: int
    event: int  # key
    version: int
    result: str
    steps: Sequence[Sequence[Any]]
    duration: int  # µs
    ended_at: int  # ms
    reason: str | None
    customer_id: str
    event_id: str | None
    action: str | None

    @property
    def at(self) -> int:
        """When it began, ms since 1970."""
        return ms_of(self.event)

    @classmethod
    def from_row(cls, row: Row) -> StoredRun:
        """Of a statement of `runs.sql`."""
        return cls(
            workflow=row[0],
            event=row[1],
            version=row[2],
            result=row[3],
            steps=wire.loads(row[4]),
            duration=row[5],
            ended_at=row[6],
            reason=row[7],
            customer_id=row[8],
            event_id=row[9],
            action=row[10],
        )


def save_runs(tx: Transaction, runs: Sequence[NewRun], waits: Sequence[NewWait]) -> None:
    """Write down runs, new or gone on, and the waits that they came to."""
    tx.run_many("save_run", runs)
    tx.run_many("add_wait", waits)


def count_runs(tx: Transaction, counts: Iterable[tuple[int, int, int]]) -> None:
    """Add to what this hour brought: workflow, runs, errors."""
    hour = hour_of(tx.now)
    tx.run_many("count_runs", [(workflow, hour, runs, errors) for workflow, runs, errors in counts])


def due_waits(tx: Transaction, limit: int) -> list[Wait]:
    """Waits that are over, the oldest first."""
    return [Wait(*row) for row in tx.rows("due_waits", tx.now, limit)]


def next_wait(tx: Transaction) -> int | None:
    """When the next wait is over, ms since 1970."""
    row = tx.row("next_wait")
    return row[0] if row else None


def find_waits(tx: Transaction, waits: Sequence[Wait]) -> dict[Wait, WaitingRun]:
    """Those of these waits that are still there."""
    rows = tx.rows("waits_with_runs", wire.dumps(waits).decode())
    return {
        (wait := Wait(*row[:4])): WaitingRun(
            wait=wait,
            version=row[4],
            customer=row[5],
            steps=wire.loads(row[6]),
            duration=row[7],
            waits=frozenset((due, node) for due, node in wire.loads(row[8])),
            customer_id=row[9],
            event=None
            if row[12] is None
            else StoredEvent(
                key=wait.event, id=row[10], action=row[11], customer=row[9], body=row[12]
            ),
        )
        for row in rows
    }


def remove_waits(tx: Transaction, waits: Sequence[Wait]) -> int:
    """These waits are over; how many of them were still there."""
    return tx.run("remove_waits", wire.dumps(waits).decode()) if waits else 0


def end_waits(tx: Transaction, workflow: int, event: int) -> None:
    """A run waits for nothing any more."""
    tx.run("remove_waits_of_run", workflow, event)


def cancel(tx: Transaction, run: Sequence[int], reason: str) -> None:
    """End a run (workflow, event) that waits."""
    end_waits(tx, run[0], run[1])
    tx.run("cancel_run", reason, tx.now, run[0], run[1])


def cancel_runs_of(tx: Transaction, customer: int, reason: str) -> None:
    """End every run of a customer that waits."""
    for run in tx.rows("waiting_of_customer", customer):
        cancel(tx, run, reason)


def erase_runs(tx: Transaction, customer: int) -> None:
    """Forget what workflows did for a customer, and what they still would."""
    tx.run("erase_waits", customer)
    tx.run("erase_runs", customer)


def read_runs(
    tx: Transaction,
    workflow: int,
    *,
    result: str = "",
    customer: int | None = None,
    before: int | None = None,
) -> tuple[list[StoredRun], int | None]:
    """A page of a workflow's runs, newest first, and the cursor of the next page.

    `result`, `customer` (a key): only theirs. A page is short though there is a next one when
    it looked at `LOOK` runs, or events of the customer, and few of them were meant.
    """
    start, floor = before or LAST_KEY, 0
    if customer is not None:
        floor = floor_of(tx, "events_of_customer_floor", customer, start)
        whose = (workflow, customer, start, floor, result or None)
        rows = tx.rows("runs_of_customer", *whose, PAGE + 1)
    elif result == "success":  # there is no index of them: most runs are
        floor = floor_of(tx, "runs_floor", workflow, start)
        rows = tx.rows("runs_that_succeeded", workflow, start, floor, PAGE + 1)
    elif result:
        rows = tx.rows("runs_with_result", workflow, result, start, PAGE + 1)
    else:
        rows = tx.rows("runs_of_workflow", workflow, start, PAGE + 1)
    runs = [StoredRun.from_row(row) for row in rows[:PAGE]]
    older = runs[-1].event if len(rows) > PAGE else floor or None
    return runs, older


def floor_of(tx: Transaction, statement: str, whose: int, before: int) -> int:
    """The oldest key that a page looks at; 0: it may look at all."""
    row = tx.row(statement, whose, before, LOOK - 1)
    return row[0] if row else 0


def read_run(tx: Transaction, workflow: int, event: int) -> StoredRun | None:
    """One run."""
    row = tx.row("run_of_event", workflow, event)
    return StoredRun.from_row(row) if row else None


def runs_of_events(tx: Transaction, events: Iterable[int]) -> dict[int, list[StoredRun]]:
    """Runs by the keys of their events."""
    found: dict[int, list[StoredRun]] = {}
    for row in tx.rows("runs_of_events", wire.dumps(list(events)).decode()):
        run = StoredRun.from_row(row)
        found.setdefault(run.event, []).append(run)
    return found


def waits_of_runs(tx: Transaction, runs: Iterable[StoredRun]) -> dict[tuple[int, int], list[Wait]]:
    """What these runs wait for, the next over first, by workflow and event; nothing: left out."""
    waiting = {(run.workflow, run.event) for run in runs if run.result == "waiting"}
    found: dict[tuple[int, int], list[Wait]] = {}
    events = sorted({event for _, event in waiting})
    for row in tx.rows("waits_of_events", wire.dumps(events).decode()) if events else ():
        wait = Wait(*row)
        if (place := (wait.workflow, wait.event)) in waiting:
            found.setdefault(place, []).append(wait)
    return found


def runs_of_day(tx: Transaction) -> dict[int, tuple[int, int]]:
    """Runs and errors of the last 24 hours, by workflow."""
    first = hour_of(tx.now) - 23 * HOUR_MS
    return {row[0]: (row[1], row[2]) for row in tx.rows("runs_since", first)}
