"""What happens now, told to whoever listens: small buffers, and slow listeners miss some."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Generic, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")

BUFFER: Final = 1000


class Broadcast(Generic[T]):
    """One publisher, any number of listeners."""

    def __init__(self) -> None:
        self._listeners: set[MemoryObjectSendStream[T]] = set()

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def publish(self, item: T) -> None:
        """Tell every listener; never waits, and never fails for one that is just going."""
        for listener in self._listeners:
            with suppress(anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
                listener.send_nowait(item)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[MemoryObjectReceiveStream[T]]:
        """What is published from now on, until `close`."""
        send, receive = anyio.create_memory_object_stream[T](BUFFER)
        self._listeners.add(send)
        try:
            async with receive:
                yield receive
        finally:
            self._listeners.discard(send)
            send.close()

    def close(self) -> None:
        """End every listener's stream."""
        for listener in self._listeners:
            listener.close()
