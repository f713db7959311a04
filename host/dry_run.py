"""What would go over the wire for messages: the request that `deliver` makes, kept and not sent."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from host.carried import Message
from host.errors import PluginFault, RequestFailed
from host.http import DestinationPolicy, Http, HttpAnswer
from host.model import Connection, Secret
from host.registry import Module

_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One request as it would be sent; secrets stand as `$NAME`."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    basic: tuple[str, str] | None = None  # user name and password


async def dry_run(
    module: Module, connection: Connection, messages: Sequence[Message]
) -> WireRequest | None:
    """The request that these messages would be sent in; None: the module makes none.

    Nothing leaves the host. Raises PluginFault.
    """
    async with _Keeping() as http:
        try:
            with anyio.fail_after(_SECONDS):
                await module.deliver(_without_secrets(connection), messages, http)
        except TimeoutError:
            raise PluginFault(f"module {module.name}: deliver took too long") from None
    return http.kept


def placeholder(setting: str) -> str:
    """What stands for a secret setting: `$API_SECRET` for `api_secret`."""
    return f"${setting.upper()}"


class _Keeping(Http):
    """A client that keeps the first request and sends none."""

    def __init__(self) -> None:
        self._any = DestinationPolicy(allow_private=True)
        self.kept: WireRequest | None = None
        # The context is never used, and quickly made.
        super().__init__(self._any, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, Secret] | None = None,
        timeout: float | None = None,
    ) -> HttpAnswer:
        """Keep it; the answer never comes."""
        target = self._any.check_url(url)
        if self.kept is None:
            self.kept = WireRequest(
                method=method,
                url=str(target),
                headers=dict(headers or {}),
                body=content,
                basic=None if basic is None else (basic[0], basic[1].reveal()),
            )
        raise RequestFailed("connection_lost", "nothing is sent")


def _without_secrets(connection: Connection) -> Connection:
    settings = {
        name: Secret(placeholder(name)) if isinstance(value, Secret) else value
        for name, value in connection.settings.items()
    }
    return replace(connection, settings=settings)
