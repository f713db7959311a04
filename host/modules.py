"""Modules as `plugins.toml` wants them: followed while running, switched by writing the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
import anyio.to_thread
import structlog

from host.config import PluginsFile
from host.errors import NotFound
from host.registry import Module, Registry, installed_names

log: Final = structlog.get_logger("host.modules")

LOOK_EVERY: Final = 1.0  # seconds between looks at the file


class Modules:
    """The registry and the file that steers it."""

    def __init__(self, file: PluginsFile, changed: Callable[[], None] = lambda: None) -> None:
        """Loads what the file wants. `changed` is called after modules have changed later."""
        self._file = file
        self._changed = changed
        state = file.read(installed_names)
        self.registry = Registry.discover(state.enabled)
        self.notices = state.notices

    def when_changed(self, changed: Callable[[], None]) -> None:
        """Call this after modules have changed."""
        self._changed = changed

    async def follow(self) -> None:
        """Follow the file until cancelled."""
        while True:
            await anyio.sleep(LOOK_EVERY)
            if self._file.changed():
                await self.read_again()

    async def read_again(self) -> None:
        """Have the modules that the file wants now."""
        await anyio.to_thread.run_sync(self.look)

    async def switch(self, name: str, enabled: bool) -> Module:
        """Write the switch into the file and follow it. Raises NotFound, InvalidConfiguration."""
        if name not in {module.name for module in self.registry.modules}:
            raise NotFound(f"there is no module {name!r}")
        await anyio.to_thread.run_sync(self._file.set_enabled, name, enabled)
        await self.read_again()
        return self.registry.get(name)

    def look(self) -> None:
        """The same at once. Blocks while plugins are imported."""
        state = self._file.read(installed_names)
        if state.notices != self.notices:
            self.notices = state.notices
            for notice in state.notices:
                log.warning("plugins.toml", notice=notice)
        changed = self.registry.update(state.enabled)
        if changed:
            log.info("modules changed", modules=list(changed))
            self._changed()
