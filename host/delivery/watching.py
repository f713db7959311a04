"""Deliveries as they happen, for whoever looks on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeAlias

import anyio

from host.delivery.delivery import Delivery
from host.routing import Route
from host.store.lanes import Ruling

SILENCE: Final = 15.0  # seconds after which a listener is told that there was nothing

Choose: TypeAlias = Callable[[Route, Sequence[Ruling]], Sequence[Ruling]]


async def watch(delivery: Delivery, choose: Choose | None = None) -> AsyncIterator[list[str]]:
    """Ids of messages that were just tried, of those chosen; after some silence an empty list.

    The first list is empty, too: from then on nothing is missed, but by those who are too
    slow. Ends when the host does.
    """
    async with delivery.settled.listen() as listener:
        yield []
        while True:
            ids: list[str] = []
            with anyio.move_on_after(SILENCE):
                while not ids:
                    try:
                        route, rulings = await listener.receive()
                    except anyio.EndOfStream:
                        return
                    chosen = rulings if choose is None else choose(route, rulings)
                    ids = [ruling.claimed.message.dedupe_id for ruling in chosen]
            yield ids
