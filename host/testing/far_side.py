"""A destination inside the test: an `Http` whose requests are answered here and recorded."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx

from host.http import DestinationPolicy, Http

Answering: TypeAlias = Callable[[httpx.Request], httpx.Response]


class FarSide(Http):
    """The client a hook is handed; `received` are the requests that arrived, oldest first."""

    def __init__(self, answer: Answering) -> None:
        self.received: list[httpx.Request] = []

        def record(request: httpx.Request) -> httpx.Response:
            self.received.append(request)
            return answer(request)

        super().__init__(
            DestinationPolicy(allow_private=True),
            transport=httpx.MockTransport(record),
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # never used, and quickly made
        )


def far_side(answer: Answering | int) -> FarSide:
    """A far side that answers each request by `answer`, or always with this status.

    `answer` may raise an `httpx` error to stand for a timeout or a lost connection.
    """
    if isinstance(answer, int):
        status = answer
        return FarSide(lambda request: httpx.Response(status))
    return FarSide(answer)


def served_by(app: Any) -> Http:
    """A client whose every request goes to this ASGI application, a stand-in for example."""
    return Http(DestinationPolicy(allow_private=True), transport=httpx.ASGITransport(app=app))


def text_of(request: httpx.Request) -> str:
    """Everything of a request that travels: address, headers and body."""
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    return f"{request.url}\n{headers}\n{request.content.decode(errors='replace')}"
