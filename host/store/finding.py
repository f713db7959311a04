"""Customers as people look for them, and what one of them did and got, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from host.model import MessageState
from host.store.customers import StoredCustomer
from host.store.engine import Row, Transaction
from host.store.keys import LAST_KEY, first_key_at, message_id, ms_of
from host.store.listing import MessageFilter, read_page
from host.store.messages import HistoryLine, MessageView, read_detail, read_view
from host.store.runs import LOOK, StoredRun, floor_of, runs_of_events

PAGE: Final = 50
_MADE_WITHIN_MS: Final = 3_600_000  # of its event, or of a run that goes on: in its transaction
_MOST_OF_EVENT: Final = 20  # messages that are listed of one event
_ERASED: Final = 2  # in the column that tells who opted out


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCustomer:
    """A customer as a list shows them."""

    customer: StoredCustomer
    erased: bool

    @classmethod
    def from_row(cls, row: Row) -> FoundCustomer:
        """One of the statements of `finding.sql`."""
        return cls(customer=StoredCustomer.from_row(row), erased=row[2] == _ERASED)


def list_customers(tx: Transaction, before: int | None = None) -> list[FoundCustomer]:
    """Customers, the newest known first; `before`: the key of the last one shown."""
    rows = tx.rows("customers_newest", before or LAST_KEY, PAGE)
    return [FoundCustomer.from_row(row) for row in rows]


def search_customers(tx: Transaction, typed: str) -> list[FoundCustomer]:
    """At most a page of customers: by e-mail address, external id, or the beginning of the id."""
    rows: list[Row] = [
        *tx.rows("customers_by_email", typed, PAGE),
        *tx.rows("customers_by_value", typed, PAGE),
        *tx.rows("customers_beginning", typed, typed + "\U0010ffff", PAGE),
    ]
    found = {row[0]: FoundCustomer.from_row(row) for row in rows}
    return list(found.values())[:PAGE]


def find_customer(tx: Transaction, id_: str) -> FoundCustomer | None:
    """One customer by id."""
    row = tx.row("customer_by_id", id_)
    return FoundCustomer.from_row(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """An event of a customer. `body`: the item as it came; None: it is no longer kept."""

    key: int
    id: str
    action: str
    body: bytes | None

    @classmethod
    def from_row(cls, row: Row) -> PastEvent:
        """Of a statement of `finding.sql`."""
        return cls(key=row[0], id=row[1], action=row[2], body=row[3])

    @property
    def at(self) -> int:
        """When it was taken, ms since 1970."""
        return ms_of(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLineEntry:
    """Something in a customer's life: an event with its runs, or a message with its attempts."""

    key: int
    event: PastEvent | None = None
    messages: int = 0  # how many messages were made of the event
    runs: tuple[StoredRun, ...] = ()  # that the event started
    message: MessageView | None = None
    attempts: tuple[HistoryLine, ...] = ()

    @property
    def at(self) -> int:
        """When it came to be, ms since 1970."""
        return ms_of(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLine:
    """A page of a customer's life, newest first. `older`: the cursor of the next page.

    A page of workflows may be short though there is a next one: see `read_runs`.
    """

    entries: tuple[TimeLineEntry, ...]
    older: int | None = None

    @property
    def runs(self) -> list[StoredRun]:
        """All runs of the page."""
        return [run for entry in self.entries for run in entry.runs]


def read_time_line(
    tx: Transaction,
    install: str,
    customer: StoredCustomer,
    *,
    before: int | None = None,
    show: str = "",
    state: MessageState | None = None,
) -> TimeLine:
    """A page of what a customer did and got.

    `show`: "events" or "messages" alone, or "workflows": events that started some; `state`:
    only messages in this state.
    """
    start, floor = before or LAST_KEY, 0
    views: Sequence[MessageView] = ()
    events: Sequence[PastEvent] = ()
    if show == "workflows":
        floor = floor_of(tx, "events_of_customer_floor", customer.key, start)
        rows = tx.rows("events_that_ran", customer.key, start, floor, PAGE + 1)
        events = [PastEvent.from_row(row) for row in rows]
    elif show != "events":
        cursor = message_id(install, start, 1)
        wanted = MessageFilter(customer=customer.id, state=state)
        views, _ = read_page(tx, install, wanted, cursor, PAGE + 1)
    if show not in ("messages", "workflows"):
        events = read_events_of(tx, customer.key, start, PAGE + 1)
    runs = runs_of_events(tx, [event.key for event in events])
    made = _made_of(tx, customer.key, events, runs)
    entries = [TimeLineEntry(key=view.key, message=view) for view in views]
    entries += [
        TimeLineEntry(
            key=e.key, event=e, messages=made.get(e.key, 0), runs=tuple(runs.get(e.key, ()))
        )
        for e in events
    ]
    entries.sort(key=lambda entry: entry.key, reverse=True)
    shown = [_with_attempts(tx, install, entry) for entry in entries[:PAGE]]
    older = shown[-1].key if len(entries) > PAGE else floor or None
    return TimeLine(entries=tuple(shown), older=older)


def last_profile(
    tx: Transaction, install: str, connection: str, customer: str, look: int = PAGE
) -> tuple[MessageView, object] | None:
    """The newest delivered message that brought a profile part, and that part."""
    wanted = MessageFilter(connection=connection, customer=customer, state=MessageState.DELIVERED)
    views, _ = read_page(tx, install, wanted, None, look)
    for view in views:
        detail = read_detail(tx, install, view.id)
        part = detail.payload.get("profile") if detail and detail.payload else None
        if part is not None:
            return view, part
    return None


def count_waiting(tx: Transaction, install: str, connection: str, customer: str) -> int:
    """How many messages of a customer still wait for a connection; stops counting at a page."""
    wanted = MessageFilter(connection=connection, customer=customer, unsettled=True)
    views, _ = read_page(tx, install, wanted, None)
    return len(views)


def read_events_of(tx: Transaction, customer: int, before: int, limit: int) -> list[PastEvent]:
    """A customer's events before a key, newest first."""
    rows = tx.rows("events_of_customer", customer, before, limit)
    return [PastEvent.from_row(row) for row in rows]


def messages_of_run(tx: Transaction, install: str, run: StoredRun) -> list[MessageView]:
    """The first messages that a run made of its event; a profile message is of no event."""
    found = find_customer(tx, run.customer_id)
    if found is None:
        return []
    customer, until = found.customer.key, first_key_at(run.ended_at + _MADE_WITHIN_MS)
    limit = _MOST_OF_EVENT
    rows: list[Row] = [
        *tx.rows("settled_of_event", customer, run.event, until, run.event, LOOK, limit),
        *tx.rows("unsettled_of_event", customer, run.event, limit),
    ]
    keys = sorted({row[0] for row in rows})[:limit]
    views = (read_view(tx, install, message_id(install, key, 1)) for key in keys)
    return [view for view in views if view and view.workflow and view.workflow.key == run.workflow]


def _made_of(
    tx: Transaction,
    customer: int,
    events: Sequence[PastEvent],
    runs: Mapping[int, Sequence[StoredRun]],
) -> dict[int, int]:
    """How many messages were made of each of these events, newest first; none: left out.

    A replay keeps its message's key, so that a message stands close behind its event, or
    behind the last wait of a run that the event started, for good.
    """
    counts: dict[int, int] = {}
    if events:
        last = max([events[0].at, *(run.ended_at for of in runs.values() for run in of)])
        span = (events[-1].key, first_key_at(last + _MADE_WITHIN_MS))
        for statement in ("settled_of_events", "unsettled_of_events"):
            for event, messages in tx.rows(statement, customer, *span):
                counts[event] = counts.get(event, 0) + messages
    return counts


def _with_attempts(tx: Transaction, install: str, entry: TimeLineEntry) -> TimeLineEntry:
    if entry.message is None:
        return entry
    detail = read_detail(tx, install, entry.message.id)
    return replace(entry, attempts=detail.history) if detail else entry
