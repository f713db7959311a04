"""The layers of the house: nothing imports upward, and some libraries have one door."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

LEVELS: Final[Mapping[str, int]] = {
    # words and rules, standard library only
    "host.model": 1,
    "host.errors": 1,
    "host.catalogue": 1,
    "host.outcome": 1,
    # promises, declarations, pure rooms, and one room each for the network and for SQL
    "host": 2,  # the face, which plugin authors import
    "host.carried": 2,
    "host.hookspecs": 2,
    "host.manifest": 2,
    "host.wire": 2,
    "host.retry": 2,
    "host.http": 2,
    "host.config": 2,
    "host.configuration": 2,
    "host.reading": 2,
    "host.workflow": 2,
    "host.document": 2,
    "host.store": 2,
    "host.samples": 2,
    "host.client": 2,
    "host.broadcast": 2,
    "host.logs": 2,
    "host.metrics": 2,
    "host.interpreter": 2,
    # the modules, and what the connections make of an event
    "host.registry": 3,
    "host.routing": 3,
    "host.mapping": 3,
    # the flows, and the authors' kit
    "host.intake": 4,
    "host.configure": 4,
    "host.delivery": 4,
    "host.backfill": 4,
    "host.dry_run": 4,
    "host.testing": 4,
    "host.scaffold": 4,
    "host.modules": 4,
    "host.accounts": 4,
    "host.preview": 4,
    "host.sample_run": 4,
    "host.health": 4,
    # thin faces, wiring, command line
    "host.api": 5,
    "host.pages": 5,
    "host.app": 6,
    "host.server": 6,
    "host.cli": 7,
}
FLOWS: Final = frozenset(
    {"host.accounts", "host.intake", "host.configure", "host.delivery", "host.backfill"}
)
DOORS: Final[Mapping[str, frozenset[str]]] = {
    "stevedore": frozenset({"host.registry"}),
    "pluggy": frozenset({"host.registry", "host.hookspecs"}),  # hookspecs holds the markers
    "argon2": frozenset({"host.accounts"}),
    "sqlite3": frozenset({"host.store"}),
    "psycopg": frozenset({"host.store"}),
    "httpx": frozenset({"host.http", "host.client", "host.testing"}),
}
FOR_PLUGINS: Final = frozenset({"host", "host.testing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module, and where it says so."""

    name: str
    line: int

    @property
    def library(self) -> str:
        return self.name.partition(".")[0]


def room(module: str) -> str:
    """`host.store.sqlite.engine` → `host.store`: what has a level."""
    return ".".join(module.split(".")[:2])


def module_name(path: Path, base: Path) -> str:
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, for_types: bool = True) -> Iterator[Import]:
    """Everything a file imports, at any depth; relative imports keep their dots."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set() if for_types else set(_lines_for_types(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom) or node.lineno in skipped:
            continue
        for name in _names(node):
            yield Import(name=name, line=node.lineno)


def _names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    origin = "." * node.level + (node.module or "")
    for alias in node.names:
        # `from host import http` names a file, `from host import Event` a word of the face.
        inner = f"{origin}.{alias.name}"
        yield inner if origin == "host" and (inner in LEVELS or _is_room(inner)) else origin


def _lines_for_types(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _is_room(module: str) -> bool:
    place = ROOT.joinpath(*module.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


HOST_FILES: Final = {module_name(p, ROOT): p for p in sorted((ROOT / "host").rglob("*.py"))}
PLUGIN_FILES: Final = sorted(ROOT.glob("plugins/*/host_*/**/*.py"))

each_host_file = pytest.mark.parametrize("module", HOST_FILES)
each_plugin_file = pytest.mark.parametrize(
    "path", PLUGIN_FILES, ids=lambda path: str(path.relative_to(ROOT))
)


@pytest.mark.parametrize("name", sorted({room(module) for module in HOST_FILES}))
def test_every_room_has_a_level(name: str) -> None:
    assert name in LEVELS, f"{name} is new: give it a level in LEVELS of {Path(__file__).name}"


@each_host_file
def test_nothing_imports_upward(module: str) -> None:
    level = LEVELS.get(room(module), 0)
    # The specs name the host's words for the type checker alone; the face does import both.
    found = imports(HOST_FILES[module], for_types=module != "host.hookspecs")

    upward = [
        f"line {one.line}: {one.name} (level {LEVELS.get(room(one.name), '?')})"
        for one in found
        if one.library == "host" and LEVELS.get(room(one.name), level) > level
    ]

    assert not upward, f"{module} (level {level}) imports upward: {upward}"


@each_host_file
def test_imports_are_absolute(module: str) -> None:
    assert not [one for one in imports(HOST_FILES[module]) if one.name.startswith(".")]


@pytest.mark.parametrize("module", [m for m in HOST_FILES if LEVELS.get(room(m)) == 1])
def test_words_need_the_standard_library_only(module: str) -> None:
    foreign = [
        one.name
        for one in imports(HOST_FILES[module])
        if one.library not in sys.stdlib_module_names and LEVELS.get(room(one.name)) != 1
    ]

    assert not foreign


@pytest.mark.parametrize("module", [m for m in HOST_FILES if room(m) in FLOWS])
def test_flows_meet_in_the_store_and_never_import_each_other(module: str) -> None:
    others = FLOWS - {room(module)}

    assert not [one for one in imports(HOST_FILES[module]) if room(one.name) in others]


@each_host_file
def test_a_library_with_a_door_is_used_behind_it_only(module: str) -> None:
    found = {one.library for one in imports(HOST_FILES[module])}

    assert not [name for name in found & DOORS.keys() if room(module) not in DOORS[name]]


@each_plugin_file
def test_plugins_know_the_face_and_the_kit_only(path: Path) -> None:
    deeper = [
        f"line {one.line}: {one.name}"
        for one in imports(path)
        if one.library == "host" and one.name not in FOR_PLUGINS
    ]

    assert not deeper, f"import these names from `host`: {deeper}"


@each_host_file
def test_the_host_names_no_plugin(module: str) -> None:
    known = {p.name for p in (ROOT / "plugins").iterdir() if not p.name.startswith(("_", "."))}
    text = HOST_FILES[module].read_text(encoding="utf-8").casefold()

    assert not [name for name in known if name.casefold() in text]
