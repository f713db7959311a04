"""Settings · Your account: one's own password and sessions."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.accounts import Role, TooManyTries, Visitor, WrongPassword
from host.errors import InvalidConfiguration
from host.pages import entrance
from host.pages.entrance import visitor_of
from host.pages.forms import Faults, read_form
from host.pages.settings_frame import draw_settings
from host.pages.site import Site
from host.pages.toast import go
from host.pages.words import duration

ACCOUNT: Final = "/settings/account"


def account_routes(site: Site) -> list[Route]:
    """The routes of one's own account, whatever one's role."""

    async def get_account(request: Request) -> Response:
        return await _page(request)

    async def post_password(request: Request) -> Response:
        form = await read_form(request)
        me = _me(request)
        try:
            await site.accounts.change_password(
                me.name, form.secret("old"), form.secret("password"), me.session
            )
        except WrongPassword:
            return await _page(request, Faults({"old": "this is not your password"}))
        except TooManyTries as error:
            wait = duration(error.retry_after)
            return await _page(request, Faults({"old": f"too many tries: come again in {wait}"}))
        except InvalidConfiguration as error:
            return await _page(request, Faults.of(error.faults, known=("password",)))
        return go(ACCOUNT, "Your password is changed; your other sessions are ended.")

    async def post_end(request: Request) -> Response:
        form = await read_form(request)
        me = _me(request)
        if form.text("session"):
            await site.accounts.end_session(me.name, form.text("session"))
            return go(ACCOUNT, "That session is ended.")
        await site.accounts.end_sessions(me.name, keep=me.session)
        return go(ACCOUNT, "Your other sessions are ended.")

    async def _page(request: Request, faults: Faults | None = None) -> Response:
        me = _me(request)
        return await draw_settings(
            site,
            request,
            "settings_account.html",
            tab=ACCOUNT,
            status=422 if faults else 200,
            faults=faults,
            sessions=await site.accounts.sessions(me.name),
            own=me.session,
        )

    return [
        entrance.get(site, ACCOUNT, get_account),
        entrance.post(site, f"{ACCOUNT}/password", post_password, role=Role.VIEWER),
        entrance.post(site, f"{ACCOUNT}/sessions", post_end, role=Role.VIEWER),
    ]


def _me(request: Request) -> Visitor:
    visitor = visitor_of(request)
    assert visitor is not None, "the entrance lets nobody else in"
    return visitor
