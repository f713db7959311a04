"""A request's items, slice by slice: read, taken, and told one by one what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import anyio
import anyio.to_thread

from host.errors import RefusedItem
from host.intake.intake import Intake
from host.intake.items import Taken, Verdict
from host.reading.bodies import Items, read_items
from host.reading.events import TakenEvent
from host.reading.items import peek_id

AT_ONCE: Final = 5000  # items that are in memory as more than bytes
LARGE: Final = 128 * 1024  # bytes from which a body is read beside the event loop
_HUGE: Final = 1024 * 1024
_HUGE_AT_ONCE: Final = 4  # bodies of over a megabyte that are worked on together

ReadItem: TypeAlias = Callable[[int, bytes], Taken]
Read: TypeAlias = Taken | RefusedItem | None


class Told:
    """What the answer says. `words`: verdict → the name under which it is counted."""

    def __init__(self, items: Items, words: Mapping[str, str]) -> None:
        self._items = items
        self._words = words
        self._counts: Counter[str] = Counter()
        self._refused: list[dict[str, Any]] = []
        self._ids: list[str | None] = []

    def add(self, start: int, read: Sequence[Read], verdicts: Sequence[Verdict]) -> None:
        """Add a slice: items as read from position `start`, and the verdicts on those taken on."""
        rest = iter(verdicts)
        for position, one in enumerate(read, start):
            if one is None:
                self._counts["skipped"] += 1
                self._ids.append(None)
                continue
            verdict = one if isinstance(one, RefusedItem) else next(rest)
            if isinstance(verdict, RefusedItem):
                self._refuse(position, one, verdict)
            else:
                self._counts[self._words[verdict]] += 1
                self._ids.append(_id_of(one))

    @property
    def status(self) -> int:
        """202, or 422 when every item was refused."""
        accepted = any(self._counts[word] for word in self._words.values())
        return 422 if self._refused and not accepted else 202

    def to_json(self) -> dict[str, Any]:
        """The answer."""
        return {
            **{word: self._counts[word] for word in self._words.values()},
            "skipped": self._counts["skipped"],
            "refused": self._refused,
            "ids": self._ids,
        }

    def _refuse(self, position: int, read: Read, refused: RefusedItem) -> None:
        raw = self._items.items[position] or b""
        known = isinstance(read, TakenEvent)
        self._ids.append(None)
        self._refused.append(
            {
                self._items.by: self._items.number(position),
                "id": _id_of(read) if known else peek_id(raw, "id", "_id"),
                "error": {"code": refused.code, "message": str(refused)},
            }
        )


def _id_of(read: Read) -> str | None:
    if isinstance(read, TakenEvent):
        return read.event.id
    return None if read is None or isinstance(read, RefusedItem) else read.id


class Taking:
    """Takes whole bodies without holding many of their items at once."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._huge = anyio.CapacityLimiter(_HUGE_AT_ONCE)

    async def take(
        self, body: bytes, kind: str | None, read_item: ReadItem, words: Mapping[str, str]
    ) -> Told:
        """Take a body's items in their order; returns when they are on disk.

        Raises UnreadableBody or BodyTooLarge, then nothing was taken; HostFull or
        StoreUnavailable, then a beginning may have been.
        """
        if len(body) <= _HUGE:
            return await self._take(body, kind, read_item, words)
        async with self._huge:
            return await self._take(body, kind, read_item, words)

    async def _take(
        self, body: bytes, kind: str | None, read_item: ReadItem, words: Mapping[str, str]
    ) -> Told:
        large = len(body) > LARGE
        items = await _run(large, partial(read_items, body, kind))
        told = Told(items, words)
        for start in range(0, len(items.items), AT_ONCE):
            read = await _run(large, partial(_read_slice, items, start, read_item))
            taken = [one for one in read if one is not None and not isinstance(one, RefusedItem)]
            told.add(start, read, await self._intake.take(taken) if taken else ())
        return told


async def _run(large: bool, work: Callable[[], Any]) -> Any:
    """Work on a large body beside the event loop, so that nobody waits for it."""
    return await anyio.to_thread.run_sync(work) if large else work()


def _read_slice(items: Items, start: int, read_item: ReadItem) -> list[Read]:
    read: list[Read] = []
    for position, raw in enumerate(items.items[start : start + AT_ONCE], start):
        try:
            read.append(None if raw is None else read_item(position, raw))
        except RefusedItem as refused:
            read.append(refused)
    return read
