"""Who decides a batch: the helper when there is one, else this process itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from host.intake.helper import Helper
from host.intake.items import Items, read_all
from host.intake.plan import Plan, keys_needed
from host.intake.writes import Before, Writes
from host.routing import Routing
from host.store.engine import Transaction


class Planner:
    """Decides batches, in their order."""

    def __init__(
        self, routing: Callable[[Transaction], Routing], helper: Helper | None = None
    ) -> None:
        self._routing = routing
        self._helper = helper

    def plan(self, tx: Transaction, parts: Sequence[Items], before: Writes | None) -> Writes:
        """What is to be written. `before`: what is about to be written for the batch before.

        One thread may ask at a time.
        """
        items = sum(map(len, parts))
        if self._helper is not None and self._helper.ready(items):
            writes = self._helper.plan(tx.now, parts, tx.keys(keys_needed(items)), before)
            if writes is not None:
                return writes
        return self.plan_here(tx, parts, before)

    def plan_here(self, tx: Transaction, parts: Sequence[Items], before: Writes | None) -> Writes:
        """The same, in this process; any thread may ask."""
        items = read_all(parts)
        coming = None if before is None else Before.of(before)
        first_key = tx.keys(keys_needed(len(items)))
        return Plan(tx, items, self._routing(tx), first_key, coming).writes
