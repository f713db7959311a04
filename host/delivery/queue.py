"""What people do to many messages at once: resend, discard, replay …, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from host.model import MessageState
from host.store.blocking import LaneHead, read_heads
from host.store.engine import Transaction
from host.store.listing import Listing, MessageFilter, read_listing, read_page
from host.store.messages import MessageDetail, MessageView, read_detail
from host.store.operations import Replayed, discard, replay, resend, set_aside
from host.store.store import Store

Action: TypeAlias = Literal["resend", "discard", "replay", "set_aside"]

_UNSETTLED: Final = (MessageState.WAITING, MessageState.RETRYING, MessageState.SENDING)
_STATES: Final[Mapping[Action, tuple[MessageState, ...]]] = {
    "resend": _UNSETTLED,
    "discard": (*_UNSETTLED, MessageState.UNDELIVERED),
    "replay": (MessageState.UNDELIVERED, MessageState.DISCARDED),
    "set_aside": _UNSETTLED,
}
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many messages matched, were changed, and were left alone (being sent, changed meanwhile).

    `new_ids` of the changed go under a new id and may arrive twice.
    """

    matched: int = 0
    changed: int = 0
    skipped: int = 0
    new_ids: int = 0


class Queue:
    """Messages for people: lists, one with all its attempts, and what can be done to them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, wanted: MessageFilter, cursor: str | None, limit: int
    ) -> tuple[list[MessageView], str | None]:
        """A page of messages, newest first, and the cursor of the next one."""
        install = self._store.install
        return await self._store.read(lambda tx: read_page(tx, install, wanted, cursor, limit))

    async def look(
        self, wanted: MessageFilter, cursor: str | None
    ) -> tuple[Listing, dict[tuple[int, int], LaneHead]]:
        """A page that looks at a bounded number of messages, and the heads of their lanes."""
        install = self._store.install

        def read(tx: Transaction) -> tuple[Listing, dict[tuple[int, int], LaneHead]]:
            listing = read_listing(tx, install, wanted, cursor)
            return listing, read_heads(tx, install, listing.views)

        return await self._store.read(read)

    async def detail(self, id_: str) -> MessageDetail | None:
        """One message with its payload and attempts."""
        return await self._store.read(lambda tx: read_detail(tx, self._store.install, id_))

    async def change(
        self,
        action: Action,
        wanted: MessageFilter,
        *,
        limit: int | None = None,
        dry_run: bool = False,
    ) -> Tally:
        """Resend, discard, replay or set aside the messages meant, at most `limit` of them.

        Of many, the newest `limit` are meant; the oldest goes first, so that what is replayed
        comes back in the order in which it was made. Replay takes delivered messages only when
        they are named by id or asked for by state.
        """
        tally = Tally()
        for state in self._states(action, wanted):
            meant = replace(wanted, state=state)
            pages = await self._pages(meant, None if limit is None else limit - tally.matched)
            for cursor, oldest, size in reversed(pages):
                found, _ = await self.page(meant, cursor, size)
                views = [view for view in reversed(found) if view.key >= oldest]
                tally = await self._change(action, views, tally, dry_run=dry_run)
        return tally

    async def _pages(
        self, meant: MessageFilter, limit: int | None
    ) -> list[tuple[str | None, int, int]]:
        """Cursor, oldest key and size of each page of the messages meant, newest page first."""
        pages: list[tuple[str | None, int, int]] = []
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            room = len(meant.ids) or _AT_ONCE
            room = room if left is None else min(room, left)
            views, following = await self.page(meant, cursor, room)
            if views:
                pages.append((cursor, views[-1].key, len(views)))
            if following is None:
                break
            left = None if left is None else left - len(views)
            cursor = following
        return pages

    def _states(self, action: Action, wanted: MessageFilter) -> tuple[MessageState | None, ...]:
        allowed = _STATES[action]
        if wanted.ids:
            return (None,)
        if wanted.unsettled:
            allowed = tuple(state for state in allowed if not state.settled)
        if wanted.state is None:
            return allowed
        by_name = action == "replay" and wanted.state is MessageState.DELIVERED
        return (wanted.state,) if wanted.state in allowed or by_name else ()

    async def _change(
        self, action: Action, views: list[MessageView], tally: Tally, *, dry_run: bool
    ) -> Tally:
        matched = replace(tally, matched=tally.matched + len(views))
        if dry_run or not views:
            return matched
        write = _WRITES[action]
        results = await self._store.write(lambda tx: [write(tx, view) for view in views])
        changed = sum(result is not Replayed.NO for result in results)
        return replace(
            matched,
            changed=tally.changed + changed,
            skipped=tally.skipped + len(views) - changed,
            new_ids=tally.new_ids + results.count(Replayed.NEW_ID),
        )


def _plain(write: Callable[[Transaction, MessageView], bool]) -> Callable[..., Replayed]:
    return lambda tx, view: Replayed.SAME if write(tx, view) else Replayed.NO


_WRITES: Final[Mapping[Action, Callable[[Transaction, MessageView], Replayed]]] = {
    "resend": _plain(resend),
    "discard": _plain(discard),
    "replay": replay,
    "set_aside": _plain(set_aside),
}
