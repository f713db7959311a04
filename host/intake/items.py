"""Items as they are handed in, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from host.errors import RefusedItem
from host.reading.customers import TakenCustomer
from host.reading.events import TakenEvent
from host.store.runs import Wait

Taken: TypeAlias = TakenEvent | TakenCustomer
Item: TypeAlias = Taken | Wait

Read: TypeAlias = Item | RefusedItem | None
"""An item as it was read, or why it is refused; None: a blank line."""

TAKEN: Final = "taken"
DUPLICATE: Final = "duplicate"
UNCHANGED: Final = "unchanged"
STALE: Final = "stale"
SKIPPED: Final = "skipped"  # of a blank line
GONE: Final = "gone"  # of a wait: its run was ended meanwhile

Verdict: TypeAlias = str | RefusedItem
"""What became of an item: one of the words above, or why it is refused."""

Reader: TypeAlias = Callable[[int, bytes], Taken]
"""Reads the item at a place of its request. Raises RefusedItem. It travels: it can be pickled."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Items of one request as they came: they are read where they are decided."""

    reader: Reader
    first: int  # the place of the first one in the request
    texts: Sequence[bytes | None]  # None: a blank line

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, part: slice) -> Unread:
        return Unread(self.reader, self.first + (part.start or 0), self.texts[part])

    def read(self) -> Iterator[Read]:
        """The items, one by one."""
        for place, text in enumerate(self.texts, self.first):
            try:
                yield None if text is None else self.reader(place, text)
            except RefusedItem as refused:
                yield refused


Items: TypeAlias = Sequence[Item] | Unread


@dataclass(slots=True)
class Part:
    """Some items of one request, decided together, and what became of each."""

    items: Items
    verdicts: list[Verdict] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)  # None: it has none, or cannot be read


def read_all(parts: Iterable[Items]) -> list[Read]:
    """All items of some parts."""
    return [one for part in parts for one in (part.read() if isinstance(part, Unread) else part)]


def texts_of(parts: Iterable[Items]) -> list[bytes | None]:
    """The texts of all items; an item that is no event needs none."""
    return [text for part in parts for text in _texts(part)]


def _texts(items: Items) -> Sequence[bytes | None]:
    if isinstance(items, Unread):
        return items.texts
    return [item.raw if isinstance(item, TakenEvent) else None for item in items]
