"""What one batch will write, as data: decided by a plan, in this process or in the helper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import msgspec

from host.intake.items import Verdict
from host.intake.running import RunState
from host.store.customers import StoredCustomer
from host.store.events import NewEvent
from host.store.outbox import Draft
from host.store.runs import NewRun, NewWait, Wait


class Recorded(msgspec.Struct, array_like=True, gc=False):
    """An event to be written down: which of the items it is, and the keys that it got."""

    place: int
    key: int
    hash: int  # of its id
    id: str
    content: bytes
    customer: int | None  # a guest's has none
    action: str


@dataclass(slots=True, kw_only=True)
class Writes:
    """What a batch will write, and the verdicts on its items and their ids, in their order."""

    generation: int  # of the configuration that it was decided by
    thorough: bool  # old events were looked for, too; else it is still to be done (see `Known`)
    verdicts: list[Verdict]
    ids: list[str | None]  # None: an item has none, or cannot be read
    events: list[Recorded]
    customers: list[StoredCustomer]  # new or changed
    left: list[int]  # keys of customers who opted out
    drafts: list[Draft]
    not_made: dict[int, int]  # connection → events left out
    over: list[Wait]  # waits that are over
    ended: list[tuple[int, int]]  # workflow and event of runs that wait for nothing any more
    runs: list[NewRun]
    waits: list[NewWait]
    counts: list[tuple[int, int, int]]  # workflow, runs that ended, how many of them failed
    states: dict[tuple[int, int], RunState]  # of runs that wait, or have waited
    number: int | None = None  # of a batch that the helper decided

    def new_events(self, texts: Sequence[bytes | None]) -> list[NewEvent]:
        """The rows of the events; `texts`: of all items as they came."""
        return [
            NewEvent(e.key, e.hash, e.id, e.content, e.customer, e.action, texts[e.place] or b"")
            for e in self.events
        ]


class Before(NamedTuple):
    """What a batch before is about to write, and may not be seen in the store yet."""

    contents: dict[str, bytes]  # digests by the ids of its events
    customers: list[StoredCustomer]
    left: frozenset[int]
    states: dict[tuple[int, int], RunState]

    @classmethod
    def of(cls, writes: Writes) -> Self:
        """Of what was decided of a batch."""
        contents = {event.id: event.content for event in writes.events}
        return cls(contents, writes.customers, frozenset(writes.left), writes.states)
