"""What every answer to a browser carries, and posts from other sites, which are refused."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "img-src 'self' data:",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_READING: Final = ("GET", "HEAD")
_REFUSED: Final = (
    "This form was sent from another site, so nothing was done. "
    "Open the page on this host and send it from there."
)


class Shield:
    """Sets the security headers and refuses what another site made the browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if scope["type"] == "http" and foreign(scope["method"], Headers(scope=scope)):
            await PlainTextResponse(_REFUSED, 403)(scope, receive, answer)
        else:
            await self._app(scope, receive, answer)


def foreign(method: str, headers: Headers) -> bool:
    """Whether a request that changes something was not sent by a page of this host.

    Browsers tell by `Sec-Fetch-Site`; where the address is no trustworthy origin, and in old
    ones, by `Origin` alone (https://web.dev/articles/fetch-metadata).
    """
    if method in _READING:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return urlsplit(headers.get("origin", "")).netloc != headers.get("host", "-")
