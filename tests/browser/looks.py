"""What every page is looked at for: both themes, every width, accessibility."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

Theme: TypeAlias = Literal["light", "dark"]

THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
WIDTHS: Final = (1280, 390, 320)

in_each_theme: Final = pytest.mark.parametrize("theme", THEMES)
at_each_width: Final = pytest.mark.parametrize("width", WIDTHS)

_AXE: Final = Axe()


def wear(page: Page, theme: Theme) -> None:
    """Show the page as somebody sees it whose system has that theme."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")


def resize(page: Page, width: int) -> None:
    """Make the window that wide, in CSS pixels."""
    page.set_viewport_size({"width": width, "height": 800})


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now, one line for each place."""
    found = _AXE.run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: "
        f"{' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """Empty, unless the document scrolls sideways; then what sticks out, widest first."""
    stick_out: list[str] = page.evaluate(
        """() => {
            const wide = document.documentElement.clientWidth;
            const most = document.documentElement.scrollWidth;
            if (most <= wide) return [];
            const out = [...document.body.querySelectorAll("*")]
                .map(element => [element.getBoundingClientRect().right + scrollX, element])
                .filter(([right]) => right > wide + 1)
                .sort(([one], [other]) => other - one)
                .slice(0, 10)
                .map(([right, element]) => `${element.outerHTML.slice(0, 80)} ends at ${right}`);
            return [`${most} px in a window of ${wide} px`, ...out];
        }"""
    )
    return stick_out
