"""Messages in pages, newest first: what is meant, and how far a page looks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from host.model import MessageState
from host.store.engine import Transaction
from host.store.keys import LAST_KEY, first_key_at, message_id, message_key, ms_of
from host.store.messages import MessageView, Names, hot_view, read_names, read_view, settled_view

PAGE: Final = 50
LOOK: Final = 5000  # rows of a table that one page for a person looks at
_LEAST_LOOK: Final = 500  # of each connection, however many there are


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are meant. Everything given must hold. `since`: ms since 1970."""

    connection: str | None = None
    state: MessageState | None = None
    unsettled: bool = False  # only what is not settled, in whatever state
    customer: str | None = None
    reason: str | None = None
    action: str | None = None  # of the event
    since: int | None = None
    ids: tuple[str, ...] = ()

    @property
    def may_be_unsettled(self) -> bool:
        """Whether anything of the outbox is meant."""
        return self.state is None or not self.state.settled

    @property
    def may_be_settled(self) -> bool:
        """Whether anything of the history is meant."""
        return not self.unsettled and (self.state is None or self.state.settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of messages, newest first.

    `older`: the cursor of the next page; None: this is the last. `looked_back_to` (ms since
    1970): the page is not full, and older messages than this were not looked at.
    """

    views: tuple[MessageView, ...]
    older: str | None = None
    looked_back_to: int | None = None


def read_page(
    tx: Transaction, install: str, wanted: MessageFilter, cursor: str | None, limit: int = PAGE
) -> tuple[list[MessageView], str | None]:
    """A page of messages, newest first, and the cursor of the next one (None: the last page).

    Looks as far as it must. A cursor that is none begins at the newest.
    """
    listing = read_listing(tx, install, wanted, cursor, limit, look=None)
    return list(listing.views), listing.older


def read_listing(
    tx: Transaction,
    install: str,
    wanted: MessageFilter,
    cursor: str | None,
    limit: int = PAGE,
    look: int | None = LOOK,
) -> Listing:
    """A page of messages for which at most `look` rows of a table are looked at; None: all."""
    before = message_key(cursor) if cursor else None
    if wanted.ids:
        named = [view for id_ in wanted.ids if (view := read_view(tx, install, id_)) is not None]
        chosen = [view for view in named if _fits(view, wanted)]
        chosen.sort(key=lambda view: view.key, reverse=True)
        return Listing(
            views=tuple(v for v in chosen if before is None or v.key < before)[:limit],
        )
    search = _Search.begin(tx, install, wanted, look)
    views = search.newest(before or LAST_KEY, limit + 1) if search is not None else []
    if len(views) > limit:
        return Listing(views=tuple(views[:limit]), older=views[limit - 1].id)
    if search is None or not search.floor:
        return Listing(views=tuple(views))
    return Listing(
        views=tuple(views),
        older=message_id(install, search.floor, 1),
        looked_back_to=ms_of(search.floor),
    )


@dataclass(slots=True, kw_only=True)
class _Search:
    """Looks through outbox and history of every connection that is meant."""

    tx: Transaction
    names: Names
    wanted: MessageFilter
    customer: int | None
    since: int  # a key
    look: int | None  # rows of each table and connection
    floor: int = 0  # older keys were not looked at everywhere

    @classmethod
    def begin(
        cls, tx: Transaction, install: str, wanted: MessageFilter, look: int | None
    ) -> _Search | None:
        """The search; None when nothing can be found, for the customer is unknown."""
        customer: int | None = None
        if wanted.customer is not None:
            row = tx.row("customer_by_id", wanted.customer)
            if row is None:
                return None
            customer = row[0]
        names = read_names(tx, install)
        if look is not None:
            look = max(_LEAST_LOOK, look // max(1, len(names.connections)))
        return cls(
            tx=tx,
            names=names,
            wanted=wanted,
            customer=customer,
            since=0 if wanted.since is None else first_key_at(wanted.since),
            look=look,
        )

    def newest(self, before: int, limit: int) -> list[MessageView]:
        """The newest messages before a key, none that is older than the floor."""
        found: list[MessageView] = []
        for connection, (id_, _) in self.names.connections.items():
            if self.wanted.connection in (None, id_):
                found += self._unsettled(connection, before, limit)
                found += self._settled(connection, before, limit)
        found.sort(key=lambda view: view.key, reverse=True)
        return [view for view in found if view.key >= self.floor][:limit]

    def _unsettled(self, connection: int, before: int, limit: int) -> Iterator[MessageView]:
        state = self.wanted.state
        if not self.wanted.may_be_unsettled:
            return
        statement, since = "hot_page", self.since
        if state is MessageState.SENDING:
            statement = "sending_page"  # as few as there are requests under way
        elif self.customer is not None:
            statement = "hot_of_customer"
        elif state is MessageState.RETRYING:
            statement = "retrying_page"
            since = self._bounded("retrying_floor", connection, before)
        else:
            since = self._bounded("hot_floor", connection, before)
        tried = {MessageState.WAITING: 0, MessageState.RETRYING: 1}.get(state) if state else None
        shown = 0
        while shown < limit:
            # What is being sent is known only row by row, so that a page may hold other states.
            values = (connection, before, since, self.customer, self.wanted.reason, limit)
            rows = self.tx.rows(statement, *values, tried, self.wanted.action)
            for row in rows:
                view = hot_view(self.names, row)
                if state in (None, view.state):
                    yield view
                    shown += 1
            if len(rows) < limit:
                return
            before = rows[-1][1]

    def _settled(self, connection: int, before: int, limit: int) -> Iterator[MessageView]:
        state = self.wanted.state
        if not self.wanted.may_be_settled:
            return
        if self.customer is not None:
            statement = "settled_of_customer"
            since = self._bounded("settled_of_customer_floor", self.customer, before)
        elif state is not None and state is not MessageState.DELIVERED:
            statement = "settled_of_state"
            since = self._bounded("settled_of_state_floor", connection, before, state.value)
        else:
            statement = "settled_page"
            since = self._bounded("settled_floor", connection, before)
        values = (connection, before, since, self.customer, self.wanted.reason, limit)
        for row in self.tx.rows(
            statement, *values, None if state is None else state.value, self.wanted.action
        ):
            yield settled_view(self.names, row)

    def _bounded(self, statement: str, within: int, before: int, *more: str) -> int:
        """The oldest key to look at: what is asked for, or as far as a page may look."""
        if self.look is None:
            return self.since
        row = self.tx.row(statement, within, before, self.look - 1, *more)
        if row is None or row[0] <= self.since:
            return self.since
        self.floor = max(self.floor, row[0])
        floor: int = row[0]
        return floor


def _fits(view: MessageView, wanted: MessageFilter) -> bool:
    return (
        wanted.connection in (None, view.connection)
        and wanted.state in (None, view.state)
        and not (wanted.unsettled and view.state.settled)
        and wanted.customer in (None, view.customer)
        and wanted.action in (None, view.action)
        and (
            wanted.reason is None or (view.reason is not None and view.reason.code == wanted.reason)
        )
        and (wanted.since is None or view.made_at >= wanted.since)
    )
