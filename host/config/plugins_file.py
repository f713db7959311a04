"""`plugins.toml`, the operator's file: read whenever it changes, changed one value at a time."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
import tomlkit
from tomlkit.exceptions import TOMLKitError

from host.errors import Fault, InvalidConfiguration


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginsState:
    """What `plugins.toml` says. `notices` tell a person what is wrong with it, and where."""

    enabled: Mapping[str, bool]
    notices: tuple[str, ...] = ()


class PluginsFile:
    """`plugins.toml`, the operator's file: one table `[plugins.NAME]` with `enabled` each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._good: dict[str, bool] | None = None

    def changed(self) -> bool:
        """Whether the file is another than was read last, by time, size and inode."""
        return self._stamp_now() != self._stamp

    def read(self, installed: Callable[[], Iterable[str]] = tuple) -> PluginsState:
        """What the file says now. Never raises for what is in it.

        A file that cannot be read leaves the last good state standing, with a notice. When
        there never was a file, one is written with the `installed` plugins, all disabled.
        """
        first = self._good is None
        if first and not self.path.exists() and (refused := self._write_first(installed())):
            return PluginsState(enabled={}, notices=(refused,))
        self._stamp = self._stamp_now()  # before reading: a later change is seen as one
        last = self._good or {}
        try:
            tables = _tables(self.path.read_bytes())
        except OSError as error:
            notice = f"{self.path} cannot be read ({error.strerror})"
        except ValueError as error:
            notice = f"{self.path}: {error}"
        else:
            return self._take(tables, last)
        stands = "no plugin is enabled" if first else "what it said before still stands"
        return PluginsState(enabled=last, notices=(f"{notice}; {stands}.",))

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Change this one value and nothing else; comments and order stay.

        The file is replaced in one step. Raises InvalidConfiguration, with the file as it
        was, when it cannot be parsed or written; the error tells the line to change by hand.
        """
        target = self.path.resolve()  # a link stays a link
        before = target.read_bytes() if target.exists() else tomli_w.dumps(_plain({})).encode()
        try:
            _tables(before)
            after = _with_enabled(before, name, enabled)
        except ValueError as error:
            raise self._fault(f"{error}; mend the file first") from None
        if after == before:
            return
        try:
            _replace(target, after)
        except OSError as error:
            hint = _by_hand(before.decode(), name, enabled)
            raise self._fault(f"cannot be written ({error.strerror}); {hint}") from None

    def _fault(self, message: str) -> InvalidConfiguration:
        return InvalidConfiguration([Fault(path=str(self.path), message=message)])

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _write_first(self, installed: Iterable[str]) -> str | None:
        plain = _plain(dict.fromkeys(sorted(installed), False))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self.path.resolve(), tomli_w.dumps(plain).encode())
        except OSError as error:
            return f"{self.path} is missing and cannot be written ({error.strerror})."
        return None

    def _take(self, tables: Mapping[str, Any], last: Mapping[str, bool]) -> PluginsState:
        enabled: dict[str, bool] = {}
        notices: list[str] = []
        for name, table in tables.items():
            found = table.get("enabled") if isinstance(table, dict) else None
            enabled[name] = found if isinstance(found, bool) else last.get(name, False)
            if not isinstance(found, bool):
                wrong = "`enabled` must be true or false"
                wrong = wrong if isinstance(table, dict) else f"must be a table, [plugins.{name}]"
                stands = "enabled" if enabled[name] else "disabled"
                notices.append(f"{self.path}: plugins.{name}: {wrong}; it stays {stands}.")
        self._good = enabled
        return PluginsState(enabled=enabled, notices=tuple(notices))


def _plain(enabled: Mapping[str, bool]) -> dict[str, Any]:
    return {"plugins": {name: {"enabled": value} for name, value in enabled.items()}}


def _tables(content: bytes) -> dict[str, Any]:
    """The tables under `plugins`, or ValueError with line and reason."""
    try:
        text = content.decode()
        plugins = tomllib.loads(text).get("plugins", {})
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"is not UTF-8 text (at line {line})") from None
    except tomllib.TOMLDecodeError as error:
        last = f"at line {max(1, len(text.splitlines()))}, the end of the file"
        raise ValueError(str(error).replace("at end of document", last)) from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(plugins, dict):
        raise ValueError("`plugins` must be a table")
    return plugins


def _with_enabled(content: bytes, name: str, enabled: bool) -> bytes:
    """The same text with one value changed, or added at the end."""
    tables = _tables(content)
    if isinstance(tables.get(name), dict) and tables[name].get("enabled") is enabled:
        return content
    try:
        document = tomlkit.parse(content.decode())
        if "plugins" not in document:
            document["plugins"] = tomlkit.table(is_super_table=True)
        plugins: Any = document["plugins"]
        if not isinstance(tables.get(name), dict):
            plugins[name] = tomlkit.table()
        plugins[name]["enabled"] = enabled
        changed = tomlkit.dumps(document).encode()
    except TOMLKitError as error:
        raise ValueError(str(error)) from None
    wanted = {**tables, name: {**_table_of(tables, name), "enabled": enabled}}
    if _tables(changed) != wanted:  # rather say no than write what was not meant
        raise ValueError(f"plugins.{name} cannot be changed in the way the file is written")
    return changed


def _table_of(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = tables.get(name)
    return table if isinstance(table, dict) else {}


def _by_hand(text: str, name: str, enabled: bool) -> str:
    """What a person does to the file. The line is found by trying: every spelling is found."""
    word, other = ("true", "false") if enabled else ("false", "true")
    for match in re.finditer(rf"\b{other}\b", text):
        tried = text[: match.start()] + word + text[match.end() :]
        try:
            found = _table_of(_tables(tried.encode()), name).get("enabled")
        except ValueError:
            continue
        if found is enabled:
            line = text.count("\n", 0, match.start()) + 1
            return f"change line {line} to say `enabled = {word}`"
    return f"add the lines `[plugins.{name}]` and `enabled = {word}`"


def _replace(target: Path, content: bytes) -> None:
    """Write the whole file in one step, keeping its mode; a file without write bits is kept."""
    mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
    if not mode & 0o222:
        raise PermissionError(13, "it is read-only")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
