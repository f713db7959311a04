"""Draws a page: template, what every page shows, and the words that templates may use."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from host.accounts import Role
from host.model import ConnectionState
from host.pages import toast, words
from host.pages.entrance import visitor_of
from host.pages.site import Site
from host.routing import Route

STATIC: Final = Path(__file__).parent / "static"

NAVIGATION: Final = (
    ("/modules", "Modules"),
    ("/live", "Live stream"),
    ("/queue", "Resend queue"),
    ("/workflows", "Workflows"),
    ("/customers", "Customers"),
    ("/settings", "Settings"),
)
"""The entries of the header, in order: path and words."""


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep it."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


_templates: Final = Environment(
    loader=PackageLoader("host.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(
    asset=asset,
    distance=words.distance,
    iso=words.iso,
    moment=words.moment,
    several=words.several,
    utc=words.utc,
    Role=Role,
)
_templates.filters.update(
    clock=words.clock_time,
    count=words.count,
    duration=words.duration,
    foreign=words.foreign,
    pretty=words.pretty,
    pretty_text=words.pretty_text,
    spoken=words.spoken,
)


def plain(template: str, context: Mapping[str, Any]) -> str:
    """A template's text with nothing but what is handed in."""
    return _templates.get_template(template).render(context)


async def draw(
    site: Site, request: Request, template: str, *, status: int = 200, **context: Any
) -> Response:
    """A page, with what every page shows: who looks, what needs a person, what was just done."""
    visitor = visitor_of(request)
    shown = toast.take(request)
    text = plain(
        template,
        {
            "now": int(time.time() * 1000),
            "here": request.url.path,
            "active": "",  # the entry of the navigation that a page belongs to, if not by address
            "navigation": NAVIGATION,
            "visitor": visitor,
            "may_operate": visitor is not None and visitor.role.may(Role.OPERATOR),
            "may_administer": visitor is not None and visitor.role.may(Role.ADMIN),
            "trouble": await _trouble(site) if visitor is not None else (),
            "toast": shown,
            **context,
        },
    )
    response = HTMLResponse(text, status)
    if shown is not None:
        toast.forget(response)
    return response


def part(template: str, **context: Any) -> str:
    """The text of a part of a page that is the same for everybody."""
    return plain(template, {"now": int(time.time() * 1000), **context})


def draw_part(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """A part of a page, for a script that puts it in its place."""
    visitor = visitor_of(request)
    shared = {
        "now": int(time.time() * 1000),
        "may_operate": visitor is not None and visitor.role.may(Role.OPERATOR),
        "may_administer": visitor is not None and visitor.role.may(Role.ADMIN),
    }
    return HTMLResponse(plain(template, shared | context), status)


def wants_part(request: Request) -> bool:
    """Whether a script asks for a part of the page, and not a person for the whole."""
    return "hx-request" in request.headers


async def _trouble(site: Site) -> tuple[tuple[str, str, str], ...]:
    """What needs a person, on top of every page: words, address, and what the link says."""
    routes = (await site.configure.routing()).routes
    return (
        *(_connection_trouble(route) for route in routes if _needs_attention(route)),
        *((f"plugins.toml: {notice}", "/modules", "Modules") for notice in site.modules.notices),
    )


def _needs_attention(route: Route) -> bool:
    return route.row.state is ConnectionState.NEEDS_ATTENTION


def _connection_trouble(route: Route) -> tuple[str, str, str]:
    reason = route.row.reason.text if route.row.reason else "it needs attention"
    name = route.row.title or route.module.title
    return (f"{name} ({route.row.id}): {reason}", f"/connections/{route.row.id}/connect", "Fix")
