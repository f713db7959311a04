"""Settings: people, tokens, one's own account, health."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from host.accounts import Accounts, Role
from host.app import Host
from host.cli.doctor import look
from tests.pages import ORIGIN, PASSWORD, Page, Person, person, quiet_host

pytestmark = pytest.mark.anyio

HOSTILE = "<script>x</script>\u202e"
NEW = "an even longer password"


def roles(page: Page) -> dict[str, str]:
    """Roles by name, as the table of people shows them."""
    return {
        row.select_one("th bdi").get_text(): str(row.select_one("option[selected]")["value"])  # type: ignore[union-attr,index]
        for row in page.html.select("tbody tr")
    }


async def test_somebody_invited_chooses_a_password_by_a_link_shown_once(
    host: Host, admin: Person
) -> None:
    invited = await admin.post("/settings/people", {"name": "bob", "role": "operator"})
    link = str(invited.find("#link")["value"])
    again = await admin.get("/settings/people")
    async with person(host, None) as bob:
        form = await bob.get(link)
        short = await bob.post(link, {"password": "short"})
        welcome = await bob.post(link, {"password": NEW})
        used = await bob.get(link)

    assert link.startswith(f"{ORIGIN}/link/")
    assert again.html.select("#link") == []
    assert roles(again)["bob"] == "operator"
    assert form.heading == "Choose a password"
    assert (short.status, short.words(".fault")) == (422, ["takes at least 10 characters"])
    assert (welcome.path, welcome.toast) == ("/modules", "Welcome. You are signed in.")
    assert used.status == 404


@pytest.mark.parametrize("name", ["", "x" * 65, "ADMIN@test"])
async def test_a_name_that_cannot_be_is_said_at_its_field(admin: Person, name: str) -> None:
    page = await admin.post("/settings/people", {"name": name, "role": "viewer"})

    assert page.status == 422
    assert page.find("[aria-invalid]")["name"] == "name"
    assert page.find("[aria-invalid]")["value"] == name


async def test_roles_change_and_people_go(host: Host, admin: Person) -> None:
    await admin.post("/settings/people", {"name": HOSTILE.rstrip("\u202e"), "role": "viewer"})
    name = HOSTILE.rstrip("\u202e")

    changed = await admin.post("/settings/people/role", {"name": name, "role": "operator"})
    gone = await admin.post("/settings/people/remove", {"name": name})

    assert roles(changed)[name] == "operator"
    assert not [one for one in changed.html.select("script") if one.get_text() == "x"]
    assert name not in roles(gone)


async def test_the_last_admin_stays(admin: Person) -> None:
    less = await admin.post("/settings/people/role", {"name": "admin@test", "role": "viewer"})
    gone = await admin.post("/settings/people/remove", {"name": "admin@test"})

    assert "is the last admin" in less.toast
    assert "is the last admin" in gone.toast
    assert roles(gone) == {"admin@test": "admin"}


async def test_who_is_signed_out_has_to_sign_in(host: Host, admin: Person) -> None:
    async with person(host, Role.OPERATOR) as operator:
        before = await operator.get("/modules")
        await admin.post("/settings/people/sign-out", {"name": "operator@test"})
        after = await operator.get("/modules")

    assert (before.heading, after.heading) == ("Modules", "Sign in")


async def test_a_token_is_shown_once_and_revoked(host: Host, admin: Person) -> None:
    made = await admin.post("/settings/tokens", {"name": "till", "scope": "admin"})
    token = str(made.find("#token")["value"])
    headers = {"Authorization": f"Bearer {token}"}
    opens = await admin.client.get("/api/modules", headers=headers)
    twice = await admin.post("/settings/tokens", {"name": "till", "scope": "events"})
    revoked = await admin.post("/settings/tokens/revoke", {"name": "till"})

    assert opens.status_code == 200
    assert (twice.status, twice.find("[aria-invalid]")["name"]) == (422, "name")
    assert token not in revoked.response.text
    assert revoked.toast == "till opens no door any more."


async def test_a_password_is_changed_and_other_sessions_end(host: Host, admin: Person) -> None:
    accounts = Accounts(host.bench.store)
    await accounts.sign_in("admin@test", PASSWORD, "elsewhere")
    path = "/settings/account/password"

    wrong = await admin.post(path, {"old": "not it at all", "password": NEW})
    short = await admin.post(path, {"old": PASSWORD, "password": "short"})
    before = await admin.get("/settings/account")
    changed = await admin.post(path, {"old": PASSWORD, "password": NEW})

    assert (wrong.status, wrong.find("[aria-invalid]")["name"]) == (422, "old")
    assert (short.status, short.find("[aria-invalid]")["name"]) == (422, "password")
    assert len(before.html.select("#sessions ~ ul li")) == 2
    assert len(changed.html.select("#sessions ~ ul li")) == 1
    assert await accounts.sign_in("admin@test", NEW, "")


async def test_sessions_are_ended_one_by_one(host: Host, admin: Person) -> None:
    await Accounts(host.bench.store).sign_in("admin@test", PASSWORD, "elsewhere")
    page = await admin.get("/settings/account")
    (other,) = page.html.select("input[name=session]:has(~ button)")

    ended = await admin.post("/settings/account/sessions", {"session": str(other["value"])})
    again = await admin.post("/settings/account/sessions", {"session": str(other["value"])})

    assert ended.toast == "That session is ended."
    assert again.status == 404


async def test_health_tells_what_the_host_is_made_of(host: Host, admin: Person) -> None:
    page = await admin.get("/settings")

    assert f"Database {host.bench.store.file.resolve()}, " in page.text
    assert "Secret key well" in page.text
    assert "Module mparticle ready" in page.text
    assert f"SQLite {sqlite3.sqlite_version}" in page.text
    assert "90 days after they were made" in page.text
    assert "Module mparticle 0.1.0" in page.text
    assert "free" in page.text


async def test_health_and_doctor_tell_the_same_trouble(tmp_path: Path) -> None:
    async with quiet_host(tmp_path):
        pass
    (tmp_path / "secret.key").write_bytes(Fernet.generate_key())
    plugins = "[plugins.mparticle]\nenabled = true\n[plugins.unheard_of]\nenabled = true\n"

    async with quiet_host(tmp_path, plugins) as other, person(other) as admin:
        page = await admin.get("/settings")
        found = [one async for one in look(other.bench)]

    problems = [one.problem for one in found if one.problem]
    assert len(problems) == 2
    assert [one for one in problems if one not in page.text] == []


@pytest.mark.parametrize(("proto", "scheme"), [("http", "http"), ("https", "https")])
async def test_a_link_leads_where_the_admin_came_from(
    admin: Person, proto: str, scheme: str
) -> None:
    answer = await admin.client.post(
        "/settings/people",
        data={"name": "bob", "role": "viewer"},
        headers={"X-Forwarded-Proto": proto},
    )

    assert str(Page(answer).find("#link")["value"]).startswith(f"{scheme}://host.test/link/")


async def test_who_is_no_admin_has_neither_people_nor_tokens(host: Host) -> None:
    async with person(host, Role.OPERATOR) as operator:
        page = await operator.get("/settings")
        people = await operator.get("/settings/people")
        tokens = await operator.post("/settings/tokens", {"name": "x", "scope": "admin"})

    assert page.words(".tabs a") == ["Health", "Your account"]
    assert (people.status, tokens.status) == (403, 403)
