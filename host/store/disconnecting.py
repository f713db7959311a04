"""A person disconnects a connection: its secrets go, what waits stays or is discarded."""

from __future__ import annotations

from typing import Final

from host.errors import VersionConflict
from host.model import MessageState, Reason
from host.store.engine import Row, Transaction
from host.store.ledger import Entries
from host.store.outbox import withdraw

DISCONNECTED: Final = Reason(code="disconnected", text="discarded when it was disconnected")
_LANES_AT_ONCE: Final = 200


def disconnect(tx: Transaction, key: int, version: int, document: bytes) -> None:
    """Drop the secrets; nothing is claimed any more. `document`: the connection without them.

    Raises VersionConflict if it changed in between.
    """
    if not tx.run("disconnect", document, tx.now, key, version):
        raise VersionConflict("the connection was changed by somebody else meanwhile")
    tx.run("next_version", "generation")


def discard_behind_sending(tx: Transaction, key: int) -> tuple[int, int]:
    """Discard what waits behind messages in a request: how many, and how many are in a request."""
    lanes = tx.rows("lanes_leased", key)
    return _discard(tx, key, lanes), len(lanes)


def discard_some(tx: Transaction, key: int) -> tuple[int, bool]:
    """Discard some of what waits: how many messages, and whether there may be more."""
    lanes = tx.rows("lanes_waiting", key, _LANES_AT_ONCE)
    return _discard(tx, key, lanes), len(lanes) == _LANES_AT_ONCE


def _discard(tx: Transaction, key: int, lanes: list[Row]) -> int:
    entries = Entries()
    count = 0
    for (customer,) in lanes:
        place = (key, customer)
        for hot in tx.rows("hot_of_lane", *place):
            if not hot[8]:  # else it is being sent
                withdraw(tx, place, hot, MessageState.DISCARDED, DISCONNECTED, entries)
                count += 1
        tx.run("refresh_lane", *place)
        tx.run("forget_profile", *place)
    entries.enter(tx)
    return count
