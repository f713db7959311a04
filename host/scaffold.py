"""A new plugin to start from: the one that lies in `plugins/_template`, under a new name."""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from host.errors import Fault, InvalidConfiguration
from host.registry import installed_names

_MARKER: Final = "template"
_HERE: Final = Path(__file__).parent
_SOURCES: Final = (
    _HERE / "scaffold_template",  # in the installed wheel
    _HERE.parent / "plugins" / "_template",  # in a source checkout
)
_LEFT_BEHIND: Final = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "dist", "build")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def new_plugin(name: str, into: Path) -> Path:
    """Write a new plugin called `name` to the folder `into/name`, which is answered.

    It is whole and passes its own tests; nothing is installed. Raises InvalidConfiguration,
    with nothing written, when the name is not a lower-case identifier or is taken.
    """
    target = into / name
    if fault := _fault(name, target):
        raise InvalidConfiguration([Fault(path="name", message=fault)])
    source = next((folder for folder in _SOURCES if folder.is_dir()), None)
    if source is None:
        raise InvalidConfiguration(
            [Fault(path="", message="this installation lacks the plugin to start from; reinstall")]
        )
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".new-") as folder:
        copied = Path(folder) / name
        shutil.copytree(source, copied, ignore=_LEFT_BEHIND)
        _rename(copied, name)
        copied.rename(target)
    return target


def _fault(name: str, target: Path) -> str | None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        return f"{name!r} must be lower-case letters, digits and single _, a letter first"
    if name == _MARKER or name in installed_names():
        return f"{name!r} is the name of an installed plugin; choose another"
    if target.exists():
        return f"{target} exists already; choose another name or folder"
    return None


def _rename(folder: Path, name: str) -> None:
    """Replace the marker in every file and in every file name."""
    title = name.replace("_", " ").title()
    for path in _deepest_first(folder):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            text = text.replace(_MARKER, name).replace(_MARKER.title(), title)
            path.write_text(text, encoding="utf-8")
        if _MARKER in path.name:
            path.rename(path.with_name(path.name.replace(_MARKER, name)))


def _deepest_first(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*"), key=lambda path: len(path.parts), reverse=True)
