"""Looks for what must never be: books that do not balance, lanes that nobody will look at."""

from __future__ import annotations

from host.model import MessageState
from host.store.engine import Transaction
from host.store.ledger import STATES, read_ledger


def check_books(tx: Transaction) -> dict[int, str]:
    """Problems by connection key; none when all is well. Reads every unsettled message."""
    problems: dict[int, str] = {}
    for connection, books in read_ledger(tx).items():
        total = sum(books[state] for state in STATES)
        hot = sum(books[state] for state in MessageState if not state.settled)
        row = tx.row("count_hot", connection)
        stranded = tx.row("count_stranded", connection)
        if books["made"] != total:
            problems[connection] = f"{books['made']} messages were made, {total} are accounted for"
        elif row is not None and row[0] != hot:
            problems[connection] = f"the outbox holds {row[0]} messages, the books say {hot}"
        elif stranded is not None and stranded[0]:
            problems[connection] = f"{stranded[0]} messages are in lanes that are not due"
    return problems
