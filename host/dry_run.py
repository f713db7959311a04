"""What would go over the wire for messages: the request that `deliver` makes, kept and not sent."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio
import httpx

from host.errors import PluginFault
from host.http import DestinationPolicy, Http
from host.model import Connection, Message, Secret
from host.registry import Module

_MADE_BY_THE_CLIENT: Final = frozenset(
    ("accept", "accept-encoding", "connection", "content-length", "host", "transfer-encoding")
)
_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One request as it would be sent; secrets stand as `$NAME`."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


async def dry_run(
    module: Module, connection: Connection, messages: Sequence[Message]
) -> WireRequest | None:
    """The request that these messages would be sent in; None: the module makes none.

    Nothing leaves the host. Raises PluginFault.
    """
    requests: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        raise httpx.ConnectError("nothing is sent")

    http = Http(
        DestinationPolicy(allow_private=True),
        transport=httpx.MockTransport(keep),
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # never used, and quickly made
    )
    async with http:
        try:
            with anyio.fail_after(_SECONDS):
                await module.deliver(_without_secrets(connection), messages, http)
        except TimeoutError:
            raise PluginFault(f"module {module.name}: deliver took too long") from None
    return _kept(requests[0]) if requests else None


def placeholder(setting: str) -> str:
    """What stands for a secret setting: `$API_SECRET` for `api_secret`."""
    return f"${setting.upper()}"


def _without_secrets(connection: Connection) -> Connection:
    settings = {
        name: Secret(placeholder(name)) if isinstance(value, Secret) else value
        for name, value in connection.settings.items()
    }
    return replace(connection, settings=settings)


def _kept(request: httpx.Request) -> WireRequest:
    return WireRequest(
        method=request.method,
        url=str(request.url),
        headers={
            name: value
            for name, value in request.headers.items()
            if name not in _MADE_BY_THE_CLIENT
        },
        body=request.content,
    )
