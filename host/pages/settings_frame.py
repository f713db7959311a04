"""The frame of the settings' pages: their tabs."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from host.pages.drawing import draw
from host.pages.site import Site

TABS: Final = (
    ("/settings", "Health", False),
    ("/settings/people", "People", True),
    ("/settings/tokens", "Tokens", True),
    ("/settings/account", "Your account", False),
)
"""The pages of the settings: address, words, and whether only an admin opens it."""


async def draw_settings(
    site: Site, request: Request, template: str, *, tab: str, status: int = 200, **context: Any
) -> Response:
    """A page of the settings; `tab` is its address."""
    return await draw(
        site, request, template, status=status, settings_tabs=TABS, tab=tab, **context
    )
