"""The SQLite engine. One thread writes; readers take snapshots beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

import anyio.to_thread
import msgspec

from host.errors import HostFull, LoyaltyHostError, StoreFault, StoreUnavailable
from host.store.engine import Job, Plain, Row, Stale
from host.store.keys import Keys
from host.store.statements import read_migrations, read_statements

T = TypeVar("T")

_FOLDER: Final = files("host.store.sqlite")
_STATEMENTS: Final = read_statements(_FOLDER)
_JOBS_PER_COMMIT: Final = 256
_BUSY_SECONDS: Final = 5.0
_READERS: Final = 4
_PREPARED_AT_MOST: Final = 2  # one being written, one ready or being prepared


# The driver lets go of the interpreter's lock at every step of a statement, and gets it back
# only when a busy thread lets go in turn. So a statement writes many rows in one step; of the
# larger sizes only powers of two, so that few statements are kept prepared.
_MOST_VALUES: Final = 32_000
_ANY_SIZE: Final = 64
_VALUES: Final = re.compile(r"VALUES (\([^()]*\))")


def _rows_at_once(rows: int, columns: int) -> int:
    rows = min(rows, _MOST_VALUES // columns)
    return rows if rows <= _ANY_SIZE else 1 << (rows.bit_length() - 1)


@cache
def _for_rows(statement: str, size: int) -> str:
    """An `INSERT … VALUES (…)` for so many rows."""
    text = _STATEMENTS[statement]
    found = _VALUES.search(text)
    assert found is not None, f"{statement} inserts no row of plain values"
    group = found[1]
    return text.replace(group, ", ".join([group] * size), 1)


class SqliteTransaction:
    """Named statements on one connection."""

    def __init__(self, connection: sqlite3.Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys
        self.now = 0
        self.woken: set[int] = set()

    def rows(self, statement: str, *values: Any) -> list[Row]:
        return self._connection.execute(_STATEMENTS[statement], values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        found: Row | None = self._connection.execute(_STATEMENTS[statement], values).fetchone()
        return found

    def run(self, statement: str, *values: Any) -> int:
        return self._connection.execute(_STATEMENTS[statement], values).rowcount

    def packed(self, statement: str, *values: Any) -> list[list[Any]]:
        row = self._connection.execute(_STATEMENTS[statement], values).fetchone()
        found: list[list[Any]] = msgspec.json.decode(row[0])
        return found

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        start = 0
        while start < len(rows):
            size = _rows_at_once(len(rows) - start, len(rows[0]))
            values = list(chain.from_iterable(rows[start : start + size]))
            self._connection.execute(_for_rows(statement, size), values)
            start += size

    def keys(self, count: int) -> int:
        return self._keys.take(count, self.now)

    def wake(self, connection: int) -> None:
        self.woken.add(connection)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _Ticket:
    """A job on its way, and where its answer goes."""

    __slots__ = ("answer", "error", "future", "job", "loop", "result")

    def __init__(self, job: Job[Any], future: asyncio.Future[Any]) -> None:
        self.job = job
        self.future = future
        self.loop = future.get_loop()
        self.result: Any = None
        self.error: BaseException | None = None


class SqliteEngine:
    """One database file, opened by this process."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, create it (mode 0600) where there is none, and migrate it.

        Raises StoreFault if it cannot be used.
        """
        self._path = path
        self._clock = clock
        self._held: _Ticket | None = None
        self._listeners: list[Callable[[int], None]] = []
        self._tickets: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._to_prepare: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._prepared = threading.Semaphore(_PREPARED_AT_MOST)
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._keys = Keys()
        with _translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._writer = _connect(path)
            _migrate(self._writer)
            self._transaction = SqliteTransaction(self._writer, self._keys)
            self._learn_keys()
            for _ in range(_READERS):
                self._readers.put(_connect(path, query_only=True))
            self._preparing = SqliteTransaction(_connect(path, query_only=True), self._keys)
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("store-preparer", self._prepare_all), ("store-writer", self._work))
        ]
        for thread in self._threads:
            thread.start()

    async def write(self, job: Job[T]) -> T:
        """See `host.store.engine.Engine.write`."""
        ticket = _Ticket(job, asyncio.get_running_loop().create_future())
        (self._tickets if isinstance(job, Plain) else self._to_prepare).put(ticket)
        answer: T = await ticket.future
        return answer

    async def read(self, read: Callable[[Any], T]) -> T:
        """See `host.store.engine.Engine.read`."""
        return await anyio.to_thread.run_sync(self._read, read)

    def on_wake(self, listener: Callable[[int], None]) -> None:
        """See `host.store.engine.Engine.on_wake`."""
        self._listeners.append(listener)

    async def close(self) -> None:
        """Finish the jobs taken so far, then close."""
        self._to_prepare.put(None)  # the preparer ends, then has the writer end
        for thread in self._threads:
            await anyio.to_thread.run_sync(thread.join)
        self._preparing.close()
        while not self._readers.empty():
            self._readers.get().close()
        self._writer.close()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _learn_keys(self) -> None:
        for statement in ("last_event_key", "last_message_key", "last_settled_key"):
            row = self._transaction.row(statement)
            self._keys.at_least(row[0] if row and row[0] is not None else 0)

    def _read(self, read: Callable[[Any], T]) -> T:
        with _translated(self._path):
            connection = self._readers.get()
            try:
                transaction = SqliteTransaction(connection, self._keys)
                transaction.now = self._now()
                connection.execute("BEGIN")
                try:
                    return read(transaction)
                finally:
                    connection.execute("COMMIT")
            finally:
                self._readers.put(connection)

    # The preparer thread: reads and computes for the next commit while one is being written.

    def _prepare_all(self) -> None:
        while (ticket := self._to_prepare.get()) is not None:
            self._prepared.acquire()
            self._preparing.now = self._now()
            self._prepare(ticket, self._preparing)
            self._tickets.put(ticket)
        self._tickets.put(None)

    def _prepare(self, ticket: _Ticket, transaction: SqliteTransaction) -> None:
        ticket.error = None
        try:
            ticket.job.prepare(transaction)
        except Exception as error:
            ticket.error = _translate(error, self._path)

    # The writer thread.

    def _work(self) -> None:
        while True:
            tickets, last = self._next()
            if tickets:
                self._commit(tickets)
            if last:
                return

    def _next(self) -> tuple[list[_Ticket], bool]:
        """The jobs of the next commit; is it the last one?

        One prepared job at most: the next one has to know whether this one was committed.
        """
        ticket = self._held or self._tickets.get()
        self._held = None
        tickets: list[_Ticket] = []
        prepares = False
        while ticket is not None:
            if not isinstance(ticket.job, Plain):
                if prepares:
                    self._held = ticket
                    return tickets, False
                prepares = True
            tickets.append(ticket)
            if len(tickets) == _JOBS_PER_COMMIT:
                return tickets, False
            try:
                ticket = self._tickets.get_nowait()
            except queue.Empty:
                return tickets, False
        return tickets, True

    def _commit(self, tickets: list[_Ticket]) -> None:
        """Run these jobs in one transaction; those that became stale in another one."""
        todo = tickets
        while todo:
            try:
                todo = self._attempt(todo)
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                failure = _translate(error, self._path)
                for ticket in todo:
                    ticket.error = ticket.error or failure
                todo = []
        for ticket in tickets:
            if not isinstance(ticket.job, Plain):
                ticket.job.finished(committed=ticket.error is None)
                self._prepared.release()
        self._answer(tickets)

    def _attempt(self, tickets: list[_Ticket]) -> list[_Ticket]:
        """One transaction; the jobs that were stale, prepared again."""
        transaction, execute = self._transaction, self._writer.execute
        transaction.now = self._now()
        transaction.woken = set()
        execute("BEGIN IMMEDIATE")
        stale = [ticket for ticket in tickets if ticket.error is None and not self._run(ticket)]
        execute("COMMIT")
        self._wake(transaction.woken, tickets)
        for ticket in stale:
            self._prepare(ticket, transaction)
        return stale

    def _run(self, ticket: _Ticket) -> bool:
        """Apply a job under its own savepoint; False if it is stale."""
        transaction, execute = self._transaction, self._writer.execute
        woken = set(transaction.woken)
        execute("SAVEPOINT job")
        try:
            ticket.result = ticket.job.apply(transaction)
        except Exception as error:
            if not self._writer.in_transaction:
                raise  # a full disk, for one, ends the whole transaction
            execute("ROLLBACK TO job")
            execute("RELEASE job")
            transaction.woken = woken
            if isinstance(error, Stale):
                return False
            ticket.error = _translate(error, self._path)
            return True
        execute("RELEASE job")
        return True

    def _wake(self, woken: set[int], tickets: list[_Ticket]) -> None:
        if woken:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                tickets[0].loop.call_soon_threadsafe(self._tell, woken)

    def _tell(self, woken: set[int]) -> None:
        for connection in woken:
            for listener in self._listeners:
                listener(connection)

    def _answer(self, tickets: list[_Ticket]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            tickets[0].loop.call_soon_threadsafe(_resolve, tickets)


def _resolve(tickets: list[_Ticket]) -> None:
    for ticket in tickets:
        if ticket.future.done():  # the one who asked has gone
            continue
        if ticket.error is not None:
            ticket.future.set_exception(ticket.error)
        else:
            ticket.future.set_result(ticket.result)


def _connect(path: Path, *, query_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "PRAGMA wal_autocheckpoint = 16000"
    )  # 64 MB: a page that changes often is written back less often
    connection.execute(
        "PRAGMA cache_size = -32768" if not query_only else "PRAGMA cache_size = -4096"
    )
    connection.execute("PRAGMA temp_store = MEMORY")
    if query_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to today's shape. Forward only; each script is one transaction."""
    migrations = read_migrations(_FOLDER / "migrations")
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


def _translate(error: BaseException, path: Path) -> BaseException:
    """The host's own error for one of the driver's."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    made = _ERRORS.get(code)
    if made is None:
        return error
    return made(f"{_WORDS.get(code, str(error))} ({path})")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from None
    except OSError as error:
        raise StoreFault(f"the database {path} cannot be opened: {error.strerror}") from None
