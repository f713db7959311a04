"""Who may open a page: sessions, roles, and the way back after signing in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, TypeAlias
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from host.accounts import Role, Visitor
from host.errors import LoyaltyHostError
from host.model import Secret
from host.pages.site import Site

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

COOKIE: Final = "loyalty_host_session"
SIGN_IN: Final = "/sign-in"
HOME: Final = "/modules"


class Forbidden(LoyaltyHostError):
    """The person's role does not allow this."""


def get(site: Site, path: str, draw: Handler, role: Role | None = Role.VIEWER) -> Route:
    """A page. `role`: the least that opens it; None: open to everybody."""
    return Route(path, _guarded(site, draw, role), methods=["GET"])


def post(site: Site, path: str, act: Handler, role: Role | None = Role.OPERATOR) -> Route:
    """An action of a page. `role`: the least that may do it; None: open to everybody."""
    return Route(path, _guarded(site, act, role), methods=["POST"])


def visitor_of(request: Request) -> Visitor | None:
    """Who looks at this page; None on pages that are open to everybody."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor


def _guarded(site: Site, handler: Handler, role: Role | None) -> Handler:
    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        if role is not None:
            token = request.cookies.get(COOKIE)
            visitor = await site.accounts.visitor(token) if token else None
            if visitor is None:
                return _to_sign_in(request)
            request.state.visitor = visitor
            if not visitor.role.may(role):
                raise Forbidden(
                    f"your role is {visitor.role}; this takes {role} or more: ask an admin"
                )
        return await handler(request)

    return endpoint


def let_in(request: Request, response: Response, token: Secret) -> Response:
    """Give the browser a session."""
    response.set_cookie(
        COOKIE,
        token.reveal(),
        httponly=True,
        samesite="lax",
        secure=came_by_https(request),
    )
    return response


def came_by_https(request: Request) -> bool:
    """Whether the browser speaks https, to this host or to a proxy before it."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


def place_after(wanted: str | None) -> str:
    """Where to go after signing in: a page of this host, or the first one."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return HOME
    return HOME if any(ord(sign) < 32 for sign in wanted) else wanted


def _to_sign_in(request: Request) -> Response:
    """Ask who it is; afterwards the same page comes back."""
    in_page = "hx-request" in request.headers  # a part of a page was asked for
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET" or in_page:
        came_from = urlsplit(request.headers.get("referer", ""))
        here = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    where = f"{SIGN_IN}?next={quote(place_after(here), safe='')}"
    if in_page:
        return Response(headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)
