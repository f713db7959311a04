"""The frame of every page of a connection: its module, tabs, siblings and permanent tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from host.pages.drawing import draw
from host.pages.site import Site
from host.registry import Module
from host.routing import Route

TABS: Final = (
    ("", "Overview"),
    ("/connect", "Connect"),
    ("/fields", "Sync Fields"),
    ("/events", "External events"),
    ("/send-all", "Send all now"),
    ("/queue", "Resend queue"),
)
"""The pages of a connection, in the order a person sets it up: path below it, and words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFrame:
    """What surrounds a page of one connection."""

    route: Route
    siblings: tuple[Route, ...]  # all connections of the module, this one too

    @property
    def module(self) -> Module:
        """The module."""
        return self.route.module

    @property
    def path(self) -> str:
        """The address under which the connection's pages lie."""
        return f"/connections/{self.route.row.id}"

    @property
    def tag(self) -> str | None:
        """The environment that everything made now belongs to, when it is marked by a toggle."""
        manifest = self.route.manifest
        if manifest is None or manifest.environments is None:
            return None
        rule = manifest.environments
        field = manifest.setting(rule.setting)
        if field is None or self.route.config.settings.get(rule.setting) is not True:
            return None
        return field.label


async def find_frame(site: Site, id_: str) -> ConnectionFrame:
    """The frame of a connection. Raises NotFound."""
    routing = await site.configure.routing()
    route = routing.find(id_)
    siblings = tuple(other for other in routing.routes if other.row.module == route.row.module)
    return ConnectionFrame(route=route, siblings=siblings)


async def draw_in_frame(
    site: Site,
    request: Request,
    template: str,
    frame: ConnectionFrame,
    *,
    tab: str,
    status: int = 200,
    **context: Any,
) -> Response:
    """A page of a connection; `tab` is the path of its tab below the connection."""
    return await draw(
        site,
        request,
        template,
        status=status,
        frame=frame,
        route=frame.route,
        module=frame.module,
        manifest=frame.route.manifest,
        tabs=TABS,
        tab=tab,
        active="/modules",
        **context,
    )
