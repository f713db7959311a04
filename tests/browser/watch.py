"""A browser context under watch: what goes wrong in it, and what is kept when a test fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    StorageState,
    ViewportSize,
    WebError,
)

from tests.browser.chromium import FOLDER

FAILURES: Final = FOLDER / "failures"
SIZE: Final[ViewportSize] = {"width": 1280, "height": 800}
INSIDE: Final = ("about", "blob", "chrome-error", "data")  # schemes that ask no server


class Guard:
    """Hears every console error, page error and request of a context."""

    def __init__(self, context: BrowserContext) -> None:
        self._origins: set[str] = set()
        self._excused: list[str] = []
        self._errors: list[str] = []
        self._asked: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("request", self._note)

    def allow(self, *urls: str) -> None:
        """The test goes to these origins: the host, the stand-in."""
        self._origins.update(map(_origin, urls))

    def excuse(self, words: str) -> None:
        """Console errors with these words are wanted.

        Chromium writes one for each answer of 400 and above: `excuse("422")` where a form is
        refused on purpose.
        """
        self._excused.append(words)

    def forget(self) -> None:
        """Another test begins: nothing was heard yet, nothing is excused."""
        for kept in (self._excused, self._errors, self._asked):
            kept.clear()

    def faults(self) -> list[str]:
        """What went wrong so far, one line each."""
        left = [url for url in self._asked if _origin(url) not in self._origins]
        return [
            *(e for e in self._errors if not any(words in e for words in self._excused)),
            *(f"request that leaves the host: {url}" for url in left),
        ]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._errors.append(f"console error: {message.text} ({message.location['url']})")

    def _catch(self, error: WebError) -> None:
        self._errors.append(f"page error: {error.error}")

    def _note(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in INSIDE:
            self._asked.append(request.url)


class Watched:
    """A context with one open page. `name` is that of the test."""

    def __init__(self, context: BrowserContext, name: str) -> None:
        self.context = context
        self.guard = Guard(context)
        self.page: Page = context.new_page()
        self._kept = _kept(name)

    def begin(self, name: str) -> None:
        """Another test begins, in the same page: what the browser cached stays."""
        self.page.unroute_all()
        self.page.set_viewport_size(SIZE)
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.guard.forget()
        self._kept = _kept(name)
        self.context.tracing.stop_chunk()
        self.context.tracing.start_chunk()

    def keep(self) -> None:
        """Write down what the page looks like and how it came to that."""
        self._kept.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(self.context.pages):
            page.screenshot(path=self._kept / f"page-{number}.png", full_page=True)
        self.context.tracing.stop_chunk(path=self._kept / "trace.zip")
        self.context.tracing.start_chunk()

    def __str__(self) -> str:
        return f"kept in {self._kept}"


@contextmanager
def watched(
    browser: Browser, name: str, *, base_url: str | None = None, state: StorageState | None = None
) -> Iterator[Watched]:
    """A fresh context, with the cookies of `state`, closed at the end."""
    context = browser.new_context(
        base_url=base_url,
        storage_state=state,
        reduced_motion="reduce",
        viewport=SIZE,
    )
    context.tracing.start(snapshots=True)
    try:
        watch = Watched(context, name)
        if base_url is not None:
            watch.guard.allow(base_url)
        yield watch
    finally:
        context.close()


def _kept(name: str) -> Path:
    return FAILURES / re.sub(r"[^\w.-]+", "-", name).strip("-")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
