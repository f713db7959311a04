"""Pictures of pages, to look at: `python -m tests.browser.shots URL... --out DIR`.

Each page whole, 1280 and 390 pixels wide, light and dark.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, sync_playwright

from tests.browser.chromium import NoChromium, fetch, find
from tests.browser.looks import THEMES, Theme

SIZES: Final = ((1280, 800), (390, 844))


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; their files go to stdout."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.shots", description=__doc__)
    parser.add_argument("urls", metavar="URL", nargs="+")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True)
    parser.add_argument("--cookie", metavar="NAME=VALUE", action="append", default=[])
    told = parser.parse_args(arguments)
    told.out.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = (find() or fetch()).launch(playwright)
            for url in told.urls:
                for theme in THEMES:
                    for size in SIZES:
                        print(_shoot(browser, url, told.cookie, theme, size, told.out))
            browser.close()
    except (NoChromium, Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _shoot(
    browser: Browser,
    url: str,
    cookies: Sequence[str],
    theme: Theme,
    size: tuple[int, int],
    out: Path,
) -> Path:
    width, height = size
    context = browser.new_context(
        color_scheme=theme,
        reduced_motion="reduce",
        viewport={"width": width, "height": height},
    )
    for name, _, value in (text.partition("=") for text in cookies):
        context.add_cookies([{"name": name, "value": value, "url": url}])
    page = context.new_page()
    page.goto(url)
    file = out / f"{_name(url)}-{width}-{theme}.png"
    page.screenshot(path=file, full_page=True)
    context.close()
    return file


def _name(url: str) -> str:
    parts = urlsplit(url)
    return re.sub(r"[^\w.-]+", "-", f"{parts.path}-{parts.query}").strip("-") or "home"


if __name__ == "__main__":
    sys.exit(main())
