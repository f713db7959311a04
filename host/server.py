"""A web server around an application: says when it is ready, ends on a signal."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, cast

import uvicorn
from uvicorn.lifespan.on import LifespanOn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from host.errors import LoyaltyHostError

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
GRACE: Final = 2  # seconds that open requests get at the end
MAX_HEAD: Final = 64 * 1024  # bytes of a request's line and headers


class CannotServe(LoyaltyHostError):
    """The server did not start."""


class GatheringTransport:
    """A connection that sends together what is written in one turn of the event loop.

    uvicorn writes head and body of an answer apart; each would be a packet of its own, which
    costs more than the answer itself.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._gathered: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send this soon."""
        if not self._gathered:
            self._loop.call_soon(self._send)
        self._gathered.append(data)

    def close(self) -> None:
        """Hang up when everything is sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._gathered and not self._transport.is_closing():  # else nobody is there any more
            self._transport.write(b"".join(self._gathered))
        self._gathered.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """One caller's connection. uvicorn's own keeps a request's head however long it is."""

    _in_head = False
    _head = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        super().connection_made(cast(Any, GatheringTransport(cast(asyncio.Transport, transport))))

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        before = self._head, self._in_head
        super().data_received(data)
        if self._in_head and before == (self._head, True):  # else a body ended in these bytes
            self._head += len(data)
            if self._head > MAX_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")


class Server(uvicorn.Server):
    """One server. `on_ready` is told the URL once requests are answered."""

    def __init__(
        self,
        application: Any,
        host: str,
        port: int,
        *,
        on_ready: Callable[[str], None] = lambda url: None,
        signals: bool = True,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                http=Protocol,
                ws="none",
                lifespan="on",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._on_ready = on_ready
        self._signals = signals
        self._broken = False
        self.interrupted = False
        self.url = ""

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Start, then say so."""
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn's way to say that the address is taken
            self.should_exit = True
        if not self.started:
            return
        name = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        port = self.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://{name}:{port}"
        self._on_ready(self.url)

    async def on_tick(self, counter: int) -> bool:
        """Whether to end now: also when what runs behind the application has ended in an error.

        uvicorn would go on and take requests that nobody answers.
        """
        ended = isinstance(self.lifespan, LifespanOn) and self.lifespan.shutdown_event.is_set()
        self._broken = self._broken or ended
        return await super().on_tick(counter) or self._broken

    async def run_until_signal(self) -> None:
        """Serve until a signal or `should_exit`. Raises CannotServe."""
        await self.serve()
        if self._broken:
            raise CannotServe("the host cannot go on; its log tells why")
        if not self.url:
            raise CannotServe(
                f"cannot serve on {self.config.host} port {self.config.port}: is it in use? "
                "Choose another with --port"
            )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM; unlike uvicorn's, die of neither: the work is done."""
        if not self._signals or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {name: signal.signal(name, self._end) for name in _SIGNALS}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = number == signal.SIGINT
        self.should_exit = True


def tell_ready(url: str) -> None:
    """Print the line that scripts wait for."""
    print(f"ready {url}", file=sys.stderr, flush=True)
