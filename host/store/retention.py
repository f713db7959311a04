"""How long things are kept. Small deletes, so that nobody waits for them."""

from __future__ import annotations

from typing import Final

from host.store.engine import Transaction
from host.store.keys import first_key_at

HISTORY_DAYS: Final = 90  # messages that are settled, their payloads and attempts; event bodies
IDENTITY_DAYS: Final = 120  # by which an event that comes again is recognised
_DAY_MS: Final = 86_400_000
_AT_ONCE: Final = 500


def drop_old(tx: Transaction) -> bool:
    """Delete a little of what is too old; True while there may be more."""
    history = first_key_at(tx.now - HISTORY_DAYS * _DAY_MS)
    identity = first_key_at(tx.now - IDENTITY_DAYS * _DAY_MS)
    dropped = [
        tx.run("drop_event_bodies", history, _AT_ONCE),
        tx.run("drop_old_bodies", history, _AT_ONCE),
        tx.run("drop_attempts", history, _AT_ONCE),
        tx.run("drop_events", identity, _AT_ONCE),
    ]
    for row in tx.rows("connection_names"):
        dropped.append(tx.run("drop_settled", row[0], history, _AT_ONCE))
    return any(count == _AT_ONCE for count in dropped)
