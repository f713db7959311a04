"""`users` and the set-up link: people are let in by command, and by the pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.harness import HostProcess, eventually

PASSWORD: Final = "a long enough password"


def people(host: HostProcess) -> list[tuple[str, str]]:
    return [(one["name"], one["role"]) for one in json.loads(host.do("users", "list", "--json"))]


def set_up_url(host: HostProcess) -> str:
    """What a start prints on stderr."""

    def look() -> str | None:
        found = re.search(r"set up: (http://\S+/link/\S+)", "".join(host.log))
        return found[1] if found else None

    url: str = eventually(look)
    return url


def post(url: str, **fields: str) -> httpx.Response:
    """Send a form as a browser on that page does."""
    origin = str(httpx.URL(url).copy_with(path="")).rstrip("/")
    return httpx.post(url, data=fields, headers={"Origin": origin})


def may_sign_in(url: str, name: str, password: str) -> bool:
    return post(f"{url}/sign-in", name=name, password=password).status_code == 303


def test_people_are_added_before_the_first_start_and_beside_a_running_host(
    host: HostProcess,
) -> None:
    added = host.call("users", "add", "Ada", "--role", "admin", "--password-stdin", stdin=PASSWORD)
    url = host.start()
    link = host.do("users", "add", "bo@example.com").removesuffix("\n")

    listed = people(host)
    table = host.do("users", "list")
    chosen = post(link, password="another long password")

    assert (added.returncode, added.stdout) == (0, "")
    assert link.startswith(f"{url}/link/") and link.split() == [link]
    assert listed == [("Ada", "admin"), ("bo@example.com", "viewer")]
    assert "invited" in table.splitlines()[-1]
    assert chosen.status_code == 303
    assert may_sign_in(url, "ada", PASSWORD)
    assert may_sign_in(url, "bo@example.com", "another long password")
    assert "set up" not in "".join(host.log)


def test_whoever_is_removed_is_out_at_once(host: HostProcess) -> None:
    for name in ("ada", "bo"):
        host.do("users", "add", name, "--role", "admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    url = host.start()
    session = post(f"{url}/sign-in", name="bo", password=PASSWORD).cookies

    before = httpx.get(f"{url}/modules", cookies=session)
    host.do("users", "remove", "BO")
    after = httpx.get(f"{url}/modules", cookies=session)

    assert (before.status_code, after.status_code) == (200, 303)
    assert not may_sign_in(url, "bo", PASSWORD)
    assert people(host) == [("ada", "admin")]


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "told"),
    [
        (["add", "ADA"], "", 1, "name: "),
        (["add", "bo", "--password-stdin"], "short", 1, "password: "),
        (["add", "bo", "--password-stdin"], "", 1, "password: "),
        (["add", "bo", "--role", "owner"], "", 2, "owner"),
        (["remove", "ada"], "", 1, "last admin"),
        (["remove", "nobody"], "", 1, "nobody"),
    ],
    ids=repr,
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    host: HostProcess, arguments: list[str], stdin: str, code: int, told: str
) -> None:
    host.do("users", "add", "ada", "--role", "admin", "--password-stdin", stdin=PASSWORD)

    done = host.call("users", *arguments, stdin=stdin)

    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert people(host) == [("ada", "admin")]


def test_a_start_with_nobody_prints_a_set_up_link_and_a_restart_a_new_one(
    host: HostProcess,
) -> None:
    url = host.start()
    first = set_up_url(host)
    host.stop()
    host.log.clear()
    url = host.start()
    second = set_up_url(host)

    former = first.replace(first.split("/link/")[0], url)
    refused = post(former, name="eve", password=PASSWORD)
    made = post(second, name="ada", password=PASSWORD)
    again = post(second, name="eve", password=PASSWORD)
    host.stop()
    host.log.clear()
    host.start()

    assert first.split("/link/")[1] != second.split("/link/")[1]
    assert (refused.status_code, made.status_code, again.status_code) == (404, 303, 404)
    assert people(host) == [("ada", "admin")]
    assert "set up" not in "".join(host.log)


def test_no_password_token_or_name_is_logged_or_kept_as_text(host: HostProcess) -> None:
    host.do("users", "add", "ada@x.test", "--role", "admin", "--password-stdin", stdin=PASSWORD)
    link = host.do("users", "add", "bo@x.test").strip()
    url = host.start()
    session = post(f"{url}/sign-in", name="ada@x.test", password=PASSWORD).cookies
    post(f"{url}/sign-in", name="ada@x.test", password="a wrong password")
    token = next(iter(session.values()))
    assert token is not None
    host.stop()

    log = "".join(host.log)
    kept = b"".join(path.read_bytes() for path in Path(host.home).iterdir() if path.is_file())

    secrets = [PASSWORD, "a wrong password", token, link.split("/link/")[1]]
    assert not [text for text in [*secrets, "@x.test"] if text in log]
    assert not [text for text in secrets if text.encode() in kept]
