"""The pages of a host in this process, read and posted as a signed-in person does, as text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from bs4 import BeautifulSoup, Tag

from host.accounts import Accounts, Role
from host.app import Host, workbench
from host.config import Environment
from host.pages.entrance import COOKIE
from tests.hashing import quick

ORIGIN: Final = "http://host.test"
PASSWORD: Final = "a long enough password"


class Page:
    """An answer as a person sees it."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.html = BeautifulSoup(response.text, "html.parser")

    @property
    def text(self) -> str:
        """All words, blanks joined."""
        return " ".join(self.html.get_text(" ").split())

    @property
    def heading(self) -> str:
        """The words of the one `<h1>`."""
        (found,) = self.html.find_all("h1")
        return " ".join(found.get_text(" ").split())

    @property
    def path(self) -> str:
        """Where the page is, after redirects."""
        return self.response.url.raw_path.decode()

    @property
    def toast(self) -> str:
        """What was just done, in words."""
        found = self.html.select_one(".toast bdi")
        return "" if found is None else found.get_text()

    def find(self, selector: str) -> Tag:
        """The one element of a CSS selector."""
        found = self.html.select(selector)
        assert len(found) == 1, f"{len(found)} of {selector} on {self.path}: {self.text}"
        return found[0]

    def words(self, selector: str) -> list[str]:
        """The words of every element of a CSS selector."""
        return [" ".join(one.get_text(" ").split()) for one in self.html.select(selector)]

    def form(self, action: str) -> dict[str, str]:
        """What the one form with that action would post now; later fields of a name win."""
        fields: dict[str, str] = {}
        form = self.find(f'form[action="{action}"]')
        for field in form.select("input[name], select[name], textarea[name]"):
            name = str(field["name"])
            if field.name == "select":
                chosen = field.select_one("option[selected]") or field.select_one("option")
                fields[name] = str(chosen.get("value", "")) if chosen else ""
            elif field.name == "textarea":
                fields[name] = field.get_text()
            elif field.get("type") not in ("checkbox", "radio") or field.has_attr("checked"):
                fields[name] = str(field.get("value", "on"))
        return fields


class Person:
    """Somebody at a browser without scripts: keeps cookies, follows redirects."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **query: str) -> Page:
        """Open a page."""
        return Page(await self.client.get(path, params=query or None))

    async def post(self, path: str, fields: Mapping[str, str | list[str]] | None = None) -> Page:
        """Send a form."""
        return Page(await self.client.post(path, data=dict(fields or {})))


@asynccontextmanager
async def person(host: Host, role: Role | None = Role.ADMIN) -> AsyncIterator[Person]:
    """Somebody with that role, signed in; None: nobody is signed in."""
    transport = httpx.ASGITransport(host.application())
    async with httpx.AsyncClient(
        transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=True
    ) as client:
        if role is not None:
            accounts = Accounts(host.bench.store, quick())
            await accounts.add(f"{role}@test", role, PASSWORD)
            link = await accounts.sign_in_link(f"{role}@test")  # checking the password takes time
            token = await accounts.accept(link.reveal())
            client.cookies.set(COOKIE, token.reveal())
        yield Person(client)


@asynccontextmanager
async def quiet_host(
    folder: Path, plugins: str = "[plugins.mparticle]\nenabled = true\n"
) -> AsyncIterator[Host]:
    """A host in this process that takes and delivers nothing by itself."""
    file = folder / "plugins.toml"
    file.write_text(plugins)
    environment = Environment.read(
        {
            "LOYALTY_HOST_HOME": str(folder),
            "LOYALTY_HOST_PLUGINS": str(file),
            "LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS": "1",
        }
    )
    async with workbench(environment) as bench:
        yield Host(bench, delivers=False)
