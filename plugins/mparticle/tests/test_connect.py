"""Trying settings."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from host import CannotTell, FixSettings, Http, Secret, Settings
from host.http import DestinationPolicy
from host_mparticle.plugin import connect

SETTINGS: Settings = {
    "api_url": "http://127.0.0.1:9/s2s",
    "api_key": "us1-0123456789abcdef",
    "api_secret": Secret("swordfish"),
    "development": True,
}
pytestmark = pytest.mark.anyio


async def verdict(answer: Callable[[httpx.Request], httpx.Response], **changes: str) -> str:
    transport = httpx.MockTransport(answer)
    async with Http(DestinationPolicy(allow_private=True), transport=transport) as http:
        return await connect(settings={**SETTINGS, **changes}, http=http)


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (202, "mParticle feed …cdef"),
        (400, "mParticle feed …cdef"),
        (429, "mParticle feed …cdef (busy: its rate limit is reached just now)"),
    ],
)
async def test_a_verdict_of_good_is_the_feeds_title(status: int, title: str) -> None:
    assert await verdict(lambda request: httpx.Response(status)) == title


async def test_the_trial_sends_an_empty_list_and_the_credentials() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202)

    await verdict(answer)

    (request,) = seen
    assert (request.method, request.url.path) == ("POST", "/s2s/v2/bulkevents")
    assert request.content == b"[]"
    expected = httpx.BasicAuth("us1-0123456789abcdef", "swordfish")
    assert (
        request.headers["authorization"]
        == next(expected.auth_flow(httpx.Request("POST", "http://127.0.0.1"))).headers[
            "authorization"
        ]
    )


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_name_both_fields_and_then_work(status: int) -> None:
    with pytest.raises(FixSettings) as caught:
        await verdict(lambda request: httpx.Response(status))

    assert set(caught.value.fields) == {"api_key", "api_secret"}
    assert "swordfish" not in f"{caught.value} {caught.value.fields}"
    assert await verdict(lambda request: httpx.Response(202))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(301, headers={"location": "https://example.com"}),
        httpx.Response(404),
        httpx.Response(405),
        httpx.Response(407),
        httpx.Response(200, html="<!doctype html><p>Welcome"),
        httpx.Response(400, content=b"  <html>"),
    ],
    ids=lambda response: f"{response.status_code}",
)
async def test_a_wrong_address_names_the_api_url(response: httpx.Response) -> None:
    with pytest.raises(FixSettings) as caught:
        await verdict(lambda request: response)

    assert set(caught.value.fields) == {"api_url"}


@pytest.mark.parametrize("url", ["ftp://example.com", "nonsense", "https://a:b@example.com"])
async def test_an_impossible_address_names_the_api_url(url: str) -> None:
    with pytest.raises(FixSettings) as caught:
        await verdict(lambda request: httpx.Response(202), api_url=url)

    assert set(caught.value.fields) == {"api_url"}


@pytest.mark.parametrize(
    "error", [httpx.ConnectTimeout("x"), httpx.ReadError("x"), httpx.ConnectError("x")]
)
async def test_no_answer_is_no_verdict(error: Exception) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(CannotTell):
        await verdict(fail)


@pytest.mark.parametrize("status", [200, 418, 500, 502, 503])
async def test_an_unclear_answer_is_no_verdict(status: int) -> None:
    with pytest.raises(CannotTell):
        await verdict(lambda request: httpx.Response(status))
