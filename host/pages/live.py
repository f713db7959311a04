"""Live stream: deliveries as they happen, newest on top."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as Path

from host.delivery.watching import watch
from host.errors import UnreadableBody
from host.model import MessageState
from host.pages import entrance
from host.pages.drawing import draw, part
from host.pages.entrance import COOKIE
from host.pages.site import Site
from host.routing import Route
from host.store.listing import MessageFilter
from host.store.messages import MessageView

_ASK_AGAIN: Final = 60.0  # seconds after which a stream looks whether its session is still open
_STATES: Final = tuple(state.value for state in MessageState)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFilter:
    """Which deliveries a person wants to see; "" is any."""

    connection: str = ""
    state: str = ""
    customer: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> LiveFilter:
        """Out of an address. Raises UnreadableBody for what is no state."""
        asked = cls(**{name: query.get(name, "").strip() for name in cls.__slots__})
        if asked.state and asked.state not in _STATES:
            raise UnreadableBody(f"{asked.state[:40]!r} is no state: {', '.join(_STATES)}")
        return asked

    @property
    def query(self) -> str:
        """The filter as the query of an address, with its question mark."""
        given = {name: value for name in self.__slots__ if (value := getattr(self, name))}
        return f"?{urlencode(given)}" if given else ""

    def fits(self, view: MessageView) -> bool:
        """Whether a message is one of these."""
        return (
            self.connection in ("", view.connection)
            and self.state in ("", view.state)
            and self.customer in ("", view.customer)
        )

    @property
    def wanted(self) -> MessageFilter:
        """The same for a list."""
        return MessageFilter(
            connection=self.connection or None,
            state=MessageState(self.state) if self.state else None,
            customer=self.customer or None,
        )


def live_routes(site: Site) -> list[Path]:
    """The page, and the stream that keeps it going."""

    async def get_live(request: Request) -> Response:
        asked = LiveFilter.read(request.query_params)
        listing, _ = await site.queue.look(asked.wanted, None)
        routes = (await site.configure.routing()).routes
        return await draw(
            site,
            request,
            "live.html",
            asked=asked,
            states=_STATES,
            connections=routes,
            views=listing.views,
            **_shared(routes),
        )

    async def get_stream(request: Request) -> Response:
        asked = LiveFilter.read(request.query_params)
        return StreamingResponse(
            _stream(site, request.cookies.get(COOKIE, ""), asked),
            media_type="text/event-stream",
        )

    return [
        entrance.get(site, "/live", get_live),
        entrance.get(site, "/live/stream", get_stream),
    ]


async def _stream(site: Site, token: str, asked: LiveFilter) -> AsyncIterator[str]:
    """Server-sent events, each a row of the table."""
    look_at = anyio.current_time() + _ASK_AGAIN
    async for views in watch(site.store, site.delivery):
        if anyio.current_time() >= look_at:
            if await site.accounts.visitor(token) is None:
                yield "event: ended\ndata:\n\n"  # the browser shall not come again
                return
            look_at = anyio.current_time() + _ASK_AGAIN
        wanted = [view for view in views if asked.fits(view)]
        if not wanted:
            yield ": still here\n\n"
            continue
        shared = _shared((await site.configure.routing()).routes)
        for view in wanted:
            row = part("live_row.html", view=view, **shared)
            lines = "".join(f"data: {line}\n" for line in row.splitlines() if line.strip())
            yield f"event: delivery\n{lines}\n"


def _shared(routes: tuple[Route, ...]) -> dict[str, Any]:
    return {
        "titles": {route.row.id: route.module.title for route in routes},
        "several_connections": len(routes) > 1,
    }
