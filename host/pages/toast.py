"""One short word about what was just done, carried over a redirect to the next page."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict, dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from host import wire

_COOKIE: Final = "loyalty_host_toast"
_SECONDS: Final = 60  # then it is old news
_LONGEST: Final = 600  # characters; browsers drop larger cookies


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """A word to the person. A failure stays until it is closed."""

    text: str
    failed: bool = False


def go(where: str, text: str = "", *, failed: bool = False) -> Response:
    """Go to another page, and say there what was done."""
    response = RedirectResponse(where, 303)
    if text:
        leave(response, Toast(text=text[:_LONGEST], failed=failed))
    return response


def leave(response: Response, toast: Toast) -> None:
    """Leave a toast for the next page."""
    told = base64.urlsafe_b64encode(wire.dumps(asdict(toast))).decode()
    response.set_cookie(_COOKIE, told, max_age=_SECONDS, httponly=True, samesite="lax")


def take(request: Request) -> Toast | None:
    """The toast that was left for this page, if it can be read."""
    told = request.cookies.get(_COOKIE)
    if not told:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(told), type=Toast)
    except (ValueError, binascii.Error):
        return None


def forget(response: Response) -> None:
    """The toast was shown."""
    response.delete_cookie(_COOKIE, httponly=True, samesite="lax")
