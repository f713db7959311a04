"""Finding events by id and by customer, kept at a small price.

Digests of ids come in no order, so that in one large index nearly every event would change a
page of its own. So new events stand in a small table for each of the two ways, and move to
the large one some thousands at a time, neighbours together. Both tables are looked at, always:
what an event is found by is written in the transaction of the event itself.
"""

from __future__ import annotations

from typing import Final

from host.store.engine import Transaction

_MOST: Final = 16_384  # events that stay in the small tables
_STEP: Final = 2_048  # events that move at once
_FIRST: Final = -(2**63)  # what a database's integer can hold
_LAST: Final = 2**63 - 1


def enter_new_events(tx: Transaction, first: int, last: int, added: int) -> None:
    """Have events be found that were just added: so many, under keys from `first` to `last`.

    No other event has a key between those. If there are many new ones, some older ones move.
    """
    tx.run("find_by_id", first, last)
    tx.run("find_by_customer", first, last)
    row = tx.row("count_new_events", added)
    if row is None or row[0] < _MOST + _STEP:
        return
    moved, next_hash = _move(tx, "by_id", row[1])
    _, next_customer = _move(tx, "by_customer", row[2])
    tx.run("note_moved_events", moved, next_hash, next_customer)
    if next_hash == _FIRST:
        tx.run("recount_new_events")  # old events may have been dropped meanwhile


def _move(tx: Transaction, way: str, start: int) -> tuple[int, int]:
    """One step along one of the two ways: how many moved, and where the next step begins."""
    end = tx.row(f"step_{way}", start, _STEP)
    last = _LAST if end is None else end[0]
    tx.run(f"move_{way}", start, last)
    moved = tx.run(f"moved_{way}", start, last)
    return moved, _FIRST if last == _LAST else last + 1
