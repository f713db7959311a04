"""`demo`: one command, and a link to pages that show what it did."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from bs4 import BeautifulSoup

from tests.harness import LOYALTY_HOST, PATIENCE, HostProcess, eventually

LINK: Final = re.compile(r"The pages, signed in +(http://127\.0\.0\.1:\d+/link/\S+)")


@pytest.fixture
def link(host: HostProcess) -> Iterator[str]:
    """What a running demonstration prints."""
    process = subprocess.Popen(
        [str(LOYALTY_HOST), "demo", "--port", "0"],
        env=host.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        found = next(filter(None, map(LINK.search, process.stderr)), None)
        assert found is not None, "it ended without a link"
        yield found[1]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()


def words(page: httpx.Response) -> str:
    """All words of a page, blanks joined."""
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())


def test_the_link_opens_pages_that_show_the_samples(link: str) -> None:
    origin = str(httpx.URL(link).copy_with(path="/"))
    with httpx.Client(base_url=origin, follow_redirects=True, timeout=PATIENCE) as client:
        first = client.get(link)

        def stream() -> str | None:
            text = words(client.get("/live"))
            return text if text.count("delivered") > 40 else None

        shown = eventually(stream)
        people = client.get("/settings/people")
        log = words(client.get("/workflows/congratulate-on-a-new-tier/log"))
    again = httpx.get(link)

    assert first.url.path == "/modules"
    assert "connected" in words(first)
    assert "point_add" in shown
    assert log.count("sent tier_congratulation to") == 3
    assert people.status_code == 200
    assert again.status_code == 404
