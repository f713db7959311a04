"""Reading a store from a process beside the one that writes it."""

from __future__ import annotations

from host.store.engine import Transaction
from host.store.keys import Keys
from host.store.sqlite.file import connect, translated
from host.store.sqlite.transaction import SqliteTransaction
from host.store.store import file_of


class Reading:
    """A connection that reads alone. It gives out no keys."""

    def __init__(self, database: str) -> None:
        """`database`: its URL. Raises StoreFault."""
        path = file_of(database)
        with translated(path):
            self._transaction = SqliteTransaction(connect(path, query_only=True), Keys())

    def at(self, now: int) -> Transaction:
        """For statements that see what is committed by then; `now` in ms since 1970."""
        self._transaction.now = now
        return self._transaction
