"""Signing in and out, and one-time links: set-up, a first password, the demonstration."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from host.accounts import LinkKind, TooManyTries, WrongPassword
from host.errors import InvalidConfiguration, NotFound
from host.pages import entrance, words
from host.pages.drawing import draw
from host.pages.entrance import COOKIE, HOME, SIGN_IN, let_in, place_after
from host.pages.forms import Faults, read_form
from host.pages.site import Site
from host.pages.toast import go

_LINKS: Final = {
    LinkKind.SET_UP: (
        "Make the first account",
        "This account administers the host: it may invite other people.",
        "Make the account",
    ),
    LinkKind.CHOOSE_PASSWORD: (
        "Choose a password",
        "You were invited to Loyalty Host. Choose the password you will sign in with.",
        "Save and sign in",
    ),
}
_GONE: Final = (
    "This link is unknown, was used already, or is too old. "
    "Restarting the host prints a new set-up link; anybody who administers it can invite you anew."
)


def signing_in_routes(site: Site) -> list[Route]:
    """The routes that need no session."""

    async def get_sign_in(request: Request) -> Response:
        wanted = place_after(request.query_params.get("next"))
        return await _sign_in_form(request, wanted)

    async def post_sign_in(request: Request) -> Response:
        form = await read_form(request)
        name, wanted = form.text("name"), place_after(form.text("next"))
        address = request.client.host if request.client else ""
        try:
            token = await site.accounts.sign_in(name, form.secret("password"), address)
        except WrongPassword:
            text = "The name or the password is wrong."
            return await _sign_in_form(request, wanted, 422, text, name)
        except TooManyTries as error:
            wait = words.duration(error.retry_after)
            text = f"There were too many wrong tries. Please come again in {wait}."
            response = await _sign_in_form(request, wanted, 429, text, name)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        return let_in(request, RedirectResponse(wanted, 303), token)

    async def _sign_in_form(
        request: Request, wanted: str, status: int = 200, wrong: str = "", name: str = ""
    ) -> Response:
        return await draw(
            site,
            request,
            "sign_in.html",
            status=status,
            wrong=wrong,
            name=name,
            next=wanted,
            nobody_yet=not await site.accounts.people(),
        )

    async def post_sign_out(request: Request) -> Response:
        token = request.cookies.get(COOKIE)
        if token:
            await site.accounts.sign_out(token)
        response = go(SIGN_IN, "You are signed out.")
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    async def get_link(request: Request) -> Response:
        token = request.path_params["token"]
        link = await site.accounts.link(token)
        if link is None:
            raise NotFound(_GONE)
        if link.kind is LinkKind.SIGN_IN:
            return let_in(request, go(HOME), await site.accounts.accept(token))
        return await _link_form(request, link.kind, link.name or "")

    async def post_link(request: Request) -> Response:
        token = request.path_params["token"]
        form = await read_form(request)
        link = await site.accounts.link(token)
        if link is None:
            raise NotFound(_GONE)
        try:
            session = await site.accounts.accept(
                token, name=form.text("name"), password=form.secret("password")
            )
        except InvalidConfiguration as error:
            faults = Faults.of(error.faults, known=("name", "password"))
            return await _link_form(request, link.kind, form.text("name"), faults)
        return let_in(request, go(HOME, "Welcome. You are signed in."), session)

    async def _link_form(
        request: Request, kind: LinkKind, name: str, faults: Faults | None = None
    ) -> Response:
        heading, text, button = _LINKS[kind]
        return await draw(
            site,
            request,
            "link.html",
            status=422 if faults else 200,
            heading=heading,
            text=text,
            button=button,
            name=name,
            asks_name=kind is LinkKind.SET_UP,
            faults=faults,
        )

    return [
        entrance.get(site, SIGN_IN, get_sign_in, role=None),
        entrance.post(site, SIGN_IN, post_sign_in, role=None),
        entrance.post(site, "/sign-out", post_sign_out, role=None),
        entrance.get(site, "/link/{token}", get_link, role=None),
        entrance.post(site, "/link/{token}", post_link, role=None),
    ]
