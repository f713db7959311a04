"""What a message waits behind: the head of its lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from host.store.engine import Transaction
from host.store.keys import message_id
from host.store.messages import MessageView

MOST_COUNTED: Final = 100  # messages behind a head; more are "100+"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneHead:
    """The message that goes first in a lane, and what stands behind it."""

    key: int
    id: str
    attempts: int  # sends in vain so far
    until: int | None  # when it goes, ms since 1970; None: it is being sent
    behind: int  # messages that wait for it, counted up to MOST_COUNTED


def read_heads(
    tx: Transaction, install: str, views: Sequence[MessageView]
) -> dict[tuple[int, int], LaneHead]:
    """The heads of the lanes in which these messages wait, by connection and customer."""
    places = dict.fromkeys(view.place[:2] for view in views if not view.state.settled)
    return {place: head for place in places if (head := _head(tx, install, place)) is not None}


def _head(tx: Transaction, install: str, place: tuple[int, int]) -> LaneHead | None:
    row = tx.row("head_of_lane", *place)
    if row is None:
        return None
    key, edition, attempts, due, sending = row
    counted = tx.row("behind_in_lane", key, MOST_COUNTED)
    return LaneHead(
        key=key,
        id=message_id(install, key, edition),
        attempts=attempts,
        until=None if sending else due,
        behind=counted[0] if counted else 0,
    )
