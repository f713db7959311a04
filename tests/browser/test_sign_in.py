"""Signing in, in a real browser: the form, the cookie, the way to the pages."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_an_admin_gets_to_the_modules(host_page: Page) -> None:
    host_page.goto("/")

    expect(host_page.get_by_role("heading", level=1)).to_have_text("Modules")
