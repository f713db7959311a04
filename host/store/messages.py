"""Messages as people see them: one by one, and in pages, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from host import wire
from host.model import Json, Kind, MessageState, Reason
from host.store.engine import Row, Transaction
from host.store.keys import LAST_KEY, first_key_at, message_id, message_key, ms_of
from host.store.outbox import kind_of, state_of

PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message with all that a list shows of it. Times are ms since 1970."""

    place: tuple[int, int, int]  # connection, customer, seq
    key: int
    id: str
    connection: str
    module: str
    kind: Kind
    customer: str
    event: str | None
    event_key: int | None
    action: str | None
    state: MessageState
    reason: Reason | None
    attempts: int
    next_attempt_at: int | None
    environment: str | None
    made_at: int
    settled_at: int | None
    edition: int
    mapped: bool
    notes: tuple[str, ...] = ()
    duration_ms: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are meant. Everything given must hold. `since`: ms since 1970."""

    connection: str | None = None
    state: MessageState | None = None
    customer: str | None = None
    reason: str | None = None
    since: int | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One attempt of a message."""

    at: int
    duration_ms: int
    status: int | None
    outcome: str
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDetail:
    """A message with what it says and all its attempts."""

    view: MessageView
    payload: dict[str, Json] | None  # None: dropped, or not mapped yet
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class _Names:
    """What a view needs to know of the installation."""

    install: str
    connections: dict[int, tuple[str, str]]  # key → id, module


def read_page(
    tx: Transaction, install: str, wanted: MessageFilter, cursor: str | None, limit: int = PAGE
) -> tuple[list[MessageView], str | None]:
    """A page of messages, newest first, and the cursor of the next one (None: the last page).

    A cursor that is none begins at the newest.
    """
    before = message_key(cursor) if cursor else None
    if wanted.ids:
        views = [view for id_ in wanted.ids if (view := read_view(tx, install, id_)) is not None]
        chosen = [view for view in views if _fits(view, wanted)]
        chosen.sort(key=lambda view: view.key, reverse=True)
        return [v for v in chosen if before is None or v.key < before][:limit], None
    views = list(_newest(tx, install, wanted, before or LAST_KEY, limit + 1))
    if len(views) <= limit:
        return views, None
    return views[:limit], views[limit - 1].id


def _newest(
    tx: Transaction, install: str, wanted: MessageFilter, before: int, limit: int
) -> list[MessageView]:
    names = _names(tx, install)
    customer: int | None = None
    if wanted.customer is not None:
        row = tx.row("customer_by_id", wanted.customer)
        if row is None:
            return []
        customer = row[0]
    since = 0 if wanted.since is None else first_key_at(wanted.since)
    found: list[MessageView] = []
    for connection, (id_, _) in names.connections.items():
        if wanted.connection is not None and id_ != wanted.connection:
            continue
        values = (connection, before, since, customer, wanted.reason)
        found += _hot(tx, names, wanted.state, values, limit)
        found += _settled(tx, names, wanted.state, values, limit)
    found.sort(key=lambda view: view.key, reverse=True)
    return found[:limit]


def _hot(
    tx: Transaction,
    names: _Names,
    state: MessageState | None,
    values: tuple[int, int, int, int | None, str | None],
    limit: int,
) -> Iterator[MessageView]:
    if state is not None and state.settled:
        return
    statement = "retrying_page" if state is MessageState.RETRYING else "hot_page"
    connection, before, since, customer, reason = values
    if customer is not None:
        statement = "hot_of_customer"
    shown = 0
    while shown < limit:
        # What is being sent is known only row by row, so that a page may hold other states.
        rows = tx.rows(statement, connection, before, since, customer, reason, limit)
        for row in rows:
            view = _hot_view(names, row)
            if state in (None, view.state):
                yield view
                shown += 1
        if len(rows) < limit:
            return
        before = rows[-1][1]


def _settled(
    tx: Transaction,
    names: _Names,
    state: MessageState | None,
    values: tuple[object, ...],
    limit: int,
) -> Iterator[MessageView]:
    if state is not None and not state.settled:
        return
    if values[3] is not None:
        statement = "settled_of_customer"
    elif state is not None and state is not MessageState.DELIVERED:
        statement = "settled_of_state"
    else:
        statement = "settled_page"
    for row in tx.rows(statement, *values, limit, None if state is None else state.value):
        yield _settled_view(names, row)


def _hot_view(names: _Names, row: Row) -> MessageView:
    """A row of `unsettled_view`."""
    due, sending, lane_due = row[_SHARED:]
    attempts = row[8]
    return _view(
        names,
        row,
        state=MessageState.SENDING if sending else state_of(attempts),
        next_attempt_at=None if sending else (due or lane_due),
    )


def _settled_view(names: _Names, row: Row) -> MessageView:
    """A row of `settled_view`."""
    state, settled_at, duration, status = row[_SHARED:]
    view = _view(names, row, state=MessageState(state), next_attempt_at=None)
    return replace(view, settled_at=settled_at, duration_ms=duration, status=status)


_SHARED: Final = 16  # columns with which both views begin


def _view(
    names: _Names, row: Row, *, state: MessageState, next_attempt_at: int | None
) -> MessageView:
    connection, key, customer, seq, kind, event_key, edition, mapped, attempts = row[:9]
    code, text, environment, customer_id, event, action, notes = row[9:_SHARED]
    id_, module = names.connections[connection]
    return MessageView(
        place=(connection, customer, seq),
        key=key,
        id=message_id(names.install, key, edition),
        connection=id_,
        module=module,
        kind=kind_of(kind),
        customer=customer_id,
        event=event,
        event_key=event_key,
        action=action,
        state=state,
        reason=_reason(code, text),
        attempts=attempts,
        next_attempt_at=next_attempt_at,
        environment=environment,
        made_at=ms_of(key),
        settled_at=None,
        edition=edition,
        mapped=bool(mapped),
        notes=tuple(wire.loads(notes)) if notes else (),
    )


NOT_MAPPED_YET: Final = Reason(
    code="not_mapped_yet", text="not mapped yet: the module is not ready; it is mapped when it is"
)


def _reason(code: str | None, text: str | None) -> Reason | None:
    if code == NOT_MAPPED_YET.code:
        return NOT_MAPPED_YET
    return Reason(code=code, text=text or "") if code else None


def _names(tx: Transaction, install: str) -> _Names:
    return _Names(install, {row[0]: (row[1], row[2]) for row in tx.rows("connection_names")})


def _fits(view: MessageView, wanted: MessageFilter) -> bool:
    return (
        wanted.connection in (None, view.connection)
        and wanted.state in (None, view.state)
        and wanted.customer in (None, view.customer)
        and (
            wanted.reason is None or (view.reason is not None and view.reason.code == wanted.reason)
        )
        and (wanted.since is None or view.made_at >= wanted.since)
    )


def read_view(tx: Transaction, install: str, id_: str) -> MessageView | None:
    """One message by its id (of any of its editions)."""
    key = message_key(id_)
    if key is None:
        return None
    names = _names(tx, install)
    for connection in names.connections:
        values = (connection, key + 1, key, None, None, 1)
        for row in tx.rows("hot_page", *values):
            return _hot_view(names, row)
        for row in tx.rows("settled_page", *values, None):
            return _settled_view(names, row)
    return None


def read_detail(tx: Transaction, install: str, id_: str) -> MessageDetail | None:
    """One message by its id, with its payload and history."""
    view = read_view(tx, install, id_)
    if view is None:
        return None
    body = tx.row("body", view.key)
    payload = wire.loads(body[0]) if body is not None and view.mapped else None
    if payload is not None and view.edition > 1:
        payload["profile"] = None
    return MessageDetail(
        view=view,
        payload=payload,
        history=(*_history(tx.rows("attempts_of", view.key)), *_delivering_attempt(view)),
    )


def _history(rows: Sequence[Row]) -> Iterator[HistoryLine]:
    for at, duration, status, outcome, code, text in rows:
        reason = Reason(code=code, text=text or "") if code else None
        yield HistoryLine(
            at=at, duration_ms=duration, status=status, outcome=outcome, reason=reason
        )


def _delivering_attempt(view: MessageView) -> Iterator[HistoryLine]:
    if view.state is MessageState.DELIVERED and view.settled_at is not None:
        duration = view.duration_ms or 0
        yield HistoryLine(
            at=view.settled_at - duration,
            duration_ms=duration,
            status=view.status,
            outcome="delivered",
            reason=None,
        )
