"""Settings · Health: how the host is, how long it keeps things, what it is made of."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.manifest import HOST_API
from host.pages import entrance
from host.pages.settings_frame import draw_settings
from host.pages.site import Site
from host.pages.words import several
from host.store.connections import waiting_messages
from host.store.retention import HISTORY_DAYS, IDENTITY_DAYS

WRONG_KEY: Final = (
    "the stored secrets cannot be read with this secret key: give the former key, or connect "
    "again with the secrets typed anew"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `problem`: what is wrong with it, and what to do."""

    subject: str
    words: str = ""
    problem: str = ""


def health_routes(site: Site) -> list[Route]:
    """The route of the page."""

    async def get_health(request: Request) -> Response:
        routing = await site.configure.routing()
        return await draw_settings(
            site,
            request,
            "settings_health.html",
            tab="/settings",
            findings=await _findings(site),
            connections=routing.routes,
            history_days=HISTORY_DAYS,
            identity_days=IDENTITY_DAYS,
            versions=_versions(site),
        )

    return [entrance.get(site, "/settings", get_health)]


async def _findings(site: Site) -> list[Finding]:
    waiting = await site.store.read(waiting_messages)
    found = [
        await anyio.to_thread.run_sync(partial(_room, site.home)),
        Finding(subject="Queue", words=several(waiting, "message waits", "messages wait")),
        Finding(subject="Secret key", problem="" if site.store.key_is_right else WRONG_KEY),
    ]
    found += [Finding(subject="plugins.toml", problem=text) for text in site.modules.notices]
    for module in site.modules.registry.modules:
        broken = module.enabled and not module.ready
        found.append(
            Finding(
                subject=f"Module {module.name}",
                words=module.state,
                problem=module.reason if broken else "",
            )
        )
    return found


def _room(home: Path) -> Finding:
    """How much the data folder takes, and what is left for it."""
    files = (file for file in home.iterdir() if file.is_file())
    taken = sum(file.stat().st_size for file in files)
    free = shutil.disk_usage(home).free
    return Finding(subject="Data folder", words=f"{_size(taken)} taken, {_size(free)} free")


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _versions(site: Site) -> list[tuple[str, str]]:
    try:
        own = version("loyalty-host")
    except PackageNotFoundError:
        own = "unknown"
    modules = [(f"Module {m.name}", m.version) for m in site.modules.registry.modules if m.version]
    return [
        ("Loyalty Host", own),
        ("Promises to modules", str(HOST_API)),
        ("Python", platform.python_version()),
        *modules,
    ]
