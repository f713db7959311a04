"""The Modules menu: every module with its state, found by name, switched on and off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route as Path

from host.model import ConnectionState, ModuleState
from host.pages import entrance
from host.pages.drawing import draw, draw_part, wants_part
from host.pages.finding import matches
from host.pages.site import Site
from host.pages.toast import go
from host.registry import Module
from host.routing import Route
from host.store.engine import Transaction
from host.store.hours import HOUR_MS, hour_of, read_hours, read_last_delivery

FILTERS: Final = (
    ("", "All"),
    ("connected", "Connected"),
    ("attention", "Needs attention"),
    ("available", "Available"),
)
_UNWELL: Final = (ModuleState.BROKEN, ModuleState.MISSING)
_DAY_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What a connection brought since midnight (UTC), and when it last delivered (ms)."""

    delivered: int = 0
    undelivered: int = 0
    last_delivery: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A module as the menu shows it."""

    module: Module
    connections: tuple[Route, ...]
    today: Today

    @property
    def summary(self) -> str:
        """The module's one line; unknown while it was never loaded."""
        return self.module.manifest.summary if self.module.manifest else ""

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to do something about it."""
        states = (route.row.state for route in self.connections)
        return self.module.state in _UNWELL or ConnectionState.NEEDS_ATTENTION in states

    def fits(self, chosen: str) -> bool:
        """Whether the card belongs under a filter."""
        if chosen == "connected":
            states = (route.row.state for route in self.connections)
            return ConnectionState.CONNECTED in states
        if chosen == "attention":
            return self.needs_attention
        return chosen != "available" or not self.connections


def module_routes(site: Site) -> list[Path]:
    """The routes of the menu."""

    async def get_modules(request: Request) -> Response:
        typed = request.query_params.get("q", "").strip()
        chosen = request.query_params.get("show", "")
        cards = await _cards()
        found = [
            card
            for card in cards
            if card.fits(chosen)
            and matches(typed, card.module.name, card.module.title, card.summary)
        ]
        context: dict[str, Any] = {
            "cards": cards,
            "active": [card for card in found if card.module.enabled],
            "inactive": [card for card in found if not card.module.enabled],
            "found": len(found),
            "typed": typed,
            "chosen": chosen,
            "filters": FILTERS,
        }
        if wants_part(request):
            return draw_part(request, "modules_found.html", **context)
        return await draw(site, request, "modules.html", **context)

    async def get_module(request: Request) -> Response:
        name = request.path_params["name"]
        site.modules.registry.get(name)
        routes = (await site.configure.routing()).routes
        own = next((route for route in routes if route.row.module == name), None)
        where = f"/modules/{name}/connect" if own is None else f"/connections/{own.row.id}"
        return RedirectResponse(where, 303)

    async def post_enable(request: Request) -> Response:
        module = await site.modules.switch(request.path_params["name"], True)
        if not module.ready:
            return go("/modules", f"{module.title} is {module.state}: {module.reason}", failed=True)
        routes = (await site.configure.routing()).routes
        if any(route.row.module == module.name for route in routes):
            return go("/modules", f"{module.title} is on: written to plugins.toml.")
        text = f"{module.title} is on: written to plugins.toml. Now connect it."
        return go(f"/modules/{module.name}/connect", text)

    async def post_disable(request: Request) -> Response:
        module = await site.modules.switch(request.path_params["name"], False)
        text = f"{module.title} is off: written to plugins.toml. What waits is kept."
        return go("/modules", text)

    async def _cards() -> list[Card]:
        routes = (await site.configure.routing()).routes
        keys = tuple(route.key for route in routes)
        today = await site.store.read(partial(_read_today, keys=keys))
        return [_card(module, routes, today) for module in site.modules.registry.modules]

    return [
        entrance.get(site, "/modules", get_modules),
        entrance.get(site, "/modules/{name}", get_module),
        entrance.post(site, "/modules/{name}/enable", post_enable),
        entrance.post(site, "/modules/{name}/disable", post_disable),
    ]


def _card(module: Module, routes: tuple[Route, ...], today: Mapping[int, Today]) -> Card:
    own = tuple(route for route in routes if route.row.module == module.name)
    parts = [today[route.key] for route in own]
    return Card(
        module=module,
        connections=own,
        today=Today(
            delivered=sum(part.delivered for part in parts),
            undelivered=sum(part.undelivered for part in parts),
            last_delivery=max((p.last_delivery for p in parts if p.last_delivery), default=None),
        ),
    )


def _read_today(tx: Transaction, *, keys: tuple[int, ...]) -> dict[int, Today]:
    hours = hour_of(tx.now) // HOUR_MS % _DAY_HOURS + 1  # those since midnight, this one too
    found: dict[int, Today] = {}
    for key in keys:
        today = read_hours(tx, key, hours)
        found[key] = Today(
            delivered=sum(hour.delivered for hour in today),
            undelivered=sum(hour.undelivered for hour in today),
            last_delivery=read_last_delivery(tx, key),
        )
    return found
