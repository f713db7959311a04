"""One message: what it says, every attempt, and what can be done about it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host import wire
from host.api.messages import detail_json
from host.carried import Message, Payload
from host.dry_run import dry_run, placeholder
from host.errors import NotFound, PluginFault
from host.model import Json, MessageState, Secret
from host.pages import entrance
from host.pages.asked import QUEUE, UNDELIVERED
from host.pages.curl import as_curl
from host.pages.drawing import draw, draw_part, wants_part
from host.pages.entrance import place_after
from host.pages.message_actions import DEEDS, Deed
from host.pages.queue import Line
from host.pages.site import Site
from host.retry import given_up_between
from host.routing import Route
from host.store.blocking import read_heads
from host.store.messages import MessageDetail, MessageView

OUTCOMES: Final = {
    "delivered": "Accepted",
    "retry": "Failed",
    "rejected": "Undelivered",
    "isolate": "Sent again apart from others",
    "stop": "Connection stopped",
    "withheld": "Withheld",
}
"""What an attempt came to, in words."""

_OPEN: Final = (MessageState.WAITING, MessageState.RETRYING)
_BACK: Final = (MessageState.UNDELIVERED, MessageState.DISCARDED, MessageState.DELIVERED)


def message_routes(site: Site) -> list[Path]:
    """The page of a message, which is also what a drawer shows."""

    async def get_message(request: Request) -> Response:
        detail = await site.queue.detail(request.path_params["id"])
        if detail is None:
            raise NotFound("there is no message under that id; old ones are forgotten after a time")
        context = await _context(site, detail, request)
        if wants_part(request):
            return draw_part(request, "message_part.html", drawer=True, **context)
        view = detail.view
        came_from = UNDELIVERED if view.state.settled else QUEUE
        return await draw(
            site,
            request,
            "message.html",
            drawer=False,
            active=QUEUE.path,
            came_from=came_from,
            **context,
        )

    return [entrance.get(site, "/messages/{id}", get_message)]


async def _context(site: Site, detail: MessageDetail, request: Request) -> dict[str, Any]:
    view = detail.view
    routing = await site.configure.routing()
    route = next((r for r in routing.routes if r.row.id == view.connection), None)
    install = site.store.install
    heads = await site.store.read(lambda tx: read_heads(tx, install, [view]))
    line = Line(view=view, route=route, head=heads.get(view.place[:2]))
    request_text, why_none = await _request_text(route, detail)
    return {
        "detail": detail,
        "view": view,
        "line": line,
        "route": route,
        "title": route.module.title if route else view.connection,
        "payload": None if detail.payload is None else pretty(detail.payload),
        "json": pretty(detail_json(detail)),
        "curl": request_text,
        "why_no_curl": why_none,
        "outcomes": OUTCOMES,
        "given_up": _given_up(view, route),
        "deeds": deeds_for(line),
        "back": place_after(request.query_params.get("back") or message_path(view.id)),
    }


def message_path(id_: str, back: str = "") -> str:
    """The address of a message's page; `back`: where its actions lead."""
    return f"/messages/{quote(id_, safe='')}" + (f"?{urlencode({'back': back})}" if back else "")


def deeds_for(line: Line) -> list[tuple[str, Deed]]:
    """What can be done to a message as it stands: address and deed."""
    state = line.view.state
    names: list[str] = []
    if state in _OPEN:
        names = ["resend", *(["set-aside"] if line.holds_up else []), "discard"]
    elif state in _BACK:
        names = ["replay", *(["discard"] if state is MessageState.UNDELIVERED else [])]
    return [(name, DEEDS[name]) for name in names]


def pretty(value: Json | Any) -> str:
    """JSON for people, as text."""
    return msgspec.json.format(wire.dumps(value), indent=2).decode()


def _given_up(view: MessageView, route: Route | None) -> tuple[int, int] | None:
    """When the message is given up if every resend fails: between these two, ms since 1970."""
    due = view.next_attempt_at
    if route is None or due is None or view.state is not MessageState.RETRYING:
        return None
    least, most = given_up_between(route.config.delivery.resend_waits, view.attempts)
    return due + int(least * 1000), due + int(most * 1000)


async def _request_text(route: Route | None, detail: MessageDetail) -> tuple[str | None, str]:
    """The request as a command line, or why there is none."""
    view = detail.view
    if detail.payload is None:
        return None, "There is no payload to show it with."
    if route is None or route.connection is None or not route.module.ready:
        return None, "The module is not ready, so that its request cannot be shown."
    message = Message(
        dedupe_id=view.id,
        kind=view.kind,
        customer=view.customer,
        payload=Payload(
            event=_part(detail.payload, "event"),
            profile=_part(detail.payload, "profile"),
            route=detail.route,
        ),
        environment=view.environment,
        attempts=view.attempts,
    )
    try:
        request = await dry_run(route.module, route.connection, [message])
    except PluginFault as fault:
        return None, str(fault)
    secrets = [n for n, value in route.connection.settings.items() if isinstance(value, Secret)]
    command = as_curl(request, [placeholder(name) for name in secrets]) if request else None
    return command, "" if command else "The module's request is no text that could be shown."


def _part(payload: dict[str, Json], name: str) -> dict[str, Json] | None:
    part = payload.get(name)
    return part if isinstance(part, dict) else None
