"""New events, which stand in no table by which they are found (see `event_indexes.py`)."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from host.store.engine import Transaction


class NewEvents:
    """Knows new events by the digests of their ids: some hundred bytes each. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexed = 0  # key: events up to it are no new ones
        self._last = 0  # key of the last event that was seen
        self._keys: dict[int, int] = {}  # by digest
        self._twins: list[int] = []  # keys of events whose digest was another one's, too

    def keys_of(self, tx: Transaction, hashes: Iterable[int]) -> list[int]:
        """The keys of the new events with such digests; there may be others among them."""
        with self._lock:
            self._follow(tx)
            found = [key for key in map(self._keys.get, hashes) if key is not None]
            return found + self._twins

    def _follow(self, tx: Transaction) -> None:
        """Learn what came: keys grow from transaction to transaction, as one process gives them."""
        row = tx.row("indexed")
        assert row is not None, "the table has one row"
        if row[0] != self._indexed:
            self._indexed = row[0]
            self._last = max(self._last, row[0])
            self._keys = {hash: key for hash, key in self._keys.items() if key > row[0]}
            self._twins = [key for key in self._twins if key > row[0]]
        for hash, key in tx.packed("events_after", list, self._last):
            if self._keys.setdefault(hash, key) != key:
                self._twins.append(key)
            self._last = key
