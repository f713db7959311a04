"""Backfills as rows: how far each has come, and the customers that it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from host import wire
from host.model import MessageState, Reason
from host.store.customers import StoredCustomer
from host.store.engine import Row, Transaction
from host.store.lanes import json_text
from host.store.ledger import read_ledger

_PACE_MS: Final = 60_000  # a longer stop tells nothing of the pace
_PACE_SHARE: Final = 0.1  # of the latest step


class BackfillState(StrEnum):
    """How a backfill is."""

    RUNNING = "running"  # messages are made, or will be once it can be
    PAUSED = "paused"  # a person stopped it for a while
    CANCELLED = "cancelled"  # a person ended it
    DONE = "done"  # every customer was looked at
    FAILED = "failed"  # it cannot go on; the reason says why

    @property
    def under_way(self) -> bool:
        """Not over yet; a connection has one such at most."""
        return self in (BackfillState.RUNNING, BackfillState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the customers looked at."""

    made: int = 0  # messages that wait or have gone
    unchanged: int = 0  # left out on request: nothing new to tell
    withheld: int = 0  # opted out, erased, merged, or the module has nothing to send
    failed: int = 0  # the mapping failed: an undelivered message each

    @property
    def looked_at(self) -> int:
        """All of them."""
        return self.made + self.unchanged + self.withheld + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Whom a backfill is for. `customers`: keys in order, None for all; `since` in ms."""

    customers: tuple[int, ...] | None = None
    since: int | None = None
    only_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """One backfill as it stands. Times in ms since 1970, `pace` in ms a customer."""

    key: int
    connection: int
    state: BackfillState
    reason: Reason | None
    chosen: Chosen
    cursor: int
    upto: int
    total: int
    counts: Counts
    moved_at: int
    pace: float | None
    started_at: int
    finished_at: int | None
    started_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A customer as they were read; not `meant`: their last change is before the time asked for."""

    customer: StoredCustomer
    meant: bool


def latest_backfill(tx: Transaction, connection: int) -> Backfill | None:
    """The newest backfill of a connection."""
    row = tx.row("latest_backfill", connection)
    return None if row is None else _backfill(row)


def running_backfills(tx: Transaction) -> list[int]:
    """Connections whose backfill is running."""
    return [row[0] for row in tx.rows("running_backfills")]


def add_backfill(tx: Transaction, connection: int, chosen: Chosen, total: int, by: str) -> None:
    """Start one, unless one is under way: the caller has to look before, in this transaction."""
    customers = None if chosen.customers is None else json_text(chosen.customers)
    last = tx.row("last_customer")
    upto = last[0] if last and last[0] is not None else 0
    values = (int(chosen.only_changed), chosen.since, customers, upto, total)
    tx.run("add_backfill", connection, *values, tx.now, by)


def set_state(tx: Transaction, backfill: Backfill, state: BackfillState) -> None:
    """Pause a backfill or let it go on."""
    tx.run("set_backfill_state", state, tx.now, backfill.key)


def end_backfill(
    tx: Transaction, backfill: Backfill, state: BackfillState, reason: Reason | None = None
) -> None:
    """A backfill is over."""
    told = (reason.code, reason.text) if reason else (None, None)
    tx.run("end_backfill", state, *told, tx.now, backfill.key)


def move_backfill(tx: Transaction, backfill: Backfill, cursor: int, counts: Counts) -> None:
    """Customers up to `cursor` were looked at; `counts`: what became of these."""
    took = tx.now - backfill.moved_at
    pace = backfill.pace
    if counts.looked_at and 0 <= took <= _PACE_MS:
        latest = took / counts.looked_at
        pace = latest if pace is None else pace + (latest - pace) * _PACE_SHARE
    columns = (counts.looked_at, counts.made, counts.unchanged, counts.withheld, counts.failed)
    tx.run("move_backfill", cursor, *columns, tx.now, pace, backfill.key)


def count_customers(tx: Transaction) -> int:
    """How many customers there are."""
    row = tx.row("count_customers")
    return row[0] if row else 0


def find_keys(tx: Transaction, ids: Sequence[str]) -> list[int | None]:
    """The keys of customers by their ids, each in its place; None: nobody is known under it."""
    found: list[int | None] = [None] * len(ids)
    for place, key in tx.packed("customer_keys", list, json_text(ids)):
        found[place] = key
    return found


def read_behind(tx: Transaction, backfill: Backfill, cursor: int, limit: int) -> list[Seen]:
    """The next customers of a backfill behind `cursor`, by key."""
    chosen = backfill.chosen
    since = chosen.since or 0
    span = (cursor, backfill.upto, limit, since)
    if chosen.customers is None:
        rows = tx.rows("customers_behind", *span)
    else:
        rows = tx.rows("customers_listed", *span, json_text(chosen.customers))
    return [
        Seen(
            customer=StoredCustomer.from_row(row),
            meant=row[4] >= since,
        )
        for row in rows
    ]


def still_as_read(tx: Transaction, seen: Sequence[Seen]) -> bool:
    """Whether these customers are what they were when they were read."""
    before = {
        one.customer.key: (one.customer.opted_out, one.customer.changed_at, one.customer.text)
        for one in seen
        if one.meant
    }
    now = {
        row[0]: (bool(row[1]), row[2], row[3])
        for row in tx.rows("customers_now", json_text(list(before)))
    }
    return now == before


def profiles_made(tx: Transaction, connection: int, customers: Sequence[int]) -> dict[int, int]:
    """Digests of the profile parts made last, by customer; who has none is left out."""
    return dict(tx.rows("profiles_made", connection, json_text(customers)))


def forget_profiles(tx: Transaction, connection: int, customers: Sequence[int]) -> None:
    """Have the next profile message of these customers made whatever it says."""
    tx.run("forget_profiles", connection, json_text(customers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What stands before a message made now. `due` is counted up to the limit asked for."""

    due: int
    retrying: int


def read_backlog(tx: Transaction, connection: int, limit: int) -> Backlog:
    """Lanes that a new message would wait for, and messages that were sent in vain."""
    row = tx.row("count_due", connection, tx.now, limit)
    books = read_ledger(tx).get(connection, {})
    return Backlog(due=row[0] if row else 0, retrying=books.get(MessageState.RETRYING, 0))


def _backfill(row: Row) -> Backfill:
    key, connection, state, code, text, only_changed, since, customers, cursor, upto = row[:10]
    total, _, made, unchanged, withheld, failed, moved_at, pace = row[10:18]
    started_at, finished_at, started_by = row[18:]
    return Backfill(
        key=key,
        connection=connection,
        state=BackfillState(state),
        reason=Reason(code=code, text=text or "") if code else None,
        chosen=Chosen(
            customers=None if customers is None else tuple(wire.loads(customers)),
            since=since,
            only_changed=bool(only_changed),
        ),
        cursor=cursor,
        upto=upto,
        total=total,
        counts=Counts(made=made, unchanged=unchanged, withheld=withheld, failed=failed),
        moved_at=moved_at,
        pace=pace,
        started_at=started_at,
        finished_at=finished_at,
        started_by=started_by,
    )
