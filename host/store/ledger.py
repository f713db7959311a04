"""The books: how many messages of each connection stand where. They balance in every commit."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from host.model import MessageState
from host.store.engine import Transaction

STATES: Final = tuple(state.value for state in MessageState)
_COLUMNS: Final = ("made", *STATES, "not_made")


class Entries:
    """Changes of the books, gathered while a job writes and entered at its end."""

    def __init__(self) -> None:
        self._changes: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))

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

    def enter(self, tx: Transaction) -> None:
        """Write the changes down."""
        for connection, change in self._changes.items():
            tx.run("book", *(change[column] for column in _COLUMNS), connection)


def read_ledger(tx: Transaction) -> dict[int, dict[str, int]]:
    """The books by connection key: made, each state, and not_made."""
    return {row[0]: dict(zip(_COLUMNS, row[1:], strict=True)) for row in tx.rows("ledger")}
