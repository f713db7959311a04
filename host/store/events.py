"""Identities and bodies of events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from host import wire
from host.carried import Event
from host.model import from_ms
from host.reading.events import read_again
from host.store.engine import Transaction
from host.store.keys import ms_of
from host.store.new_events import NewEvents


def id_hash(id_: str) -> int:
    """64 bits of an id's digest, as the signed integer that databases hold."""
    digest = blake2b(id_.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class NewEvent(NamedTuple):
    """An event to be written down, in the order of its columns."""

    key: int
    hash: int
    id: str
    content: bytes
    customer: int | None
    action: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it came, for mapping it anew."""

    key: int
    id: str
    action: str
    customer: str | None
    body: bytes

    @property
    def event(self) -> Event | None:
        """The event as it was read when it was taken; None: it can no longer be read."""
        taken_at = from_ms(ms_of(self.key))
        return read_again(self.body, taken_at=taken_at, id=self.id, customer=self.customer)


def find_contents(
    tx: Transaction, new: NewEvents, hashes: Collection[int], *, thorough: bool = True
) -> dict[str, bytes]:
    """Content digests of known events by id, those with these hashes among them.

    Unless it is `thorough`, of new events alone; `any_old` tells of the others.
    """
    keys = new.keys_of(tx, hashes)  # first: meanwhile some may be entered into the index
    if not keys and not thorough:
        return {}
    lists = (wire.dumps(keys).decode(), wire.dumps(list(hashes) if thorough else []).decode())
    rows = tx.packed("events_by_hash", list, *lists)
    return {id_: bytes.fromhex(content) for id_, content in rows}


def any_old(tx: Transaction, hashes: Collection[int]) -> bool:
    """Whether there is an event with one of these hashes that is not new."""
    row = tx.row("any_old", wire.dumps(list(hashes)).decode())
    assert row is not None, "it is one row"
    return bool(row[0])


def add_events(tx: Transaction, events: Sequence[NewEvent]) -> None:
    """Write down events, their keys ascending, and count their actions."""
    if not events:
        return
    tx.run_many("add_event", events)
    counts: dict[str, tuple[int, int]] = {}
    for event in events:
        counts[event.action] = (counts.get(event.action, (0, 0))[0] + 1, event.key)
    tx.run_many("count_seen", [(action, n, last) for action, (n, last) in counts.items()])


def find_event(tx: Transaction, key: int) -> StoredEvent | None:
    """An event by key; None when its body is gone (retention, erasure)."""
    row = tx.row("event_with_body", key)
    if row is None:
        return None
    return StoredEvent(key=key, id=row[0], action=row[1], customer=row[2], body=row[3])
