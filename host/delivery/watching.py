"""Deliveries as they happen, for whoever looks on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

import anyio

from host.delivery.delivery import Delivery
from host.store.engine import Transaction
from host.store.messages import MessageView, read_view
from host.store.store import Store

SILENCE: Final = 15.0  # seconds after which a listener is told that there was nothing


async def watch(store: Store, delivery: Delivery) -> AsyncIterator[list[MessageView]]:
    """Messages as they stand after an attempt; first, and after some silence, an empty list.

    Ends when the host does. Whoever is too slow misses some.
    """
    async with delivery.settled.listen() as listener:
        yield []
        while True:
            ids: list[str] = []
            with anyio.move_on_after(SILENCE):
                try:
                    _, rulings = await listener.receive()
                except anyio.EndOfStream:
                    return
                ids = [ruling.claimed.message.dedupe_id for ruling in rulings]
            yield await store.read(partial(_views, install=store.install, ids=ids)) if ids else []


def _views(tx: Transaction, *, install: str, ids: Sequence[str]) -> list[MessageView]:
    return [view for id_ in ids if (view := read_view(tx, install, id_)) is not None]
