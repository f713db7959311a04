"""The database file: connections to it, its shape, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from host.errors import HostFull, LoyaltyHostError, StoreFault, StoreUnavailable
from host.store.statements import read_migrations

_BUSY_SECONDS: Final = 5.0


def connect(path: Path, *, query_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    # Of a new file. A batch changes many neighbours: larger pages are fewer to look for and log.
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # 192 MB: before that the log is written back beside the writer, see `checkpoints.py`.
    connection.execute("PRAGMA wal_autocheckpoint = 24000")
    connection.execute(
        "PRAGMA cache_size = -32768" if not query_only else "PRAGMA cache_size = -4096"
    )
    connection.execute("PRAGMA temp_store = MEMORY")
    if query_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to today's shape. Forward only; each script is one transaction."""
    migrations = read_migrations(files("host.store.sqlite") / "migrations")
    have = connection.execute("PRAGMA user_version").fetchone()[0]
    newest = migrations[-1][0]
    if have > newest:
        raise StoreFault(
            f"the database was written by a newer version of the host (shape {have}, this one "
            f"knows {newest}): install that version again"
        )
    for number, script in migrations:
        if number > have:
            _run_migration(connection, number, script)


def _run_migration(connection: sqlite3.Connection, number: int, script: str) -> None:
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}\n; PRAGMA user_version = {number}; COMMIT;"
        )
    except sqlite3.OperationalError:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        have = connection.execute("PRAGMA user_version").fetchone()[0]
        if have < number:  # else another process was first
            raise


_ERRORS: Final[Mapping[int, Callable[[str], LoyaltyHostError]]] = {
    sqlite3.SQLITE_BUSY: StoreUnavailable,
    sqlite3.SQLITE_LOCKED: StoreUnavailable,
    sqlite3.SQLITE_IOERR: StoreUnavailable,
    sqlite3.SQLITE_FULL: HostFull,
    sqlite3.SQLITE_CORRUPT: StoreFault,
    sqlite3.SQLITE_NOTADB: StoreFault,
    sqlite3.SQLITE_READONLY: StoreFault,
    sqlite3.SQLITE_CANTOPEN: StoreFault,
    sqlite3.SQLITE_PERM: StoreFault,
}

_WORDS: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_BUSY: "the database is locked by another process",
    sqlite3.SQLITE_FULL: "the disk is full",
}


def translate(error: BaseException, path: Path) -> BaseException:
    """The host's own error for one of the driver's."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    made = _ERRORS.get(code)
    if made is None:
        return error
    return made(f"{_WORDS.get(code, str(error))} ({path})")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from None
    except OSError as error:
        raise StoreFault(f"the database {path} cannot be opened: {error.strerror}") from None
