"""What the guard of a page hears, and what is kept of a test that failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import watch
from tests.harness import stand_in


@pytest.mark.parametrize(
    ("script", "heard"),
    [
        ("console.error('oh no')", "console error: oh no"),
        ("throw new Error('broken')", "page error: broken"),
        ("new Image().src = 'http://127.0.0.1:9/pixel'", "request that leaves the host"),
        ("console.warn('never mind')", ""),
        ("new Image().src = 'data:,'", ""),
    ],
    ids=["console", "exception", "foreign", "warning", "data"],
)
def test_the_guard_hears_what_goes_wrong(browser: Browser, script: str, heard: str) -> None:
    with watch.watched(browser, "guarded") as watched:
        watched.page.set_content(f"<script>{script}</script>")
        watched.page.evaluate("1")

        faults = "\n".join(watched.guard.faults())

    assert heard in faults
    assert bool(heard) == bool(faults)


def test_an_error_that_is_wanted_is_excused(browser: Browser) -> None:
    with stand_in() as server, watch.watched(browser, "excused", base_url=server.url) as watched:
        watched.page.goto("/nowhere")
        heard = watched.guard.faults()

        watched.guard.excuse("404")

        assert heard  # of the page, and at times of its icon
        assert not watched.guard.faults()


def test_a_failed_page_is_kept(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FAILURES", tmp_path)
    with watch.watched(browser, "test_it[light-/modules]") as watched:
        watched.page.set_content("<h1>Broken</h1>")

        watched.keep()

    (folder,) = tmp_path.iterdir()
    assert sorted(file.name for file in folder.iterdir()) == ["page-0.png", "trace.zip"]
