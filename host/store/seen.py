"""Which loyalty events come at all, associated or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from host.store.engine import Transaction
from host.store.keys import ms_of

_MOST: Final = 500  # names a page can use; whoever sends may make up any number of them


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAction:
    """An event's name that came. `last_at`: ms since 1970; `last`: the key of the last one."""

    action: str
    events: int
    last: int

    @property
    def last_at(self) -> int:
        """When the last one was taken, ms since 1970."""
        return ms_of(self.last)


def read_seen(tx: Transaction) -> dict[str, SeenAction]:
    """The events that came, by name, the commonest first."""
    return {
        row[0]: SeenAction(action=row[0], events=row[1], last=row[2])
        for row in tx.rows("seen_actions", _MOST)
    }
