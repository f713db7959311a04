"""Who decides a batch: the helper when there is one, else this process itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from host.intake.helper import Helper
from host.intake.items import Item
from host.intake.plan import Plan, keys_needed
from host.intake.writes import Batch, Before, Writes
from host.routing import Routing
from host.store.engine import Transaction


class Planner:
    """Decides batches, in their order."""

    def __init__(
        self, routing: Callable[[Transaction], Routing], helper: Helper | None = None
    ) -> None:
        self._routing = routing
        self._helper = helper

    def pack(self, items: Sequence[Item]) -> bytes | None:
        """What `plan` may be given so that it is quicker."""
        return None if self._helper is None else self._helper.pack(items)

    def plan(
        self,
        tx: Transaction,
        items: Sequence[Item],
        before: Batch | None,
        packed: bytes | None = None,
    ) -> Writes:
        """What is to be written. `before`: a batch that is about to be written.

        One thread may ask at a time.
        """
        if self._helper is not None and self._helper.ready(len(items)):
            first_key = tx.keys(keys_needed(items))
            writes = self._helper.plan(tx.now, items, packed, first_key, before)
            if writes is not None:
                return writes
        return self.plan_here(tx, items, before)

    def plan_here(self, tx: Transaction, items: Sequence[Item], before: Batch | None) -> Writes:
        """The same, in this process; any thread may ask."""
        coming = None if before is None else Before.of(*before)
        first_key = tx.keys(keys_needed(items))
        return Plan(tx, items, self._routing(tx), first_key, coming).writes
