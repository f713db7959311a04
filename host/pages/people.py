"""Settings · People: who may open the pages, and one-time links for new ones."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.accounts import Role
from host.errors import InvalidConfiguration, NotFound
from host.model import Secret
from host.pages import entrance
from host.pages.entrance import came_by_https
from host.pages.forms import Faults, Form, read_form
from host.pages.settings_frame import draw_settings
from host.pages.site import Site
from host.pages.toast import go

PEOPLE: Final = "/settings/people"
ROLES: Final = (
    (Role.VIEWER, "viewer: looks"),
    (Role.OPERATOR, "operator: changes connections and messages"),
    (Role.ADMIN, "admin: decides who else may"),
)


def people_routes(site: Site) -> list[Route]:
    """The routes of people; an admin's alone."""

    async def get_people(request: Request) -> Response:
        return await _page(request)

    async def post_invite(request: Request) -> Response:
        form = await read_form(request)
        name, role = form.text("name"), _role(form)
        try:
            link = await site.accounts.add(name, role)
        except InvalidConfiguration as error:
            faults = Faults.of(error.faults, known=("name",))
            return await _page(request, status=422, faults=faults, name=name, role=role)
        return await _page(request, link=link, invited=name)

    async def post_again(request: Request) -> Response:
        name = (await read_form(request)).text("name")
        return await _page(request, link=await site.accounts.invite_again(name), invited=name)

    async def post_role(request: Request) -> Response:
        form = await read_form(request)
        name, role = form.text("name"), _role(form)
        try:
            await site.accounts.change_role(name, role)
        except InvalidConfiguration as error:
            return go(PEOPLE, f"{name} {error.faults[0].message}", failed=True)
        return go(PEOPLE, f"{name} is {role} now.")

    async def post_end(request: Request) -> Response:
        name = (await read_form(request)).text("name")
        await site.accounts.end_sessions(name)
        return go(PEOPLE, f"{name} is signed out everywhere.")

    async def post_remove(request: Request) -> Response:
        name = (await read_form(request)).text("name")
        try:
            await site.accounts.remove(name)
        except InvalidConfiguration as error:
            return go(PEOPLE, f"{name} {error.faults[0].message}", failed=True)
        return go(PEOPLE, f"{name} is gone, and signed out everywhere.")

    async def _page(
        request: Request,
        *,
        status: int = 200,
        faults: Faults | None = None,
        name: str = "",
        role: Role = Role.VIEWER,
        link: Secret | None = None,
        invited: str = "",
    ) -> Response:
        scheme = "https" if came_by_https(request) else "http"
        here = request.base_url.replace(scheme=scheme)
        address = None if link is None else f"{here}link/{link.reveal()}"
        return await draw_settings(
            site,
            request,
            "settings_people.html",
            tab=PEOPLE,
            status=status,
            people=await site.accounts.people(),
            roles=ROLES,
            faults=faults,
            name=name,
            role=role,
            link=address,
            invited=invited,
        )

    return [
        entrance.get(site, PEOPLE, get_people, role=Role.ADMIN),
        entrance.post(site, PEOPLE, post_invite, role=Role.ADMIN),
        entrance.post(site, f"{PEOPLE}/invite-again", post_again, role=Role.ADMIN),
        entrance.post(site, f"{PEOPLE}/role", post_role, role=Role.ADMIN),
        entrance.post(site, f"{PEOPLE}/sign-out", post_end, role=Role.ADMIN),
        entrance.post(site, f"{PEOPLE}/remove", post_remove, role=Role.ADMIN),
    ]


def _role(form: Form) -> Role:
    try:
        return Role(form.text("role"))
    except ValueError:
        raise NotFound("there is no such role") from None
