"""What is told to whoever listens, and that nobody who listens is in the way."""

from __future__ import annotations

import anyio
import pytest

from host.broadcast import BUFFER, Broadcast

pytestmark = pytest.mark.anyio


async def test_every_listener_is_told() -> None:
    broadcast = Broadcast[int]()

    async with broadcast.listen() as first, broadcast.listen() as second:
        broadcast.publish(1)

        assert (await first.receive(), await second.receive()) == (1, 1)
    assert not broadcast.heard


async def test_a_listener_who_is_just_going_is_passed_over() -> None:
    broadcast = Broadcast[int]()

    async with broadcast.listen() as going, broadcast.listen() as staying:
        going.close()
        broadcast.publish(1)

        assert await staying.receive() == 1


async def test_after_the_end_nobody_is_told_and_nothing_fails() -> None:
    broadcast = Broadcast[int]()

    async with broadcast.listen() as listener:
        broadcast.close()
        broadcast.publish(1)

        with pytest.raises(anyio.EndOfStream):
            await listener.receive()


async def test_a_slow_listener_misses_what_its_buffer_cannot_hold() -> None:
    broadcast = Broadcast[int]()

    async with broadcast.listen() as slow:
        for number in range(BUFFER + 5):
            broadcast.publish(number)

        assert slow.statistics().current_buffer_used == BUFFER
