"""Resend queue and Undelivered: lists of messages with filters, of all connections or of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.model import MessageState
from host.pages import entrance, reasons
from host.pages.asked import ALL, QUEUE, SINCE, UNDELIVERED, Asked, ListKind
from host.pages.connection_frame import draw_in_frame, find_frame
from host.pages.drawing import draw, draw_part, wants_part
from host.pages.export import export
from host.pages.holding_back import HeldBack, read_held_back
from host.pages.policy_words import policy_sentence
from host.pages.site import Site
from host.retry import MAX_RESENDS
from host.routing import Route
from host.store.blocking import LaneHead
from host.store.engine import Transaction
from host.store.ledger import read_ledger
from host.store.messages import MessageView

TAB: Final = "/queue"  # both lists of a connection stand under this one
_IN_WORDS: Final = {0: "no", 1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
MOST: Final = 5000  # messages that one press of a button changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message as a list shows it."""

    view: MessageView
    route: Route | None  # None: its connection was deleted
    head: LaneHead | None

    @property
    def external(self) -> str:
        """The event's name on the far side, by today's associations; a workflow has its own."""
        if self.route is None or self.view.workflow is not None:
            return ""
        return external_names(self.route, self.view.action)

    @property
    def marked(self) -> bool:
        """Whether its environment is the one that a toggle marks: kept apart on the far side."""
        manifest = self.route.manifest if self.route else None
        return manifest is not None and manifest.marks(self.view.environment)

    @property
    def reason(self) -> str:
        """Why it is where it is, in few words."""
        return reasons.label(self.view.reason) if self.view.reason else ""

    @property
    def tries(self) -> str:
        """Sends so far: `1 of 5` while resends are left, `not sent yet`, or their number."""
        return tries(self.view, self.route)

    @property
    def blocked_by(self) -> LaneHead | None:
        """The failed message of the same customer that has to go first."""
        head = self.head
        return head if head and head.key != self.view.key and head.attempts else None

    @property
    def holds_up(self) -> int:
        """How many messages of the same customer wait behind it."""
        head = self.head
        return head.behind if head and head.key == self.view.key and head.attempts else 0


def queue_routes(site: Site) -> list[Path]:
    """The routes of both lists, for all connections and for one, and of their exports."""
    routes: list[Path] = []
    for kind in (QUEUE, UNDELIVERED):
        for path in (kind.path, "/connections/{id}" + kind.path):
            routes.append(entrance.get(site, path, partial(_get_list, site, kind)))
            routes.append(entrance.get(site, f"{path}/export.csv", partial(_get_csv, site, kind)))
    return routes


async def _get_list(site: Site, kind: ListKind, request: Request) -> Response:
    id_ = request.path_params.get("id")
    frame = None if id_ is None else await find_frame(site, id_)
    asked = Asked.read(kind, request.query_params, id_)
    context = await _context(site, kind, asked, request.url.path)
    if wants_part(request):
        return draw_part(request, "queue_rows.html", **context)
    if frame is None:
        return await draw(site, request, "queue.html", active=QUEUE.path, **context)
    return await draw_in_frame(site, request, "queue_connection.html", frame, tab=TAB, **context)


async def _get_csv(site: Site, kind: ListKind, request: Request) -> Response:
    id_ = request.path_params.get("id")
    if id_ is not None:
        await find_frame(site, id_)
    asked = Asked.read(kind, request.query_params, id_)
    now = await site.store.read(lambda tx: tx.now)
    return export(site.queue, asked.wanted(now), kind.path.strip("/"))


async def _context(site: Site, kind: ListKind, asked: Asked, here: str) -> dict[str, Any]:
    routing = await site.configure.routing()
    meant = tuple(r for r in routing.routes if asked.connection in ("", r.row.id))
    counts, held, now = await site.store.read(partial(_read_top, meant=meant, asked=asked))
    listing, heads = await site.queue.look(asked.wanted(now), asked.before or None)
    names = {route.row.id: route for route in routing.routes}
    lines = [
        Line(view=view, route=names.get(view.connection), head=heads.get(view.place[:2]))
        for view in listing.views
    ]
    return {
        "kind": kind,
        "other": UNDELIVERED if kind is QUEUE else QUEUE,
        "asked": asked,
        "path": here,
        "other_path": here.removesuffix(kind.path) + (UNDELIVERED if kind is QUEUE else QUEUE).path,
        "back": asked.address(here, before=asked.before),
        "framed": here != kind.path,
        "lines": lines,
        "listing": listing,
        "counts": counts,
        "matching": None if asked.narrowed else counts[asked.state],
        "held": held,
        "policies": [(route, policy_sentence(route.config.delivery)) for route in meant],
        "connections": routing.routes,
        "events": sorted({action for route in meant for action in route.takes}),
        "reasons": reasons.choices(settled=kind.settled),
        "periods": _periods(asked),
        "most_resends": _IN_WORDS.get(
            max((len(r.config.delivery.resend_waits) for r in meant), default=MAX_RESENDS)
        ),
    }


def _read_top(
    tx: Transaction, *, meant: Sequence[Route], asked: Asked
) -> tuple[dict[str, int], list[HeldBack], int]:
    books = read_ledger(tx)
    keys = [route.key for route in meant] if asked.connection else list(books)
    counts = {
        state.value: sum(books[key][state] for key in keys if key in books)
        for state in MessageState
    }
    counts[ALL] = sum(counts[state] for state in MessageState if not state.settled)
    return counts, read_held_back(tx, meant), tx.now


def _periods(asked: Asked) -> tuple[tuple[str, str], ...]:
    """What can be chosen for `since`; a moment typed into the address stays among it."""
    if asked.since in dict(SINCE):
        return SINCE
    return (*SINCE, (asked.since, f"Since {asked.since}"))


def external_names(route: Route, action: str | None) -> str:
    """The far side's names of an event, by today's associations; empty: there are none."""
    mappings = route.takes.get(action, ()) if action else ()
    return " or ".join(dict.fromkeys(mapping.external for mapping in mappings))


def tries(view: MessageView, route: Route | None) -> str:
    """How often a message was sent: `1 of 5` while it may be resent."""
    if view.state.settled or route is None:
        times = {0: "not sent", 1: "1 try"}
        return times.get(view.attempts, f"{view.attempts} tries")
    if not view.attempts:
        return "first try" if view.state is MessageState.SENDING else "not sent yet"
    return f"{view.attempts} of {len(route.config.delivery.resend_waits)}"
