"""The Live stream goes on by itself, can be paused, and shows no delivery twice."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.harness import Scene


def deliver(shared: Scene, *customers: str) -> None:
    """Deliver an event of each."""
    shared.host.post(
        *({"customer": one, "action": "point_add", "data": {"points": 1}} for one in customers)
    )
    shared.host.settle()


def test_a_pause_keeps_back_and_counts_what_comes(host_page: Page, shared: Scene) -> None:
    host_page.goto("/live?state=delivered")
    rows = host_page.locator("#live tbody tr")
    expect(host_page.locator("#live-state")).to_have_text("live")

    deliver(shared, "before-the-pause")
    expect(rows.first).to_contain_text("before-the-pause")
    host_page.get_by_role("button", name="Pause").click()
    expect(host_page.locator("#live-state")).to_have_text("paused")
    deliver(shared, "p-1", "p-2")
    go_on = host_page.get_by_role("button", name="Go on: 2 new")
    expect(go_on).to_be_visible()
    expect(rows.first).to_contain_text("before-the-pause")
    go_on.click()

    expect(rows.filter(has_text="p-1")).to_have_count(1)
    expect(rows.filter(has_text="p-2")).to_have_count(1)
    host_page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(0)


def test_what_was_drawn_is_not_told_again_and_what_came_in_between_is(
    host_page: Page, shared: Scene
) -> None:
    deliver(shared, "drawn-before")

    # The page is drawn, then something is delivered, and only then the stream begins.
    def hand_over_late(route: Route) -> None:
        deliver(shared, "in-between")
        route.continue_()

    host_page.route("**/static/live.js*", hand_over_late)
    host_page.goto("/live?state=delivered")
    rows = host_page.locator("#live tbody tr")

    expect(rows.filter(has_text="in-between")).to_have_count(1)
    expect(rows.filter(has_text="drawn-before")).to_have_count(1)


def test_a_row_opens_its_message_beside_the_list(host_page: Page, shared: Scene) -> None:
    deliver(shared, "to-be-opened")
    host_page.goto("/live?customer=to-be-opened")

    host_page.locator("#live tbody tr").first.get_by_role("link", name="point_add").click()

    expect(host_page.get_by_role("dialog")).to_contain_text("to-be-opened")
    expect(host_page).to_have_url(re.compile(r"/live\?"))
