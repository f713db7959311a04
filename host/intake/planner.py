"""Who decides a batch: the helper when there is one, else this process itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from host.intake.helper import Helper
from host.intake.items import Items, read_all
from host.intake.known import Known
from host.intake.plan import Plan, keys_needed
from host.intake.request import Answer
from host.intake.writes import Before, Writes
from host.routing import Routing
from host.store.engine import Transaction

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
        self._known = Known()
        self._thorough_until = 0.0

    def ask(self, tx: Transaction, parts: Sequence[Items], coming: Coming) -> int | None:
        """Have the helper begin to decide; the number to hear the answer by.

        None: there is no helper. One thread may ask and hear at a time.
        """
        items = sum(map(len, parts))
        if self._helper is None or not self._helper.ready(items):
            return None
        numbered = [one if isinstance(one, int) else one.number or Before.of(one) for one in coming]
        first_key = tx.keys(keys_needed(items))
        return self._helper.ask(tx.now, parts, first_key, numbered, thorough=self._thorough)

    def be_thorough(self) -> None:
        """Old events come again just now: look for them when deciding, for a while.

        Mostly none does, and that is seen when a batch is written: whoever writes keeps the
        pages of the index, so that looking takes half as long.
        """
        self._thorough_until = time.monotonic() + THOROUGH_FOR

    def hear(self, number: int) -> Answer | None:
        """Wait for what the helper decided; None: decide it here."""
        assert self._helper is not None, "it was asked"
        return self._helper.hear(number)

    def plan(self, tx: Transaction, parts: Sequence[Items], coming: Sequence[Writes]) -> Writes:
        """Decide in this process; any thread may ask."""
        items = read_all(parts)
        first_key = tx.keys(keys_needed(len(items)))
        before = [Before.of(writes) for writes in coming]
        routing, thorough = self._routing(tx), self._thorough
        return Plan(tx, self._known, items, routing, first_key, before, thorough=thorough).writes

    @property
    def _thorough(self) -> bool:
        return time.monotonic() < self._thorough_until
