"""Which plugins are installed, and loading one of them inside a fence.

Listing imports nothing. Loading never raises anything but KeyboardInterrupt and `CannotLoad`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import re
import sys
import traceback
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, EntryPoints
from pathlib import Path
from typing import Final

from stevedore import NamedExtensionManager

GROUP: Final = "host.plugins"
_LONGEST: Final = 300  # characters of a foreign error text


class CannotLoad(Exception):
    """A plugin cannot be used; the text is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry point of our group, and what its distribution says of itself."""

    entry_point: EntryPoint
    distribution: str
    version: str
    summary: str


def installed_names() -> tuple[str, ...]:
    """Names of all installed plugins, sorted; nothing is imported."""
    return tuple(sorted(find_installed()))


def find_installed() -> dict[str, tuple[Found, ...]]:
    """Name → every entry point under that name: more than one is a conflict.

    Read from `importlib.metadata`, since stevedore's cache on disk may be minutes old and
    forgets the distribution. A distribution whose metadata cannot be read is passed over; of
    two with one name, the first on the path counts, as it does for imports.
    """
    importlib.invalidate_caches()
    found: dict[str, tuple[Found, ...]] = {}
    for name in sorted(_with_plugins()):
        try:
            distribution = importlib.metadata.distribution(name)
            new = [_found(distribution, point) for point in _points(distribution)]
        except Exception:  # somebody else's broken metadata is not our plugins' fault
            continue
        for one in new:
            found[one.entry_point.name] = (*found.get(one.entry_point.name, ()), one)
    return found


def _with_plugins() -> set[str]:
    """Names of distributions with plugins. Of the others not even the name is read: there are
    many, and every start of the host waits for this."""
    names: set[str] = set()
    for distribution in importlib.metadata.distributions():
        with contextlib.suppress(Exception):
            if _points(distribution):
                names.add(re.sub(r"[-_.]+", "-", distribution.name).lower())
    return names


def _points(distribution: Distribution) -> EntryPoints:
    return distribution.entry_points.select(group=GROUP)


def _found(distribution: Distribution, point: EntryPoint) -> Found:
    return Found(
        entry_point=point,
        distribution=distribution.name,
        version=distribution.version,
        summary=(distribution.metadata["Summary"] or "").strip().rstrip("."),
    )


class _OnePlugin(NamedExtensionManager[object]):
    """stevedore's loader for one entry point that we chose ourselves."""

    def __init__(self, entry_point: EntryPoint) -> None:
        self._entry_point = entry_point
        self.failure: BaseException | None = None
        super().__init__(
            GROUP,
            [entry_point.name],
            on_load_failure_callback=self._keep,
            on_missing_entrypoints_callback=None,  # a failed name would be reported twice
        )

    def list_entry_points(self) -> list[EntryPoint]:
        return [self._entry_point]

    @staticmethod
    def _keep(manager: object, entry_point: EntryPoint, error: BaseException) -> None:
        if isinstance(manager, _OnePlugin):
            manager.failure = error


def load(entry_point: EntryPoint) -> object:
    """The object that an entry point names. Raises CannotLoad with a reason for a person."""
    before = set(sys.modules)
    try:
        loader = _OnePlugin(entry_point)
        failure = loader.failure
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a failed assert and sys.exit() pass stevedore's own fence
        failure = error
    if failure is None:
        return loader.extensions[0].plugin
    forget(entry_point, before)
    raise CannotLoad(f"cannot be imported: {_told(failure)}")


def forget(entry_point: EntryPoint, before: set[str]) -> None:
    """Drop what a failed load imported of the plugin, so that a mended one can be loaded."""
    package = entry_point.module.partition(".")[0]
    for name in set(sys.modules) - before:
        if name == package or name.startswith(f"{package}."):
            del sys.modules[name]


def code_stamp(entry_point: EntryPoint) -> dict[str, int]:
    """File → time of change (ns) of all imported code of the plugin's package."""
    package = entry_point.module.partition(".")[0]
    stamp: dict[str, int] = {}
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and (name == package or name.startswith(f"{package}.")):
            try:
                stamp[file] = Path(file).stat().st_mtime_ns
            except OSError:
                stamp[file] = 0
    return stamp


def _told(error: BaseException) -> str:
    """Type and message of an error, and where in the plugin it happened."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno} of {_short(error.filename or '?')})"
    if isinstance(error, SystemExit):
        words = f"it ended the program (SystemExit: {error.code})"
    elif isinstance(error, ImportError):
        words = first_line(error)
    else:
        words = f"{type(error).__name__}: {first_line(error)}".removesuffix(": ")
    return f"{words}{place(error)}"


def first_line(error: BaseException) -> str:
    """The first line of an error's message, of bounded length; empty when it has none."""
    try:
        return next(iter(str(error).splitlines()), "")[:_LONGEST]
    except Exception:  # a message that cannot even be made
        return ""


def place(error: BaseException) -> str:
    """` (line 3 of package/file.py)`: the innermost line of code that is not Python's own."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not frame.filename.startswith("<frozen")]
    return f" (line {ours[-1].lineno} of {_short(ours[-1].filename)})" if ours else ""


def _short(filename: str) -> str:
    return "/".join(Path(filename).parts[-2:])
