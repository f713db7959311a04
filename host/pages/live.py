"""Live stream: deliveries as they happen, newest on top."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final
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
from host.pages.queue import Line
from host.pages.site import Site
from host.routing import Route
from host.store.engine import Transaction
from host.store.lanes import Ruling
from host.store.listing import MessageFilter
from host.store.tried import OUTCOMES, Tried, read_latest_tried, read_tried

MOST: Final = 500  # rows that the page keeps
_A_SECOND: Final = 100  # rows that a stream sends; what is more goes by, counted
_ASK_AGAIN: Final = 60.0  # seconds after which a stream looks whether its session is still open
_OVERLAP_MS: Final = 5000  # told twice after a gap: tries are not told in the order they ended
_STATES: Final = tuple(state.value for state in OUTCOMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFilter:
    """Which deliveries a person wants to see; "" is any."""

    connection: str = ""
    state: str = ""
    customer: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> LiveFilter:
        """Out of an address. Raises UnreadableBody for what is no outcome of a try."""
        asked = cls(**{name: query.get(name, "").strip() for name in cls.__slots__})
        if asked.state and asked.state not in _STATES:
            raise UnreadableBody(f"{asked.state[:40]!r} is none of {', '.join(_STATES)}")
        return asked

    @property
    def query(self) -> str:
        """The filter as the query of an address, with its question mark."""
        given = {name: value for name in self.__slots__ if (value := getattr(self, name))}
        return f"?{urlencode(given)}" if given else ""

    def fits(self, route: Route, ruling: Ruling) -> bool:
        """Whether what became of a message is one of these."""
        return (
            self.connection in ("", route.row.id)
            and self.state in ("", ruling.state)
            and self.customer in ("", ruling.claimed.message.customer)
        )

    @property
    def wanted(self) -> MessageFilter:
        """The same for a list."""
        return MessageFilter(
            connection=self.connection or None,
            state=MessageState(self.state) if self.state else None,
            customer=self.customer or None,
        )


class Choice:
    """Picks what a stream sends: what fits the filter, and no more a second than one can see."""

    def __init__(self, asked: LiveFilter) -> None:
        self._asked = asked
        self._second = 0
        self._left = _A_SECOND
        self._passed = 0

    def __call__(self, route: Route, rulings: Sequence[Ruling]) -> Sequence[Ruling]:
        """The rulings to be shown."""
        if self._second != (second := int(time.monotonic())):
            self._second, self._left = second, _A_SECOND
        fitting = [ruling for ruling in rulings if self._asked.fits(route, ruling)]
        chosen = list(islice(fitting, self._left))
        self._left -= len(chosen)
        self._passed += len(fitting) - len(chosen)
        return chosen

    def take_passed(self) -> int:
        """How many went by unshown since this was asked last."""
        passed, self._passed = self._passed, 0
        return passed


def live_routes(site: Site) -> list[Path]:
    """The page, and the stream that keeps it going."""

    async def get_live(request: Request) -> Response:
        asked = LiveFilter.read(request.query_params)
        now, tries = await site.store.read(partial(_read, install=site.store.install, asked=asked))
        routes = (await site.configure.routing()).routes
        return await draw(
            site,
            request,
            "live.html",
            asked=asked,
            states=_STATES,
            connections=routes,
            rows=_rows(tries, routes),
            several_connections=len(routes) > 1,
            after=now,
        )

    async def get_stream(request: Request) -> Response:
        asked = LiveFilter.read(request.query_params)
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(last) if last.isdecimal() and len(last) <= len(str(2**53)) else None
        return StreamingResponse(
            _stream(site, request.cookies.get(COOKIE, ""), asked, after),
            media_type="text/event-stream",
        )

    return [
        entrance.get(site, "/live", get_live),
        entrance.get(site, "/live/stream", get_stream),
    ]


async def _stream(
    site: Site, token: str, asked: LiveFilter, after: int | None
) -> AsyncIterator[str]:
    """Server-sent events, each a row of the table; first those that were missed since `after`."""
    ask_at = anyio.current_time() + _ASK_AGAIN
    install = site.store.install
    choice = Choice(asked)
    async for ids in watch(site.delivery, choice):
        if anyio.current_time() >= ask_at:
            if await site.accounts.visitor(token) is None:
                yield "event: ended\ndata:\n\n"  # the browser shall not come again
                return
            ask_at = anyio.current_time() + _ASK_AGAIN
        if ids:
            tries = await site.store.read(partial(_read_these, install=install, ids=ids))
        elif after is not None:
            tries = await site.store.read(
                partial(_read_missed, install=install, asked=asked, after=after)
            )
            after = None
        else:
            tries = []
        if passed := choice.take_passed():
            yield f"event: passed\ndata: {passed}\n\n"
        routes = (await site.configure.routing()).routes if tries else ()
        several_connections = len(routes) > 1
        for row in _rows(tries, routes):
            html = part("live_row.html", row=row, several_connections=several_connections)
            lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
            yield f"id: {row.tried.at}\nevent: delivery\n{lines}\n"
        if not tries:
            yield ": still here\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A try and its message as the table shows them."""

    tried: Tried
    line: Line


def _rows(tries: Sequence[Tried], routes: Sequence[Route]) -> list[_Row]:
    names = {route.row.id: route for route in routes}
    return [
        _Row(
            tried=one,
            line=Line(view=one.view, route=names.get(one.view.connection), head=None),
        )
        for one in tries
    ]


def _read(tx: Transaction, *, install: str, asked: LiveFilter) -> tuple[int, list[Tried]]:
    return tx.now, read_latest_tried(tx, install, asked.wanted)


def _read_these(tx: Transaction, *, install: str, ids: Sequence[str]) -> list[Tried]:
    return [tried for id_ in ids if (tried := read_tried(tx, install, id_)) is not None]


def _read_missed(tx: Transaction, *, install: str, asked: LiveFilter, after: int) -> list[Tried]:
    """What ended after a moment (ms since 1970) or shortly before, oldest first."""
    latest = read_latest_tried(tx, install, asked.wanted, MOST)
    return [tried for tried in reversed(latest) if tried.at > after - _OVERLAP_MS]
