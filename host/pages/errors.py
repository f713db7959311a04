"""What a person is told when a page cannot be shown or an action cannot be done."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from host.api.answers import log_fault, status_of
from host.errors import LoyaltyHostError
from host.pages.drawing import plain
from host.pages.entrance import Forbidden, visitor_of

_HEADINGS: Final = {
    400: "This cannot be read",
    403: "This is not allowed",
    404: "There is nothing here",
    405: "This cannot be done here",
    409: "Somebody else changed this meanwhile",
    413: "This is too large",
    429: "Too much just now",
    503: "Not just now",
}
_FAILED: Final = "The host failed on this page. Its log tells more to whoever runs it."


async def on_error(request: Request, error: Exception) -> Response:
    """An error of the host's own."""
    status = 403 if isinstance(error, Forbidden) else status_of(error)
    return _page(request, status, str(error))


async def on_http_error(request: Request, error: Exception) -> Response:
    """An unknown address, or one that takes no such request."""
    assert isinstance(error, HTTPException)
    missing = error.status_code == 404
    text = "The address may be misspelt, or what was here is gone." if missing else error.detail
    return _page(request, error.status_code, text)


async def on_fault(request: Request, error: Exception) -> Response:
    """What should not have happened."""
    log_fault(request, error)
    return _page(request, 500, _FAILED)


HANDLERS: Final = {
    LoyaltyHostError: on_error,
    HTTPException: on_http_error,
    Exception: on_fault,
}


def _page(request: Request, status: int, text: str) -> Response:
    heading = _HEADINGS.get(status, "Something went wrong")
    # Drawn without asking the store: it may be what does not answer.
    context = {
        "now": 0,
        "here": request.url.path,
        "active": "",
        "navigation": (),
        "visitor": visitor_of(request),
        "trouble": (),
        "toast": None,
        "heading": heading,
        "text": text[:1].upper() + text[1:],
    }
    return HTMLResponse(plain("trouble.html", context), status)
