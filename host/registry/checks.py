"""What is checked of a plugin when it is loaded, before any hook is called."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Final

import pluggy

from host import hookspecs
from host.manifest import HOST_API, Manifest
from host.registry.calls import Calls, calls_of
from host.registry.installed import CannotLoad, first_line

HOOKS: Final[Mapping[str, bool]] = {
    name: inspect.iscoroutinefunction(spec)
    for name, spec in vars(hookspecs).items()
    if hasattr(spec, f"{hookspecs.PROJECT}_spec")
}
"""Hook → whether it talks (`async def`). Read from the specs; a plugin implements them all."""


def checked(plugin: object, name: str) -> Calls:
    """The hooks of a plugin that keeps every promise that can be checked at load.

    Raises CannotLoad with what is wrong, for a person.
    """
    _check_manifest(getattr(plugin, "manifest", None), name)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise CannotLoad(_validation(error)) from None
    except Exception as error:  # e.g. a marker that is none
        raise CannotLoad(f"its hooks cannot be read: {first_line(error)}") from None
    _check_hooks(plugin, manager.hook)
    return calls_of(manager.hook)


def _check_manifest(manifest: object, name: str) -> None:
    if manifest is None:
        raise CannotLoad("it holds no `manifest`; put one beside its hooks")
    if not isinstance(manifest, Manifest):
        raise CannotLoad(f"its `manifest` is a {type(manifest).__name__}, not a host.Manifest")
    if manifest.name != name:
        raise CannotLoad(
            f"its manifest names it {manifest.name!r}, its entry point {name!r}; "
            "they must be the same"
        )
    if manifest.host_api != HOST_API:
        raise CannotLoad(
            f"it is written for version {manifest.host_api} of the host's promises, this host "
            f"keeps version {HOST_API}; install versions that go together"
        )


def _validation(error: pluggy.PluginValidationError) -> str:
    text = " ".join(str(error).split())
    unknown = text.removeprefix("unknown hook '").partition("'")[0]
    if text.startswith("unknown hook"):
        close = difflib.get_close_matches(unknown, HOOKS, n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(HOOKS)}"
        return f"it implements the unknown hook {unknown!r}{hint}"
    return f"its hooks do not fit: {text}"


def _check_hooks(plugin: object, relay: pluggy.HookRelay) -> None:
    implemented: dict[str, Callable[..., object]] = {
        name: impl.function
        for name in HOOKS
        for impl in getattr(relay, name).get_hookimpls()
        if not (impl.wrapper or impl.hookwrapper)
    }
    missing = [name for name in HOOKS if name not in implemented]
    if missing:
        unmarked = [name for name in missing if callable(getattr(plugin, name, None))]
        hint = f" ({', '.join(unmarked)}: not marked with @hookimpl)" if unmarked else ""
        raise CannotLoad(f"hooks are missing: {', '.join(missing)}{hint}")
    for name, talks in HOOKS.items():
        if _colour(implemented[name]) != ("async def" if talks else "def"):
            wanted = "`async def`" if talks else "a plain `def`"
            raise CannotLoad(f"its hook {name} must be {wanted}")


def _colour(function: Callable[..., object]) -> str:
    if inspect.iscoroutinefunction(function):
        return "async def"
    generates = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    return "generator" if generates else "def"
