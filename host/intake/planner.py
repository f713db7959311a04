"""Who decides a batch: the helper when there is one, else this process itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

from host.intake.helper import Helper
from host.intake.items import Items, read_all
from host.intake.plan import Plan, keys_needed
from host.intake.request import Answer
from host.intake.writes import Before, Writes
from host.routing import Routing
from host.store.customers import StoredCustomer, find_customers
from host.store.engine import Transaction
from host.store.events import find_contents
from host.store.new_events import NewEvents

Coming: TypeAlias = Sequence[Writes | int]
"""What is about to be written for the batches before, oldest first; a number: of one that the
helper has decided, and of which we have not read yet what."""

THOROUGH_FOR: Final = 60.0  # seconds


class Planner:
    """Decides batches, in their order."""

    def __init__(
        self, routing: Callable[[Transaction], Routing], helper: Helper | None = None
    ) -> None:
        self._routing = routing
        self._helper = helper
        self._new = NewEvents()
        self._thorough_until = 0.0

    def ask(self, tx: Transaction, parts: Sequence[Items], coming: Coming) -> int | None:
        """Have the helper begin to decide; the number to hear the answer by.

        None: there is no helper. One thread may ask and hear at a time.
        """
        items = sum(map(len, parts))
        if self._helper is None or not self._helper.ready(items):
            return None
        numbered = [one if isinstance(one, int) else one.number or Before.of(one) for one in coming]
        first_key, thorough = tx.keys(keys_needed(items)), time.monotonic() < self._thorough_until
        return self._helper.ask(tx.now, parts, first_key, numbered, thorough=thorough)

    def be_thorough(self) -> None:
        """Old events come again just now: have the helper look for them as well, for a while.

        Mostly none does, and the helper does without: looking for them costs the writer, who
        keeps their pages, half of what it costs anybody else.
        """
        self._thorough_until = time.monotonic() + THOROUGH_FOR

    def hear(self, number: int) -> Answer | None:
        """Wait for what the helper decided; None: decide it here."""
        assert self._helper is not None, "it was asked"
        return self._helper.hear(number)

    def contents(self, tx: Transaction, hashes: Collection[int]) -> dict[str, bytes]:
        """See `Known`."""
        return find_contents(tx, self._new, hashes)

    def customers(self, tx: Transaction, ids: Collection[str]) -> dict[str, StoredCustomer]:
        """See `Known`."""
        return find_customers(tx, ids)

    def plan(self, tx: Transaction, parts: Sequence[Items], coming: Sequence[Writes]) -> Writes:
        """Decide in this process; any thread may ask."""
        items = read_all(parts)
        first_key = tx.keys(keys_needed(len(items)))
        before = [Before.of(writes) for writes in coming]
        return Plan(tx, self, items, self._routing(tx), first_key, before).writes
