"""Connect: how a connection is given up again, and what that means for what is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.errors import VersionConflict
from host.model import ConnectionState
from host.pages import entrance
from host.pages.connection_frame import find_frame
from host.pages.forms import Faults, read_form
from host.pages.site import Site
from host.pages.toast import go
from host.pages.words import several
from host.routing import Route
from host.store.ledger import read_ledger

DrawAgain: TypeAlias = Callable[..., Awaitable[Response]]
"""Draws the page Connect of a frame: `status`, `faults`."""

_LATE_DISCONNECT: Final = (
    "Somebody else changed this connection meanwhile, so it was not disconnected. "
    "Look at it as it is now, and disconnect it again."
)


async def ending_of(site: Site, route: Route) -> dict[str, Any]:
    """What the page says beside the two ways to end a connection."""
    books = (await site.store.read(read_ledger)).get(route.key, {})
    return {
        "connected": route.row.state is not ConnectionState.NOT_CONNECTED,
        "wait": books.get("waiting", 0) + books.get("retrying", 0),
        "sending": books.get("sending", 0),
        "workflows": [
            view
            for view in await site.workflows.all()
            if any(node.text("connection") == route.row.id for node in view.graph.nodes)
        ],
    }


def ending_routes(site: Site, draw_again: DrawAgain) -> list[Path]:
    """The routes by which a connection is disconnected or deleted."""

    async def post_disconnect(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        posted = await read_form(request)
        discard = posted.text("waiting") == "discard"
        try:
            done = await site.configure.disconnect(
                frame.route.row.id, discard=discard, version=posted.version
            )
        except VersionConflict:
            return await draw_again(
                request, frame, status=409, faults=Faults(whole=(_LATE_DISCONNECT,))
            )
        text = f"{frame.module.title} is disconnected; its secrets are forgotten."
        if discard:
            text += f" Discarded {several(done.discarded, 'message')}."
        else:
            text += " What waits is kept."
        if done.sending:
            text += f" {several(done.sending, 'message')} being sent just then went on."
        return go(f"{frame.path}/connect", text)

    async def post_delete(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        id_ = frame.route.row.id
        if (await read_form(request)).text("typed") != id_:
            text = f"Nothing was deleted: to delete this connection, type its id, {id_}."
            return await draw_again(request, frame, status=422, faults=Faults(whole=(text,)))
        await site.configure.delete(id_)
        text = f"The connection {id_} is deleted. What waited is withheld; the history stays."
        return go("/modules", text)

    one = "/connections/{id}"
    return [
        entrance.post(site, f"{one}/disconnect", post_disconnect),
        entrance.post(site, f"{one}/delete", post_delete),
    ]
