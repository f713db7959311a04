"""Far sides that misbehave below the level of HTTP, and other trouble to be had."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Scripted:
    """A server that answers each connection's request with the next bytes, then closes.

    The last bytes answer every further request; None: it takes the request and says nothing.
    """

    def __init__(
        self, answers: Sequence[bytes | None], tls: ssl.SSLContext | None, blunt: bool
    ) -> None:
        self.requests: list[bytes] = []
        self.answers = list(answers)
        self._tls = tls
        self._blunt = blunt  # answers whatever it hears first
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            connection.settimeout(10)
            if self._tls is not None:
                connection = stack.enter_context(
                    self._tls.wrap_socket(connection, server_side=True)
                )
            if not (request := _read_request(connection, b"" if self._blunt else b"\r\n\r\n")):
                return
            self.requests.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is None:
                self._ended.wait(10)
                return
            connection.sendall(answer)


def _read_request(connection: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got or end not in got:
        part = connection.recv(65536)
        if not part:
            return b""
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def scripted(
    *answers: bytes | None, tls: ssl.SSLContext | None = None, blunt: bool = False
) -> Iterator[Scripted]:
    """A server on the loopback that answers as scripted."""
    server = Scripted(answers, tls, blunt)
    try:
        yield server
    finally:
        server.stop()


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole answer as bytes."""
    lines = [f"HTTP/1.1 {status} Told", f"content-length: {len(body)}", "connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body
