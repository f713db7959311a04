"""The Live Stream page of mParticle's stand-in, as a person sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import (
    Theme,
    at_each_width,
    axe_violations,
    in_each_theme,
    overflow,
    resize,
    wear,
)
from tests.browser.watch import Guard
from tests.harness import Scene

LONG = "a-very-long-value-without-any-blank-" * 6


@pytest.fixture(scope="module")
def url(shared: Scene) -> Iterator[str]:
    """The stand-in's page, with an event and a profile on it."""
    shared.host.client.put("/api/customers/c-1", json={"first_name": "Ana", "tier": LONG})
    shared.host.post(
        {"id": LONG, "customer": "c-1", "action": "point_add", "data": {"points": 120, "why": LONG}}
    )
    shared.host.settle()
    yield shared.destination.url


@pytest.fixture
def stream(page: Page, guard: Guard, url: str) -> Page:
    """The page, opened."""
    guard.allow(url)
    page.goto(url)
    return page


def test_a_delivered_message_stands_on_the_page(stream: Page) -> None:
    card = stream.get_by_role("article").filter(has_text="120")

    expect(card).to_contain_text("point_add")


def test_the_page_shows_by_itself_what_arrives(
    page: Page, guard: Guard, url: str, shared: Scene
) -> None:
    guard.allow(url)
    page.clock.install()
    page.goto(url)

    shared.host.post({"id": "e-2", "customer": "c-2", "action": "point_add", "data": {}})
    shared.host.settle()
    page.clock.fast_forward(2000)

    expect(page.get_by_role("article").filter(has_text="c-2")).to_be_visible()


@in_each_theme
def test_the_page_is_accessible(stream: Page, theme: Theme) -> None:
    wear(stream, theme)

    assert not axe_violations(stream)


@at_each_width
def test_the_page_fits_the_window(stream: Page, width: int) -> None:
    resize(stream, width)

    assert not overflow(stream)
