"""Settings · Tokens: keys to the API, each shown once."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.accounts import Role
from host.errors import VersionConflict
from host.model import Secret
from host.pages import entrance
from host.pages.forms import Faults, read_form
from host.pages.settings_frame import draw_settings
from host.pages.site import Site
from host.pages.toast import go
from host.store.tokens import Scope, create_token, list_tokens, revoke_token

TOKENS: Final = "/settings/tokens"
SCOPES: Final = (
    ("events", "events: hands in data"),
    ("admin", "admin: does everything"),
)
_LONGEST: Final = 100  # characters of a name


def token_routes(site: Site) -> list[Route]:
    """The routes of tokens; an admin's alone."""

    async def get_tokens(request: Request) -> Response:
        return await _page(request)

    async def post_create(request: Request) -> Response:
        form = await read_form(request)
        name = form.text("name")
        scope: Scope = "admin" if form.text("scope") == "admin" else "events"
        faults: dict[str, str] = {}
        token: Secret | None = None
        if not 0 < len(name) <= _LONGEST:
            faults["name"] = f"say what it is for, in at most {_LONGEST} characters"
        else:
            try:
                token = await site.store.write(partial(create_token, name=name, scope=scope))
            except VersionConflict as error:
                faults["name"] = str(error)
        if token is None:
            return await _page(request, status=422, faults=Faults(faults), name=name, scope=scope)
        return await _page(request, token=token, made=name)

    async def post_revoke(request: Request) -> Response:
        name = (await read_form(request)).text("name")
        await site.store.write(partial(revoke_token, name=name))
        return go(TOKENS, f"{name} opens no door any more.")

    async def _page(
        request: Request,
        *,
        status: int = 200,
        faults: Faults | None = None,
        name: str = "",
        scope: str = "events",
        token: Secret | None = None,
        made: str = "",
    ) -> Response:
        return await draw_settings(
            site,
            request,
            "settings_tokens.html",
            tab=TOKENS,
            status=status,
            tokens=await site.store.read(list_tokens),
            scopes=SCOPES,
            faults=faults,
            name=name,
            scope=scope,
            token=token.reveal() if token else None,
            made=made,
        )

    return [
        entrance.get(site, TOKENS, get_tokens, role=Role.ADMIN),
        entrance.post(site, TOKENS, post_create, role=Role.ADMIN),
        entrance.post(site, f"{TOKENS}/revoke", post_revoke, role=Role.ADMIN),
    ]
