"""The books: how many messages of each connection stand where. They balance in every commit."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from host.model import MessageState
from host.store.engine import Transaction
from host.store.hours import hour_of

STATES: Final = tuple(state.value for state in MessageState)
_COLUMNS: Final = ("made", *STATES, "not_made")


class Entries:
    """Changes of the books, gathered while a job writes and entered at its end."""

    def __init__(self) -> None:
        self._changes: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._failed: dict[int, int] = {}

    def made(self, connection: int, state: MessageState, count: int = 1) -> None:
        """New messages came into being in this state."""
        change = self._changes[connection]
        change["made"] += count
        change[state] += count

    def moved(
        self, connection: int, before: MessageState, after: MessageState, count: int = 1
    ) -> None:
        """Messages went from one state to another."""
        change = self._changes[connection]
        change[before] -= count
        change[after] += count

    def not_made(self, connection: int, count: int) -> None:
        """Associated events for which no message was made, since the module is switched off."""
        self._changes[connection]["not_made"] += count

    def failed(self, connection: int, message: int) -> None:
        """An attempt did not deliver this message (its key)."""
        self._failed[connection] = message

    def enter(self, tx: Transaction) -> None:
        """Write the changes down, and what this hour brought by them."""
        for connection, change in self._changes.items():
            tx.run("book", *(change[column] for column in _COLUMNS), connection)
        for connection in self._changes.keys() | self._failed.keys():
            self._count_hour(tx, connection)

    def _count_hour(self, tx: Transaction, connection: int) -> None:
        change = self._changes.get(connection, {})
        # A replay takes messages back out of these states: the hour that brought them stays.
        delivered = max(0, change.get(MessageState.DELIVERED, 0))
        undelivered = max(0, change.get(MessageState.UNDELIVERED, 0))
        failed = self._failed.get(connection)
        if delivered or undelivered or failed is not None:
            moments = (tx.now if delivered else None, tx.now if failed is not None else None)
            tx.run(
                "count_hour", connection, hour_of(tx.now), delivered, undelivered, *moments, failed
            )


def read_ledger(tx: Transaction) -> dict[int, dict[str, int]]:
    """The books by connection key: made, each state, and not_made."""
    return {row[0]: dict(zip(_COLUMNS, row[1:], strict=True)) for row in tx.rows("ledger")}
