"""The SQLite engine: one thread prepares, one writes, readers take snapshots beside them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import anyio.to_thread

from host.store.engine import PREPARED_AT_MOST, Job, Plain, Stale
from host.store.keys import Keys
from host.store.sqlite.checkpoints import Checkpoints
from host.store.sqlite.file import connect, migrate, translate, translated
from host.store.sqlite.transaction import SqliteTransaction

T = TypeVar("T")

_JOBS_PER_COMMIT: Final = 256
_READERS: Final = 4


class _Ticket:
    """A job on its way, and where its answer goes."""

    __slots__ = ("error", "future", "job", "loop", "result")

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
        self._asked: _Ticket | None = None  # asks already, while the one before is prepared
        self._listeners: list[Callable[[int], None]] = []
        self._tickets: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._to_prepare: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._prepared = threading.Semaphore(PREPARED_AT_MOST)
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._keys = Keys()
        with translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._writer = connect(path)
            migrate(self._writer)
            self._transaction = SqliteTransaction(self._writer, self._keys)
            self._learn_keys()
            for _ in range(_READERS):
                self._readers.put(connect(path, query_only=True))
            self._preparing = SqliteTransaction(connect(path, query_only=True), self._keys)
            self._checkpoints = Checkpoints(path)
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
        await anyio.to_thread.run_sync(self._checkpoints.close)
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
        with translated(self._path):
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
        while (ticket := self._next_to_prepare()) is not None:
            if ticket.job.hear():
                self._ask_next()
            self._prepare(ticket, self._preparing)
            self._tickets.put(ticket)
        self._tickets.put(None)

    def _next_to_prepare(self) -> _Ticket | None:
        ticket, self._asked = self._asked, None
        if ticket is None and (ticket := self._to_prepare.get()) is not None:
            self._prepared.acquire()
            self._ask(ticket)
        return ticket

    def _ask_next(self) -> None:
        """Have the next job ask, if there is one and its turn has come."""
        if self._to_prepare.empty() or not self._prepared.acquire(blocking=False):
            return
        self._asked = self._to_prepare.get()
        if self._asked is not None:
            self._ask(self._asked)
            return
        self._prepared.release()
        self._to_prepare.put(None)  # the end, which is not a job's business

    def _ask(self, ticket: _Ticket) -> None:
        self._preparing.now = self._now()
        ticket.job.ask(self._preparing)

    def _prepare(self, ticket: _Ticket, transaction: SqliteTransaction) -> None:
        ticket.error = None
        try:
            ticket.job.prepare(transaction)
        except Exception as error:
            ticket.error = translate(error, self._path)

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
                failure = translate(error, self._path)
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
        run = self._run if len(tickets) > 1 else self._run_alone
        stale = [ticket for ticket in tickets if ticket.error is None and not run(ticket)]
        if self._writer.in_transaction:
            execute("COMMIT")
            self._checkpoints.committed()
        self._wake(transaction.woken, tickets)
        for ticket in stale:
            self._prepare(ticket, transaction)
        return stale

    def _run_alone(self, ticket: _Ticket) -> bool:
        """Apply a transaction's only job, which ends it by failing; False if it is stale."""
        try:
            ticket.result = ticket.job.apply(self._transaction)
        except Exception as error:
            if not self._writer.in_transaction:
                raise  # a full disk, for one, has ended it
            self._writer.execute("ROLLBACK")
            self._transaction.woken = set()
            if isinstance(error, Stale):
                return False
            ticket.error = translate(error, self._path)
        return True

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
            ticket.error = translate(error, self._path)
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
