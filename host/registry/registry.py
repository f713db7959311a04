"""All modules by name: found, loaded when wanted, switched on and off while running."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from host.errors import NotFound, PluginFault
from host.model import ModuleState
from host.registry.installed import CannotLoad, Found, code_stamp, find_installed, forget, load
from host.registry.module import Module

_NEW_CODE = "new code is installed; restart the host to use it"


class Loaded(NamedTuple):
    """A module as one process has it."""

    name: str
    state: ModuleState
    version: str
    code: Mapping[str, int]  # file → time of change (ns), when it was imported


class Registry:
    """The modules of this host. Loading never raises: a plugin's failure is its own state."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self._modules = {module.name: module for module in modules}
        self._stamps: dict[str, dict[str, int]] = {}  # code as it was when imported

    @classmethod
    def discover(cls, wanted: Mapping[str, bool]) -> Self:
        """Load the plugins that are wanted and enabled; list the others without import.

        `wanted`: name → enabled, as `plugins.toml` says. Blocks while plugins are imported.
        """
        registry = cls()
        registry.update(wanted)
        return registry

    @property
    def modules(self) -> tuple[Module, ...]:
        """Every module that is installed or named in `plugins.toml`, sorted by name."""
        return tuple(module for _, module in sorted(self._modules.items()))

    def get(self, name: str) -> Module:
        """The module of that name, in whatever state. Raises NotFound."""
        try:
            return self._modules[name]
        except KeyError:
            raise NotFound(f"there is no module {name!r}") from None

    def ready(self, name: str) -> Module:
        """The module, ready to be called.

        Raises NotFound, or PluginFault with the reason when it is disabled, missing or broken.
        """
        module = self.get(name)
        if not module.ready:
            raise PluginFault(f"module {name} is {module.state}: {module.reason}")
        return module

    def update(self, wanted: Mapping[str, bool]) -> tuple[str, ...]:
        """Follow a changed `plugins.toml`; the names of the modules that changed, sorted.

        Disabling lets go of the plugin's hooks; enabling loads it; a broken one is tried
        again. Code that Python has imported stays until a restart, and the reason says so.
        """
        installed = find_installed()
        before = self._modules
        after = {
            name: self._module(name, installed.get(name, ()), wanted)
            for name in {*wanted, *installed}
        }
        self._modules = after
        names = {*before, *after}
        return tuple(sorted(name for name in names if before.get(name) != after.get(name)))

    @property
    def loaded(self) -> tuple[Loaded, ...]:
        """What is loaded, for another process to compare."""
        return tuple(
            Loaded(module.name, module.state, module.version, self._stamps.get(module.name, {}))
            for module in self.modules
        )

    def agrees(self, loaded: Sequence[Loaded]) -> bool:
        """Whether another process would ask the same plugins, of the same code.

        Each may have imported files of them that the other has not.
        """
        mine = self.loaded
        return [one[:3] for one in mine] == [one[:3] for one in loaded] and all(
            theirs.code.get(file, time) == time
            for ours, theirs in zip(mine, loaded, strict=True)
            for file, time in ours.code.items()
        )

    def _module(self, name: str, found: tuple[Found, ...], wanted: Mapping[str, bool]) -> Module:
        enabled = wanted.get(name, False)
        known = self._modules.get(name)
        if found and enabled and len(found) == 1:
            if known is not None and known.ready:
                return self._with_notice(known, found[0])
            return self._loaded(name, found[0])
        state, reason = _not_loaded(found, enabled=enabled, named=name in wanted)
        manifest = known.manifest if known is not None else None
        first = found[0] if len(found) == 1 else None
        return Module(
            name=name,
            state=state,
            reason=reason,
            title=manifest.title if manifest else (first.summary if first else "") or name,
            version=first.version if first else "",
            distribution=first.distribution if first else "",
            manifest=manifest,
            enabled=enabled,
        )

    def _loaded(self, name: str, found: Found) -> Module:
        before = set(sys.modules)
        try:
            plugin = load(found.entry_point)
        except CannotLoad as error:
            return Module(
                name=name,
                state=ModuleState.BROKEN,
                reason=str(error),
                title=found.summary or name,
                version=found.version,
                distribution=found.distribution,
                enabled=True,
            )
        module = Module.of(
            plugin, name=name, version=found.version, distribution=found.distribution
        )
        if not module.ready:
            forget(found.entry_point, before)
            return module
        self._stamps.setdefault(name, code_stamp(found.entry_point))
        return self._with_notice(module, found)

    def _with_notice(self, module: Module, found: Found) -> Module:
        stamp = self._stamps.get(module.name, {})
        now = code_stamp(found.entry_point)
        old = module.version != found.version or any(now.get(f) != t for f, t in stamp.items())
        return replace(module, reason=_NEW_CODE if old else "")


def _not_loaded(found: tuple[Found, ...], *, enabled: bool, named: bool) -> tuple[ModuleState, str]:
    if not found:
        return ModuleState.MISSING, (
            "named in plugins.toml, but no installed distribution offers it: install the "
            "plugin, or take its table out of plugins.toml"
        )
    if len(found) > 1:
        names = " and ".join(sorted(f"{one.distribution} {one.version}" for one in found))
        state = ModuleState.BROKEN if enabled else ModuleState.DISABLED
        return state, f"two distributions offer it, {names}: uninstall one of them"
    words = "switched off" if named else "not named"
    return ModuleState.DISABLED, f"{words} in plugins.toml"
