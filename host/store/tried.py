"""Messages as their last try left them, the latest try first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from host.model import MessageState, Reason
from host.store.engine import Transaction
from host.store.listing import PAGE, MessageFilter, read_listing
from host.store.messages import MessageView, read_view

OUTCOMES: Final = (MessageState.DELIVERED, MessageState.RETRYING, MessageState.UNDELIVERED)
"""The states in which a try leaves a message; a stop and an opt-out meanwhile apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A message after a try. `at`: when that ended, ms since 1970; `reason`: why not delivered."""

    view: MessageView
    at: int
    status: int | None = None
    duration_ms: int | None = None
    reason: Reason | None = None

    @property
    def mark(self) -> str:
        """Tells this try from every other one."""
        return f"{self.view.id}~{self.at}"


def read_tried(tx: Transaction, install: str, id_: str) -> Tried | None:
    """The last try of a message by its id."""
    view = read_view(tx, install, id_)
    return None if view is None else _tried(tx, view)


def read_latest_tried(
    tx: Transaction, install: str, wanted: MessageFilter, limit: int = PAGE
) -> list[Tried]:
    """The tries that ended last, among the newest messages of each outcome.

    Nothing keeps messages in the order of their tries, so that an old message which was tried
    just now is found only while few newer ones of its outcome were made.
    """
    states = OUTCOMES if wanted.state is None else (wanted.state,)
    found = [
        _tried(tx, view)
        for state in states
        for view in read_listing(tx, install, replace(wanted, state=state), None, limit).views
        if view.attempts
    ]
    found.sort(key=lambda one: (one.at, one.view.key), reverse=True)
    return found[:limit]


def _tried(tx: Transaction, view: MessageView) -> Tried:
    if view.state is MessageState.DELIVERED and view.settled_at is not None:
        return Tried(
            view=view, at=view.settled_at, status=view.status, duration_ms=view.duration_ms
        )
    row = tx.row("newest_attempt", view.key)
    if row is None:
        return Tried(view=view, at=view.settled_at or view.made_at, reason=view.reason)
    at, duration, status, code, text = row
    reason = view.reason or (Reason(code=code, text=text or "") if code else None)
    ended = view.settled_at or at + duration
    return Tried(view=view, at=ended, status=status, duration_ms=duration, reason=reason)
