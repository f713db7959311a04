"""What one batch will write, as data: decided by a plan, in this process or in the helper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

from host.intake.items import Item, Verdict
from host.intake.running import RunState
from host.reading.events import TakenEvent
from host.store.customers import StoredCustomer
from host.store.events import NewEvent
from host.store.outbox import Draft
from host.store.runs import NewRun, NewWait, Wait


class Recorded(NamedTuple):
    """An event to be written down: which of the items it is, and the keys that it got."""

    position: int
    key: int
    hash: int  # of its id
    customer: int | None  # a guest's has none


@dataclass(slots=True, kw_only=True)
class Writes:
    """What a batch will write, and the verdicts on its items, in their order."""

    generation: int  # of the configuration that it was decided by
    verdicts: list[Verdict]
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

    def new_events(self, items: Sequence[Item]) -> list[NewEvent]:
        """The rows of the events among a batch's items."""
        found: list[NewEvent] = []
        for position, key, hash_, customer in self.events:
            taken = items[position]
            assert isinstance(taken, TakenEvent), "the others are no events"
            event = taken.event
            row = NewEvent(key, hash_, event.id, taken.content, customer, event.action, taken.raw)
            found.append(row)
        return found


Batch: TypeAlias = tuple[Sequence[Item], Writes]
"""Items, and what was decided of them."""


class Before(NamedTuple):
    """What the batch before is about to write, and may not be seen in the store yet."""

    contents: dict[str, bytes]  # digests by the ids of its events
    customers: list[StoredCustomer]
    left: frozenset[int]
    states: dict[tuple[int, int], RunState]

    @classmethod
    def of(cls, items: Sequence[Item], writes: Writes) -> Self:
        """Of a batch's items and what was decided of them."""
        events = [items[kept.position] for kept in writes.events]
        contents = {e.event.id: e.content for e in events if isinstance(e, TakenEvent)}
        return cls(contents, writes.customers, frozenset(writes.left), writes.states)
