"""Messages as people see them, one by one. Lists of them: `listing`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from host import wire
from host.model import Json, Kind, MessageState, Reason
from host.store.engine import Row, Transaction
from host.store.keys import message_id, message_key, ms_of
from host.store.outbox import kind_of, state_of


class Maker(NamedTuple):
    """The workflow that made a message."""

    key: int
    id: str
    name: str
    deleted: bool


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
    workflow: Maker | None = None  # None: an association made it, or it is a profile


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
    route: str  # what decides with which others it shares a request
    payload: dict[str, Json] | None  # None: dropped, or not mapped yet
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What a view needs to know of the installation."""

    install: str
    connections: dict[int, tuple[str, str]]  # key → id, module


def hot_view(names: Names, row: Row) -> MessageView:
    """A row of `unsettled_view`."""
    due, sending, lane_due = row[_SHARED:]
    attempts = row[8]
    return _view(
        names,
        row,
        state=MessageState.SENDING if sending else state_of(attempts),
        next_attempt_at=None if sending else (due or lane_due),
    )


def settled_view(names: Names, row: Row) -> MessageView:
    """A row of `settled_view`."""
    state, settled_at, duration, status = row[_SHARED:]
    view = _view(names, row, state=MessageState(state), next_attempt_at=None)
    return replace(view, settled_at=settled_at, duration_ms=duration, status=status)


_SHARED: Final = 20  # columns with which both views begin


def _view(
    names: Names, row: Row, *, state: MessageState, next_attempt_at: int | None
) -> MessageView:
    connection, key, customer, seq, kind, event_key, edition, mapped, attempts = row[:9]
    code, text, environment, customer_id, event, action, notes = row[9:16]
    key_of_maker, maker_id, maker_name, maker_deleted = row[16:_SHARED]
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
        workflow=None
        if key_of_maker is None
        else Maker(key_of_maker, maker_id, maker_name, bool(maker_deleted)),
        notes=tuple(wire.loads(notes)) if notes else (),
    )


NOT_MAPPED_YET: Final = Reason(
    code="not_mapped_yet", text="not mapped yet: the module is not ready; it is mapped when it is"
)


def _reason(code: str | None, text: str | None) -> Reason | None:
    if code == NOT_MAPPED_YET.code:
        return NOT_MAPPED_YET
    return Reason(code=code, text=text or "") if code else None


def read_names(tx: Transaction, install: str) -> Names:
    """The names of all connections, deleted ones too."""
    return Names(install, {row[0]: (row[1], row[2]) for row in tx.rows("connection_names")})


def read_view(tx: Transaction, install: str, id_: str) -> MessageView | None:
    """One message by its id (of any of its editions)."""
    key = message_key(id_)
    if key is None:
        return None
    names = read_names(tx, install)
    for connection in names.connections:
        values = (connection, key + 1, key, None, None, 1, None, None)
        for row in tx.rows("hot_page", *values):
            return hot_view(names, row)
        for row in tx.rows("settled_page", *values):
            return settled_view(names, row)
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
        route=body[1] if body is not None else "",
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
