"""The one place that makes HTTP clients, and the guard on where they may go.

A client belongs to one sender (a pool shared by many is several times slower). It takes and
gives bytes, follows no redirect, reads no proxy from the environment, and dials only
addresses that the policy allows: the check is made on the resolved address that is dialled.
"""

from __future__ import annotations

import base64
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import anyio
import httpx

from host.errors import RequestFailed
from host.model import Secret
from host.retry import read_retry_after

DEFAULT_TIMEOUT: Final = 10.0
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_RESOLVED_FOR: Final = 30.0  # seconds that a resolved name is trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A complete answer. Header names are lower-case; `body` is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    received_at: datetime

    @property
    def retry_after(self) -> float | None:
        """`Retry-After` in seconds, as `host.retry.read_retry_after` reads it."""
        return read_retry_after(self.headers.get("retry-after"), self.received_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationPolicy:
    """Which addresses may be dialled.

    Loopback, private, link-local and other special addresses only when `allow_private`;
    plain `http:` only to those, never to a public address.
    """

    allow_private: bool = False

    def check_url(self, text: str) -> httpx.URL:
        """The URL, or RequestFailed saying what is wrong with it."""
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, ValueError, TypeError):
            raise RequestFailed("address", f"{text!r} is not a URL") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise RequestFailed("address", "the address must begin with https://")
        if url.userinfo or url.query or url.fragment:
            raise RequestFailed(
                "refused_address",
                "the address must hold no user name, password, question mark or #",
            )
        return url

    def check_address(self, url: httpx.URL, address: str) -> None:
        """Refuse a resolved address that this policy does not allow."""
        ip = _meant(ipaddress.ip_address(address.partition("%")[0]))
        public = ip.is_global and not ip.is_multicast
        if not public and not self.allow_private:
            raise RequestFailed(
                "refused_address",
                f"{url.host} is a private address ({ip}), which is refused; an operator can "
                "allow it with LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS=1",
            )
        if public and url.scheme == "http":
            raise RequestFailed(
                "refused_address", "a public address must be called by https://, not http://"
            )


_CARRIES_IPV4: Final = tuple(
    ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96", "::/96")
)


def _meant(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Where an address leads: the IPv4 address inside one that only carries it elsewhere."""
    if isinstance(ip, ipaddress.IPv4Address) or ip.is_loopback or ip.is_unspecified:
        return ip
    if any(ip in network for network in _CARRIES_IPV4):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.sixtofour or ip


@dataclass(slots=True)
class Resolver:
    """Names → addresses, remembered for half a minute."""

    _known: dict[tuple[str, int], tuple[float, list[str]]] = field(default_factory=dict)

    async def addresses(self, host: str, port: int) -> list[str]:
        """Addresses of a name, in the order to try them."""
        known = self._known.get((host, port))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        try:
            answers = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            # A name that does not exist needs a person; a name server that is away passes.
            gone = isinstance(error, UnicodeError) or error.errno == socket.EAI_NONAME
            raise RequestFailed(
                "address" if gone else "connection_lost", f"the name {host} cannot be resolved"
            ) from None
        found = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))
        self._known[(host, port)] = (time.monotonic() + _RESOLVED_FOR, found)
        return found


class Http:
    """The client that hooks are handed: one request at a time, an answer or `RequestFailed`."""

    def __init__(
        self,
        policy: DestinationPolicy,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        resolver: Resolver | None = None,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._timeout = timeout
        # A transport given by a test answers by itself: there is no address to look up.
        self._resolver = (resolver or Resolver()) if transport is None else None
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
            verify=verify if verify is not None else _tls(),
            limits=httpx.Limits(max_connections=2, max_keepalive_connections=1),
        )
        self.requests = 0  # made so far, for those who must keep count

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

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
        """Send one request and read its answer whole, up to `MAX_ANSWER_BYTES`.

        `basic`: user name and password of HTTP Basic authentication. `timeout`: seconds,
        instead of the connection's own.

        Raises `RequestFailed`; a status of any kind is an answer and not an error.
        """
        target = self._policy.check_url(url)
        sent = {"User-Agent": "loyalty-host", **(headers or {})}
        if basic is not None:
            pair = f"{basic[0]}:{basic[1].reveal()}".encode()
            sent["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        self.requests += 1
        seconds = self._timeout if timeout is None else timeout
        try:
            with anyio.fail_after(seconds):
                return await self._dial(method, target, content, sent, seconds)
        except TimeoutError:
            raise RequestFailed("timeout", f"no answer within {seconds:g} seconds") from None

    async def _dial(
        self,
        method: str,
        url: httpx.URL,
        content: bytes,
        headers: dict[str, str],
        seconds: float,
    ) -> HttpAnswer:
        if self._resolver is None:
            return await self._exchange(method, url, content, headers, seconds, None)
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._resolver.addresses(url.host, port)
        for address in addresses:
            self._policy.check_address(url, address)
        headers["Host"] = url.netloc.decode("ascii")
        failure: _NotConnected | None = None
        for address in addresses:
            try:
                dialled = url.copy_with(host=address)
                return await self._exchange(method, dialled, content, headers, seconds, url.host)
            except _NotConnected as error:  # nothing was sent: the next address may do
                failure = error
        raise failure or RequestFailed("address", f"the name {url.host} has no address")

    async def _exchange(
        self,
        method: str,
        url: httpx.URL,
        content: bytes,
        headers: Mapping[str, str],
        seconds: float,
        server_name: str | None,
    ) -> HttpAnswer:
        extensions = {"sni_hostname": server_name} if server_name is not None else {}
        async with AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(
                    self._client.stream(
                        method,
                        url,
                        content=content,
                        headers=headers,
                        timeout=seconds,
                        extensions=extensions,
                    )
                )
                body = await _read(answer)
            except httpx.HTTPError as error:
                raise _failure(error) from None
            except httpx.StreamError as error:  # e.g. closed in the middle
                raise RequestFailed("connection_lost", str(error)) from None
            return HttpAnswer(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=body,
                received_at=datetime.now().astimezone(),
            )


class _NotConnected(RequestFailed):
    """No connection came about, so that nothing can have been sent."""


async def _read(answer: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise RequestFailed("oversized_answer", "the answer is larger than 4 MB")
        parts.append(part)
    return b"".join(parts)


def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _caused_by_tls(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


_FAILURES: Final[Sequence[tuple[type[httpx.HTTPError], str, str]]] = (
    (httpx.TimeoutException, "timeout", "the destination did not answer in time"),
    (httpx.UnsupportedProtocol, "address", "the address must begin with https://"),
    (httpx.TooManyRedirects, "address", "the address redirects without end"),
    (httpx.LocalProtocolError, "address", "the request cannot be put into words for this address"),
    (httpx.ConnectError, "connection_lost", "no connection to the destination came about"),
    (httpx.ProxyError, "connection_lost", "a proxy in between failed"),
    (httpx.DecodingError, "oversized_answer", "the answer's compression cannot be read"),
    (httpx.NetworkError, "connection_lost", "the connection was lost"),
    (httpx.RemoteProtocolError, "connection_lost", "the destination broke off its answer"),
    (httpx.HTTPError, "connection_lost", "the request failed"),
)
"""httpx's error tree → kind and words; the first line that fits counts."""


def _failure(error: httpx.HTTPError) -> RequestFailed:
    if isinstance(error, httpx.ConnectError) and _caused_by_tls(error):
        return RequestFailed("tls", f"the destination's certificate is refused: {_detail(error)}")
    for kind, name, words in _FAILURES:
        if isinstance(error, kind):
            made = _NotConnected if isinstance(error, httpx.ConnectError) else RequestFailed
            return made(name, words)  # type: ignore[arg-type]
    raise AssertionError("the last line fits every error")


def _detail(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
