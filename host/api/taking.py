"""A request's items, slice by slice: taken, and told one by one what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import anyio
import anyio.to_thread

from host.errors import RefusedItem
from host.intake.intake import Intake
from host.intake.items import SKIPPED, Part, Reader, Unread
from host.reading.bodies import Items, read_items
from host.reading.items import peek_id

AT_ONCE: Final = 5000  # items of a request that are handed in together
LARGE: Final = 128 * 1024  # bytes from which a body is taken apart beside the event loop
_HUGE: Final = 1024 * 1024
_HUGE_AT_ONCE: Final = 4  # bodies of over a megabyte that are worked on together


class Told:
    """What the answer says. `words`: verdict → the name under which it is counted."""

    def __init__(self, items: Items, words: Mapping[str, str]) -> None:
        self._items = items
        self._words = words
        self._counts: Counter[str] = Counter()
        self._refused: list[dict[str, Any]] = []
        self._ids: list[str | None] = []

    def add(self, part: Part) -> None:
        """Add the items that come next, and what became of them."""
        start = len(self._ids)
        self._ids += part.ids
        for place, verdict in enumerate(part.verdicts, start):
            if isinstance(verdict, RefusedItem):
                self._refuse(place, verdict)
            else:
                self._counts[verdict] += 1

    @property
    def status(self) -> int:
        """202, or 422 when every item was refused."""
        accepted = any(self._counts[verdict] for verdict in self._words if verdict != SKIPPED)
        return 422 if self._refused and not accepted else 202

    def to_json(self) -> dict[str, Any]:
        """The answer."""
        return {
            **{word: self._counts[verdict] for verdict, word in self._words.items()},
            "refused": self._refused,
            "ids": self._ids,
        }

    def _refuse(self, place: int, refused: RefusedItem) -> None:
        id_ = self._ids[place] or peek_id(self._items.items[place] or b"", "id", "_id")
        self._ids[place] = None
        self._refused.append(
            {
                self._items.by: self._items.number(place),
                "id": id_,
                "error": {"code": refused.code, "message": str(refused)},
            }
        )


class Taking:
    """Takes whole bodies without holding many of their items at once."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._huge = anyio.CapacityLimiter(_HUGE_AT_ONCE)

    async def take(
        self, body: bytes, kind: str | None, reader: Reader, words: Mapping[str, str]
    ) -> Told:
        """Take a body's items in their order; returns when they are on disk.

        Raises UnreadableBody or BodyTooLarge, then nothing was taken; HostFull or
        StoreUnavailable, then a beginning may have been.
        """
        if len(body) <= _HUGE:
            return await self._take(body, kind, reader, words)
        async with self._huge:
            return await self._take(body, kind, reader, words)

    async def _take(
        self, body: bytes, kind: str | None, reader: Reader, words: Mapping[str, str]
    ) -> Told:
        read = partial(read_items, body, kind)
        items = await anyio.to_thread.run_sync(read) if len(body) > LARGE else read()
        told = Told(items, words)
        for start in range(0, len(items.items), AT_ONCE):
            unread = Unread(reader, start, items.items[start : start + AT_ONCE])
            for part in await self._intake.take_in_parts(unread):
                told.add(part)
        return told
