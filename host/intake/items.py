"""Items as they are handed in, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from host.errors import RefusedItem
from host.reading.customers import TakenCustomer
from host.reading.events import TakenEvent
from host.store.runs import Wait

Taken: TypeAlias = TakenEvent | TakenCustomer
Item: TypeAlias = Taken | Wait

TAKEN: Final = "taken"
DUPLICATE: Final = "duplicate"
UNCHANGED: Final = "unchanged"
STALE: Final = "stale"
GONE: Final = "gone"  # of a wait: its run was ended meanwhile

Verdict: TypeAlias = str | RefusedItem
"""What became of an item: one of the words above, or why it is refused."""


@dataclass(slots=True)
class Part:
    """Some items of one request, decided together."""

    items: Sequence[Item]
    verdicts: list[Verdict] = field(default_factory=list)
