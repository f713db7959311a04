"""Load over HTTP/1.1 keep-alive on raw sockets: cheap enough never to be the bottleneck.

Each connection sends its next request as soon as the last one is answered. Answers must have
a Content-Length, which all servers measured here give.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a load came to. Times are `time.monotonic` seconds, the same in all processes."""

    began: float
    ended: float
    answers: int

    @property
    def seconds(self) -> float:
        """From the first byte sent to the last answer read."""
        return self.ended - self.began


class UnexpectedAnswer(RuntimeError):
    """A server answered another status than the one a measurement needs."""


class _Connection(asyncio.Protocol):
    """Sends requests of the shared iterator one after another; `done` is set after the last."""

    def __init__(self, requests: Iterator[bytes], expected: bytes) -> None:
        self._requests = requests
        self._expected = expected
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.answers = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, though they do the same.
        self._transport = cast(asyncio.Transport, transport)

    def send_next(self) -> None:
        """Send the next request, or finish when there is none left."""
        request = next(self._requests, None)
        if request is not None and self._transport is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        whole = head_end + 4 + _content_length(head)
        if len(self._buffer) < whole:
            return
        if head[9:12] != self._expected:
            self._fail(self._buffer[:whole])
            return
        self._buffer = self._buffer[whole:]
        self.answers += 1
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(b"the connection was lost" if exc is None else str(exc).encode())

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _fail(self, answer: bytes) -> None:
        if not self.done.done():
            text = answer[:2000].decode("utf-8", "replace")
            wanted = self._expected.decode()
            self.done.set_exception(UnexpectedAnswer(f"wanted {wanted}, got: {text}"))


def _content_length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def post(url: str, body: bytes, token: str) -> bytes:
    """A complete POST request of a JSON body, as it goes over the wire."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(url: str, requests: Sequence[bytes], connections: int, expected: int = 202) -> Load:
    """Send prepared requests over so many connections; raises UnexpectedAnswer."""
    return uvloop.run(_send(url, requests, connections, expected))


async def _send(url: str, requests: Sequence[bytes], connections: int, expected: int) -> Load:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    opened = [
        (
            await loop.create_connection(
                lambda: _Connection(waiting, str(expected).encode()), host, port
            )
        )[1]
        for _ in range(min(connections, len(requests)))
    ]
    began = time.monotonic()
    try:
        for connection in opened:
            connection.send_next()
        await asyncio.gather(*(connection.done for connection in opened))
        ended = time.monotonic()
    finally:
        for connection in opened:
            connection.close()
    answers = sum(one.answers for one in opened)
    if answers != len(requests):
        raise UnexpectedAnswer(f"{answers} answers to {len(requests)} requests")
    return Load(began=began, ended=ended, answers=answers)
