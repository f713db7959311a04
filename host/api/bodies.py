"""Request bodies, read no further than their limit."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request

from host import wire
from host.errors import UnreadableBody
from host.reading.bodies import MAX_BODY_BYTES, Unpacker

_LONGEST_VERSION: Final = 18  # digits
MAX_SETTINGS_BYTES: Final = 4 * 1024 * 1024  # far above any configuration or list of ids


async def whole_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The unpacked body. Raises BodyTooLarge as soon as it is, or UnreadableBody."""
    unpacker = Unpacker(request.headers.get("content-encoding"), limit)
    async for chunk in request.stream():
        unpacker.feed(chunk)
    return unpacker.finish()


async def settings_body(request: Request) -> bytes:
    """The unpacked body of a request that configures or orders something."""
    return await whole_body(request, MAX_SETTINGS_BYTES)


async def json_body(request: Request) -> Any:
    """The JSON value of such a body. Raises BodyTooLarge or UnreadableBody."""
    return loads(await settings_body(request))


def loads(body: bytes) -> Any:
    """The JSON value of a body. Raises UnreadableBody."""
    try:
        return wire.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableBody("the body is not JSON") from None


def version_of(request: Request) -> int | None:
    """The version that the caller edited, by `If-Match`. Raises UnreadableBody."""
    text = request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    if text in ("", "*"):
        return None
    if not text.isdecimal() or len(text) > _LONGEST_VERSION:
        raise UnreadableBody("If-Match must name the version that was read")
    return int(text)
