"""The Live stream of a running host: what a browser is told while deliveries happen."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.harness import PATIENCE, Scene, scene

PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("live")) as opened:
        yield opened


@pytest.fixture
def browser(live: Scene) -> Iterator[httpx.Client]:
    """Somebody who is signed in."""
    url = live.host.environment["LOYALTY_HOST_URL"]
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=PATIENCE) as client:
        live.host.call("users", "add", "eve", "--password-stdin", stdin=PASSWORD)
        client.post("/sign-in", data={"name": "eve", "password": PASSWORD})
        yield client


def until(lines: Iterator[str], end: str) -> list[str]:
    """The lines up to and with the one that holds `end`."""
    seen: list[str] = []
    for line in lines:
        seen.append(line)
        if end in line:
            return seen
    raise AssertionError(f"the stream ended before {end!r}: {seen}")


def test_a_delivery_is_told_as_a_row_to_those_whose_filter_it_fits(
    live: Scene, browser: httpx.Client
) -> None:
    with (
        browser.stream("GET", "/live/stream", params={"customer": "c-2"}) as answer,
    ):
        lines = answer.iter_lines()
        until(lines, ": still here")
        live.host.post(
            {"customer": "c-1", "action": "point_add", "data": {}},
            {"customer": "c-2", "action": "point_add", "data": {}},
        )
        told = "\n".join(until(lines, "</tr>"))

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert "event: delivery" in told
    assert "c-2" in told and "c-1" not in told
    assert "delivered" in told


def test_who_comes_back_is_told_what_was_missed(live: Scene, browser: httpx.Client) -> None:
    live.host.post({"customer": "c-3", "action": "point_add", "data": {}})
    live.host.settle()
    with browser.stream(
        "GET", "/live/stream", params={"customer": "c-3"}, headers={"Last-Event-ID": "1"}
    ) as answer:
        told = until(answer.iter_lines(), "</tr>")

    assert "event: delivery" in told
    assert any(line.startswith("id: 1") for line in told)


def test_nobody_listens_without_a_session(live: Scene) -> None:
    url = live.host.environment["LOYALTY_HOST_URL"]

    answer = httpx.get(f"{url}/live/stream")

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?next=%2Flive%2Fstream",
    )


def test_a_host_with_listeners_stops_in_time(live: Scene, browser: httpx.Client) -> None:
    with browser.stream("GET", "/live/stream") as answer:
        until(answer.iter_lines(), ": still here")

        assert live.host.stop() == 0
