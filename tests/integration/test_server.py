"""The web server around an application: how it begins, and every way in which it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
import httpx
import pytest
from starlette.applications import Starlette

from host.server import CannotServe, GatheringTransport, Server

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Server, list[str]]]:
    """A server that knows no page, asked to end at the end, and the addresses that it told."""
    told: list[str] = []
    server = Server(Starlette(), "127.0.0.1", 0, on_ready=told.append, signals=False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.run_until_signal)
        with anyio.fail_after(5):
            while not told:
                await anyio.sleep(0.01)
        yield server, told
        server.should_exit = True


@pytest.fixture
async def serving() -> AsyncIterator[str]:
    """The URL of such a server."""
    async with served() as (_, told):
        yield told[0]


async def test_a_server_tells_its_address_and_ends_when_asked() -> None:
    async with served() as (server, told):
        pass

    assert told == [server.url]


async def test_a_server_ends_when_what_runs_behind_it_fails() -> None:
    fail = anyio.Event()

    async def work() -> None:
        await fail.wait()
        raise ValueError("out of order")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            yield

    server = Server(
        Starlette(lifespan=lifespan),
        "127.0.0.1",
        0,
        on_ready=lambda url: fail.set(),
        signals=False,
    )

    with anyio.fail_after(5), pytest.raises(CannotServe, match="cannot go on"):
        await server.run_until_signal()


async def test_an_address_in_use_is_told() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)

        with pytest.raises(CannotServe, match="--port"):
            await Server(Starlette(), "127.0.0.1", port, signals=False).run_until_signal()


async def test_an_answer_comes_in_one_packet(serving: str) -> None:
    def first_packets() -> set[bytes]:
        with socket.create_connection(("127.0.0.1", int(serving.rpartition(":")[2]))) as caller:
            return {_asked(caller)[-13:] for _ in range(100)}

    # In a thread, which sees what comes as it comes, while the server is still writing.
    assert await anyio.to_thread.run_sync(first_packets) == {b"\r\n\r\nNot Found"}


def _asked(caller: socket.socket) -> bytes:
    caller.sendall(b"GET / HTTP/1.1\r\nHost: host.test\r\n\r\n")
    return caller.recv(65536)


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_hanging_up_sends_what_was_written_before() -> None:
    wire = Wire()
    transport = GatheringTransport(wire)
    transport.write(b"last ")
    transport.write(b"words")

    transport.close()
    await anyio.sleep(0)

    assert wire.written == [b"last words"]
    assert wire.closed


async def test_what_was_written_for_somebody_who_hung_up_is_dropped() -> None:
    wire = Wire()
    transport = GatheringTransport(wire)
    transport.write(b"words")

    wire.close()
    await anyio.sleep(0)

    assert wire.written == []


async def test_a_head_without_end_is_cut_off_and_others_are_served(serving: str) -> None:
    with anyio.fail_after(5):
        sent = await _flood(int(serving.rpartition(":")[2]))
        async with httpx.AsyncClient() as client:
            other = await client.get(serving, headers={"X-Long": "a" * 8192})

    assert sent < 8 * 1024 * 1024
    assert other.status_code == 404


async def _flood(port: int) -> int:
    """Send one header without end; how many bytes went before the server hung up."""
    sent = 0
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        with contextlib.suppress(anyio.BrokenResourceError):
            while sent < 64 * 1024 * 1024:
                await stream.send(b"a" * 65536)
                sent += 65536
    return sent
