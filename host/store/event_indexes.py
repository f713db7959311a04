"""Finding events by id and by customer, kept at a small price.

Digests of ids come in no order, so that in one large table nearly every event would change a
page of its own. So events are entered into it, and into the one by customers, later: some ten
thousand at a time, in order, some with every commit. Until then they are new: who looks for an
id knows the digests of the new ones (see `NewEvents`), and a customer's are looked for among
them all, which takes some milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from host.store.engine import Transaction

_pairs: Final = msgspec.json.Decoder(list[tuple[int, int]]).decode


class Newness(NamedTuple):
    """Which events are new, by their keys."""

    indexed: int  # the last one that is not new
    more: int  # how many new ones came after the key that was asked about
    last: int  # of all events; 0: there are none
    oldest: int | None  # the oldest new one


@dataclass(frozen=True, slots=True)
class Window:
    """New events to be entered, each list in slices of about equal size."""

    last: int  # key of the last one
    by_id: Sequence[str]  # JSON lists of digests and keys, in order
    by_customer: Sequence[str]  # JSON lists of customers and keys, in order


def read_newness(tx: Transaction, since: int) -> Newness:
    """Which events are new, and how many came after this key."""
    row = tx.row("newness", since)
    assert row is not None, "the table has one row"
    return Newness(*row)


def read_window(tx: Transaction, new: Newness, slices: int) -> Window:
    """Read all new events, up to the last one of then, to be entered in so many slices."""
    by_id, by_customer = (
        _cut(tx.rows(statement, new.indexed, new.last)[0][0], slices)
        for statement in ("window_by_id", "window_by_customer")
    )
    return Window(new.last, by_id, by_customer)


def _cut(pairs: str, slices: int) -> list[str]:
    """A JSON list of pairs as several ones: reading all at once would hold others up."""
    found: list[str] = []
    start, size = 0, len(pairs) // slices + 1
    while (end := pairs.find("],", start + size) + 1) > 0:
        found.append(f"[{pairs[start + 1 : end]}]")
        start = end
    return [*found, f"[{pairs[start + 1 :]}"]


def enter(tx: Transaction, by_id: str, by_customer: str) -> None:
    """Have the events of a slice found; doing it again does no harm."""
    tx.run_many("enter_by_id", _pairs(by_id))
    tx.run_many("enter_by_customer", _pairs(by_customer))


def entered(tx: Transaction, window: Window) -> None:
    """All events of a window were entered: they are no longer new."""
    tx.run("set_indexed", window.last)
