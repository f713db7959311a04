"""Settings · Health: how the host is, how long it keeps things, what it is made of."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.health import Finding, glance, look_at_room, look_at_workflows
from host.manifest import HOST_API
from host.model import MessageState
from host.pages import entrance
from host.pages.settings_frame import draw_settings
from host.pages.site import Site
from host.store.ledger import read_ledger
from host.store.retention import HISTORY_DAYS, IDENTITY_DAYS
from host.store.runs import RUN_DAYS
from host.store.store import SQLITE_VERSION

NOT_READY: Final = "it is starting or stopping: look again in a moment"


def health_routes(site: Site) -> list[Route]:
    """The route of the page."""

    async def get_health(request: Request) -> Response:
        routing = await site.configure.routing()
        books = await site.store.read(read_ledger)
        waiting = {
            key: sum(book[state] for state in MessageState if not state.settled)
            for key, book in books.items()
        }
        return await draw_settings(
            site,
            request,
            "settings_health.html",
            tab="/settings",
            findings=await _findings(site),
            connections=routing.routes,
            waiting=waiting,
            history_days=HISTORY_DAYS,
            identity_days=IDENTITY_DAYS,
            run_days=RUN_DAYS,
            versions=_versions(site),
        )

    return [entrance.get(site, "/settings", get_health)]


async def _findings(site: Site) -> list[Finding]:
    room = await anyio.to_thread.run_sync(lambda: list(look_at_room(site.home, site.store.file)))
    ready = site.ready()
    host = Finding(
        subject="Host", words="takes events" if ready else "", problem="" if ready else NOT_READY
    )
    workflows = look_at_workflows(await site.workflows.all())
    return [host, *room, *glance(site.store, site.modules), *workflows]


def _versions(site: Site) -> list[tuple[str, str]]:
    try:
        own = version("loyalty-host")
    except PackageNotFoundError:
        own = "unknown"
    modules = [(f"Module {m.name}", m.version) for m in site.modules.registry.modules if m.version]
    return [
        ("Loyalty Host", own),
        ("Host API for modules", str(HOST_API)),
        ("Python", platform.python_version()),
        ("SQLite", SQLITE_VERSION),
        *modules,
    ]
