"""Request bodies, read no further than their limit."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from host.reading.bodies import MAX_BODY_BYTES, Unpacker

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
