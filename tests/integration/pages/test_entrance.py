"""Signing in and out, roles, foreign posts and headers: at every door of the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from host.accounts import Accounts, Role
from host.app import Host
from host.pages.drawing import STATIC
from host.pages.entrance import COOKIE
from host.pages.shield import HEADERS
from tests.hashing import quick
from tests.pages import ORIGIN, PASSWORD, Person, person

pytestmark = pytest.mark.anyio

OPEN = {"/", "/sign-in", "/sign-out", "/link/{token}"}
ANYBODYS = {
    "/settings/account/password",
    "/settings/account/sessions",
    "/workflows/{id}/try",  # changes nothing
}


@pytest.fixture
async def nobody(host: Host) -> AsyncIterator[Person]:
    async with person(host, None) as somebody:
        await Accounts(host.bench.store, quick()).add("ana", Role.VIEWER, PASSWORD)
        yield somebody


def doors(host: Host) -> list[tuple[str, str]]:
    """Method and path of every route of the pages."""
    site = getattr(host.application().router.default, "site", None)
    assert isinstance(site, Starlette)
    return [
        (method, route.path)
        for route in site.routes
        if isinstance(route, Route) and not isinstance(route, Mount)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def filled(path: str) -> str:
    """The path with something in place of its parameters."""
    return path.replace("{id}", "mparticle").replace("{name}", "mparticle").replace("{token}", "t")


async def test_no_door_opens_without_a_session(host: Host, nobody: Person) -> None:
    shut = {
        (method, path): await nobody.client.request(method, filled(path), follow_redirects=False)
        for method, path in doors(host)
        if path not in OPEN
    }

    assert len(shut) > 40
    for door, answer in shut.items():
        assert answer.status_code == 303, door
        assert answer.headers["location"].startswith("/sign-in?next="), door


async def test_nothing_is_done_for_who_may_only_look(host: Host) -> None:
    async with person(host, Role.VIEWER) as viewer:
        answers = {
            path: await viewer.client.post(filled(path))
            for method, path in doors(host)
            if method == "POST" and path not in OPEN | ANYBODYS
        }

    assert {path for path, answer in answers.items() if answer.status_code != 403} == set()


async def test_what_an_admin_decides_an_operator_may_not(host: Host) -> None:
    decided = ("/settings/people", "/settings/tokens")
    async with person(host, Role.OPERATOR) as operator:
        answers = {
            (method, path): await operator.client.request(method, path)
            for method, path in doors(host)
            if path.startswith(decided) or path == "/customer/erase"
        }

    assert len(answers) > 8
    assert {door for door, answer in answers.items() if answer.status_code != 403} == set()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
async def test_a_post_of_another_site_does_nothing(host: Host, headers: dict[str, str]) -> None:
    async with person(host, Role.ADMIN) as admin:
        answers = {
            path: await admin.client.post(filled(path), headers=headers)
            for method, path in doors(host)
            if method == "POST"
        }
        still_in = await admin.get("/modules")

    assert {path for path, answer in answers.items() if answer.status_code != 403} == set()
    assert still_in.heading == "Modules"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/modules", "/nothing", "/static/app.css", "/link/unknown"]
)
async def test_every_answer_carries_the_security_headers(nobody: Person, path: str) -> None:
    answer = await nobody.client.get(path)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_every_page_and_file_carries_the_security_headers(host: Host) -> None:
    paths = [filled(path) for method, path in doors(host) if method == "GET"]
    paths.remove("/live/stream")  # has no end
    paths += [f"/static/{f.relative_to(STATIC)}" for f in STATIC.rglob("*") if f.is_file()]
    async with person(host, Role.ADMIN) as admin:
        answers = {path: await admin.client.get(path, follow_redirects=False) for path in paths}

    assert len(paths) > 40
    for path, answer in answers.items():
        assert answer.status_code < 500, path
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path


async def test_signing_in_comes_back_to_the_same_place(nobody: Person) -> None:
    asked = await nobody.get("/queue?state=waiting&customer=a%26b")
    fields = asked.form("/sign-in") | {"name": "ana", "password": PASSWORD}

    page = await nobody.post("/sign-in", fields)

    assert page.path == "/queue?state=waiting&customer=a%26b"


async def test_a_post_without_session_comes_back_to_the_page_it_was_sent_from(
    nobody: Person,
) -> None:
    headers = {"Referer": f"{ORIGIN}/connections/one/fields"}

    answer = await nobody.client.post(
        "/connections/one/fields", headers=headers, follow_redirects=False
    )

    assert answer.headers["location"] == "/sign-in?next=%2Fconnections%2Fone%2Ffields"


async def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(nobody: Person) -> None:
    headers = {"HX-Request": "true", "Referer": f"{ORIGIN}/queue?state=all"}

    answer = await nobody.client.get("/queue", headers=headers)

    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fqueue%3Fstate%3Dall"


@pytest.mark.parametrize(
    "next_",
    [
        "//evil.test",
        "https://evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        " //evil.test",
        "javascript:alert(1)",
        "x",
        "",
    ],
)
async def test_signing_in_leads_to_no_other_site(nobody: Person, next_: str) -> None:
    fields = {"name": "ana", "password": PASSWORD, "next": next_}

    answer = await nobody.client.post("/sign-in", data=fields, follow_redirects=False)

    assert answer.headers["location"] == "/modules"


async def test_a_wrong_password_keeps_the_name_and_says_no_more(nobody: Person) -> None:
    wrong = await nobody.post("/sign-in", {"name": "ana", "password": "wrong wrong wrong"})
    unknown = await nobody.post("/sign-in", {"name": "<b>eve", "password": "wrong wrong wrong"})

    assert (wrong.status, wrong.form("/sign-in")["name"]) == (422, "ana")
    assert wrong.words(".faults") == unknown.words(".faults")
    assert unknown.form("/sign-in")["name"] == "<b>eve"


async def test_too_many_tries_say_when_to_come_again(nobody: Person) -> None:
    for _ in range(5):
        await nobody.post("/sign-in", {"name": "ana", "password": "wrong wrong wrong"})

    page = await nobody.post("/sign-in", {"name": "ana", "password": PASSWORD})

    assert page.status == 429
    assert "Please come again in 1 s" in page.text
    assert page.response.headers["retry-after"] == "1"


@pytest.mark.parametrize(("proto", "secure"), [("http", False), ("https", True)])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    nobody: Person, proto: str, secure: bool
) -> None:
    answer = await nobody.client.post(
        "/sign-in",
        data={"name": "ana", "password": PASSWORD},
        headers={"X-Forwarded-Proto": proto},
        follow_redirects=False,
    )
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}

    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert ("secure" in flags) is secure


async def test_signing_out_ends_the_session(nobody: Person) -> None:
    await nobody.post("/sign-in", {"name": "ana", "password": PASSWORD})
    token = nobody.client.cookies[COOKIE]

    out = await nobody.post("/sign-out")
    nobody.client.cookies.set(COOKIE, token)
    after = await nobody.get("/modules")

    assert (out.heading, out.toast) == ("Sign in", "You are signed out.")
    assert after.heading == "Sign in"


async def test_the_first_person_comes_by_the_set_up_link(host: Host) -> None:
    token = await Accounts(host.bench.store).set_up_token()
    assert token is not None
    link = f"/link/{token.reveal()}"
    async with person(host, None) as first:
        told = await first.get("/sign-in")
        form = await first.get(link)
        refused = await first.post(link, {"name": "ana", "password": "short"})
        made = await first.post(link, {"name": "ana", "password": PASSWORD})
        again = await first.post(link, {"name": "eve", "password": PASSWORD})

    assert "Nobody can sign in yet" in told.text
    assert form.heading == "Make the first account"
    assert (refused.status, refused.form(link)["name"]) == (422, "ana")
    assert made.path == "/modules"
    assert again.status == 404


async def test_a_sign_in_link_works_once(host: Host) -> None:
    accounts = Accounts(host.bench.store)
    await accounts.add("ana", Role.ADMIN)
    link = f"/link/{(await accounts.sign_in_link('ana')).reveal()}"
    async with person(host, None) as one, person(host, None) as other:
        first = await one.get(link)
        second = await other.get(link)

    assert (first.path, second.status) == ("/modules", 404)


async def test_a_body_that_is_no_form_is_refused(host: Host) -> None:
    async with person(host, Role.ADMIN) as admin:
        answer: httpx.Response = await admin.client.post(
            "/settings/people",
            content=b"name=%ff%fe",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    assert answer.status_code == 400
    assert "cannot be read" in answer.text
