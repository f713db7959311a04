"""What each hour brought to a connection: for charts, and for when it last went well or ill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from host.store.engine import Transaction
from host.store.keys import message_id

HOUR_MS: Final = 3_600_000


def hour_of(ms: int) -> int:
    """The beginning of the hour of a moment, both ms since 1970."""
    return ms - ms % HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What one hour brought. `at`: its beginning, ms since 1970."""

    at: int
    delivered: int = 0
    undelivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The last attempt of a connection that did not deliver."""

    at: int  # ms since 1970
    message: str  # its id; it tells the reason


def read_hours(tx: Transaction, connection: int, count: int) -> list[Hour]:
    """The last `count` hours of a connection, the running one too, oldest first, none left out."""
    first = hour_of(tx.now) - (count - 1) * HOUR_MS
    known = {
        row[0]: Hour(at=row[0], delivered=row[1], undelivered=row[2])
        for row in tx.rows("hours", connection, first)
    }
    return [known.get(at, Hour(at=at)) for at in range(first, first + count * HOUR_MS, HOUR_MS)]


def read_last_delivery(tx: Transaction, connection: int) -> int | None:
    """When a message of the connection last got there, ms since 1970."""
    row = tx.row("last_delivery", connection)
    return row[0] if row else None


def read_last_failure(tx: Transaction, install: str, connection: int) -> Failure | None:
    """When an attempt last did not deliver."""
    row = tx.row("last_failure", connection)
    return Failure(at=row[0], message=message_id(install, row[1], 1)) if row else None
