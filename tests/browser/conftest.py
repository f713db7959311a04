"""A browser, pages under watch, and a running host to look at."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests.browser.chromium import Chromium, NoChromium, find
from tests.browser.watch import Guard, Watched, watched
from tests.harness import Scene, scene

REQUIRED_BY: Final = ("HOST_TEST_REQUIRE_BROWSER", "CI")
NAME: Final = "ana"
PASSWORD: Final = "a long enough password"
FAILED: Final = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the fixtures of a test that it failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """A Chromium, or a skipped test; a failed one where a browser is required."""
    try:
        if (found := find()) is not None:
            return found
        why = "no Chromium: run make browser"
    except NoChromium as error:
        why = str(error)
    if any(os.environ.get(name) for name in REQUIRED_BY):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Iterator[Browser]:
    """A running browser. Not for the session: it holds an event loop, and anyio wants its own."""
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A running, connected host for a whole file, with one admin."""
    with scene(tmp_path_factory.mktemp("shared")) as running:
        running.host.do("users", "add", NAME, "--role", "admin", "--password-stdin", stdin=PASSWORD)
        yield running


@pytest.fixture(scope="module")
def signed_in(browser: Browser, shared: Scene) -> StorageState:
    """The cookies of that admin, who signed in by the form."""
    url = shared.host.environment["LOYALTY_HOST_URL"]
    with watched(browser, "signing in", base_url=url) as watch:
        watch.page.goto("/sign-in")
        watch.page.get_by_label("Name").fill(NAME)
        watch.page.get_by_label("Password").fill(PASSWORD)
        watch.page.get_by_role("button", name="Sign in").click()
        watch.page.wait_for_url(lambda at: not at.startswith(f"{url}/sign-in"))
        assert not watch.guard.faults()
        return watch.context.storage_state()


@pytest.fixture
def watch(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """An empty page; `guard` has to be told where it may go."""
    with watched(browser, _name(request)) as opened:
        yield from _watching(opened, request)


@pytest.fixture(scope="module")
def kept_watch(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """One page for a whole file, see `again`."""
    with watched(browser, request.path.stem) as opened:
        yield opened


@pytest.fixture
def again(kept_watch: Watched, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """As `watch`, in the file's one page: opening one, and fetching all anew, takes its time."""
    kept_watch.begin(_name(request))
    yield from _watching(kept_watch, request)


@pytest.fixture
def page(watch: Watched) -> Page:
    """An empty page of a fresh browser."""
    return watch.page


@pytest.fixture
def guard(watch: Watched) -> Guard:
    """The guard of `page`."""
    return watch.guard


@pytest.fixture
def host_watch(
    browser: Browser, shared: Scene, signed_in: StorageState, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    """As `watch`, signed in as an admin of the shared host."""
    url = shared.host.environment["LOYALTY_HOST_URL"]
    with watched(browser, _name(request), base_url=url, state=signed_in) as opened:
        yield from _watching(opened, request)


@pytest.fixture
def host_page(host_watch: Watched) -> Page:
    """An empty page of a signed-in admin; `goto("/modules")` leads to the shared host."""
    return host_watch.page


@pytest.fixture
def host_guard(host_watch: Watched) -> Guard:
    """The guard of `host_page`."""
    return host_watch.guard


def _name(request: pytest.FixtureRequest) -> str:
    return f"{request.path.stem}-{request.node.name}"


def _watching(opened: Watched, request: pytest.FixtureRequest) -> Iterator[Watched]:
    yield opened
    faults = opened.guard.faults()
    if faults or request.node.stash.get(FAILED, False):
        opened.keep()
    assert not faults, f"{opened}"
