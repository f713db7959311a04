"""The API against bodies and parameters that nobody sends in good faith."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from host.api.bodies import MAX_SETTINGS_BYTES
from host.app import Host, workbench
from host.config import Environment
from host.store.tokens import create_token

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an admin token; nothing is taken or delivered behind the API."""
    plugins = tmp_path / "plugins.toml"
    plugins.write_text("")
    environment = Environment.read(
        {"LOYALTY_HOST_HOME": str(tmp_path), "LOYALTY_HOST_PLUGINS": str(plugins)}
    )
    async with workbench(environment) as bench:
        token = await bench.store.write(lambda tx: create_token(tx, "tests", "admin"))
        transport = httpx.ASGITransport(Host(bench).application())
        headers = {"Authorization": f"Bearer {token.reveal()}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://host", headers=headers
        ) as opened:
            yield opened


BODIES = [
    ("PUT", "/api/connections/mparticle"),
    ("PUT", "/api/connections/mparticle/fields"),
    ("POST", "/api/connections/mparticle/test"),
    ("POST", "/api/messages/resend"),
    ("POST", "/api/messages/discard"),
]


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_body_without_end_is_read_no_further_than_its_limit(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65536
            yield b" " * 65536

    found = await client.request(method, path, content=endless())

    assert (found.status_code, found.json()["error"]["code"]) == (413, "too_large")
    assert read <= MAX_SETTINGS_BYTES + 2 * 65536


async def test_a_body_that_unpacks_without_end_is_refused(client: httpx.AsyncClient) -> None:
    bomb = gzip.compress(b" " * (MAX_SETTINGS_BYTES + 1))

    found = await client.post(
        "/api/messages/discard", content=bomb, headers={"Content-Encoding": "gzip"}
    )

    assert found.status_code == 413


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": "9" * 5000}, 400),
        ({"limit": "0"}, 400),
        ({"since": "2299-01-01"}, 200),
        ({"since": "9999-12-31T23:59:59Z"}, 200),
        ({"since": "0001-01-01"}, 200),
        ({"cursor": "zzzzzzzzzzzzz"}, 200),
        ({"cursor": "7zzzzzzzzzzzz"}, 200),
        ({"customer": "a\0b"}, 200),
        ({"state": "sent"}, 400),
    ],
)
async def test_a_parameter_beyond_all_bounds_is_answered(
    client: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    found = await client.get("/api/messages", params=query)

    assert found.status_code == status, found.text


@pytest.mark.parametrize("id_", ["zzzzzzzzzzzzz", "x-7zzzzzzzzzzzz", "x", "-", "0" * 5000])
async def test_an_id_that_no_message_can_have_is_not_found(
    client: httpx.AsyncClient, id_: str
) -> None:
    one = await client.get(f"/api/messages/{id_}")
    many = await client.post("/api/messages/replay", json={"ids": [id_]})

    assert one.status_code == 404
    assert many.json()["matched"] == 0


async def test_a_version_beyond_all_bounds_is_unreadable(client: httpx.AsyncClient) -> None:
    found = await client.put(
        "/api/connections/mparticle", json={"module": "x"}, headers={"If-Match": "1" * 5000}
    )

    assert found.status_code in (400, 422)
