"""What a browser without JavaScript can do: everything but what lives while one looks on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.harness import Scene


@pytest.fixture
def plain(browser: Browser, shared: Scene, signed_in: StorageState) -> Iterator[Page]:
    """A page on which no script runs."""
    context = browser.new_context(
        base_url=shared.host.environment["LOYALTY_HOST_URL"],
        storage_state=signed_in,
        java_script_enabled=False,
    )
    yield context.new_page()
    context.close()


def test_fields_are_added_and_saved(plain: Page) -> None:
    plain.goto("/connections/mparticle/fields")
    before = plain.locator("tbody [data-row]").count()

    plain.get_by_role("button", name="Add new field").click()
    row = plain.locator("tbody [data-row]").nth(before)
    row.get_by_label("Loyalty field").fill("gender")
    row.get_by_label("Remote field").fill("$gender")
    plain.get_by_role("button", name="Save").click()

    expect(plain.get_by_text("Saved. This concerns")).to_be_visible()
    expect(plain.locator("tbody [data-row]")).to_have_count(before + 1)


def test_what_asks_first_asks_in_the_page(plain: Page) -> None:
    plain.goto("/settings/tokens")
    plain.get_by_label("Name").fill("plain")
    plain.get_by_role("button", name="Make the token").click()

    row = plain.get_by_role("row").filter(has_text="plain")
    row.get_by_role("button", name="Revoke").click()

    expect(plain.get_by_text("plain opens no door any more.")).to_be_visible()


def test_modules_are_searched(plain: Page) -> None:
    plain.goto("/modules")
    plain.get_by_label("Search modules").fill("mpratic")
    plain.get_by_role("button", name="Search").click()

    expect(plain.locator(".card")).to_have_count(1)
