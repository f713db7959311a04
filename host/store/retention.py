"""How long things are kept. Small deletes, so that nobody waits for them."""

from __future__ import annotations

from typing import Final

from host import wire
from host.store.engine import Transaction
from host.store.keys import first_key_at
from host.store.runs import RUN_DAYS
from host.store.tries import FORGOTTEN_MS

HISTORY_DAYS: Final = 90  # messages that are settled, their payloads and attempts; event bodies
IDENTITY_DAYS: Final = 120  # by which an event that comes again is recognised
_DAY_MS: Final = 86_400_000
_AT_ONCE: Final = 500
_MARK: Final = "event_bodies_dropped"


def drop_old(tx: Transaction) -> bool:
    """Delete a little of what is too old; True while there may be more."""
    history = first_key_at(tx.now - HISTORY_DAYS * _DAY_MS)
    identity = first_key_at(tx.now - IDENTITY_DAYS * _DAY_MS)
    dropped = [
        tx.run("drop_old_bodies", history, _AT_ONCE),
        tx.run("drop_attempts", history, _AT_ONCE),
        tx.run("drop_events", identity, _AT_ONCE),
        tx.run("drop_sessions", tx.now, _AT_ONCE),
        tx.run("drop_links", tx.now, _AT_ONCE),
        tx.run("drop_failures", tx.now - FORGOTTEN_MS, _AT_ONCE),
        _drop_runs(tx),
    ]
    for row in tx.rows("connection_names"):
        dropped.append(tx.run("drop_settled", row[0], history, _AT_ONCE))
        dropped.append(tx.run("drop_hours", row[0], tx.now - HISTORY_DAYS * _DAY_MS, _AT_ONCE))
    dropped.append(_drop_event_bodies(tx, history))
    return any(count == _AT_ONCE for count in dropped)


def _drop_runs(tx: Transaction) -> int:
    ended = tx.now - RUN_DAYS * _DAY_MS
    for workflow in tx.rows("workflow_keys"):
        tx.run("drop_run_hours", workflow[0], ended, _AT_ONCE)
    return tx.run("drop_runs", first_key_at(ended), ended, _AT_ONCE)


def _drop_event_bodies(tx: Transaction, history: int) -> int:
    """Go on where the last look ended: what was dropped is not looked at again.

    An event that still waits for its mapping, or in a workflow, is passed over; it goes with
    its identity, and that not before its runs.
    """
    mark = tx.row("meta", _MARK)
    events = tx.rows("old_event_bodies", int(mark[0]) if mark else 0, history, _AT_ONCE)
    if events:
        tx.run("drop_event_bodies", wire.dumps([row[0] for row in events]).decode())
        tx.run("set_meta", _MARK, str(events[-1][0]))
    return len(events)
