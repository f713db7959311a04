"""What a database engine must offer the store: named statements in transactions, no more.

Writes are jobs. An engine runs many jobs in one commit, each under its own savepoint, so that
one failing job harms no other; a job is acknowledged after the commit is on disk. A job may
prepare itself before, beside the commit of an earlier one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]

PREPARED_AT_MOST: Final = 3  # jobs: one being written, one behind it, one under way


class Stale(Exception):
    """Raised by a job's `apply`: what it prepared from has changed; prepare and apply again."""


class Transaction(Protocol):
    """One open transaction (or, for `prepare`, a plain reading connection)."""

    now: int  # milliseconds since 1970, the same for the whole transaction

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """All rows that a named statement answers."""

    def row(self, statement: str, *values: Any) -> Row | None:
        """The first row that a named statement answers, if any."""

    def run(self, statement: str, *values: Any) -> int:
        """Run a named statement; how many rows it changed."""

    def packed(self, statement: str, kind: type[T], *values: Any) -> list[T]:
        """All rows of a statement that answers them as one JSON array of arrays.

        `kind`: what each is made to: `list`, or a `msgspec.Struct` like an array.
        """

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows by a named `INSERT … VALUES (…)`, many at once."""

    def keys(self, count: int) -> int:
        """The first of `count` new keys in a row."""

    def wake(self, connection: int) -> None:
        """After the commit, tell whoever delivers for this connection that there is work."""


class Job(ABC, Generic[T]):
    """A write that prepares itself while an earlier one is being written.

    Jobs are prepared and applied in the order in which they were handed in. `prepare` may not
    see yet what the jobs before it write: who needs that has to ask those jobs.

    Who has somebody else prepare does so in three steps: `ask`, `hear`, and `prepare` with what
    was answered. The next job asks as soon as this one was answered.
    """

    def ask(self, tx: Transaction) -> None:  # most have nobody to ask
        """Have somebody begin to prepare what `apply` will write. Must not raise."""

    def hear(self) -> bool:  # most have nobody to ask
        """Wait for the answer; is there one? Must not raise."""
        return False

    def prepare(self, tx: Transaction) -> None:  # most have nothing to prepare
        """Read and compute what `apply` will write, outside any transaction."""

    @abstractmethod
    def apply(self, tx: Transaction) -> T:
        """Write. May raise `Stale` to be prepared again, then with everything to be seen."""

    def finished(self, *, committed: bool) -> None:  # most need not know
        """The job is over; `committed`: what it wrote is on disk."""


class Plain(Job[T]):
    """A write that needs no preparation."""

    def __init__(self, write: Callable[[Transaction], T]) -> None:
        self._write = write

    def apply(self, tx: Transaction) -> T:
        """Run the function given."""
        return self._write(tx)


class Engine(Protocol):
    """An open database."""

    async def write(self, job: Job[T]) -> T:
        """Run a job; returns once it is on disk.

        Raises what the job raised, `StoreUnavailable` (locked, unreachable: try again) or
        `HostFull` (no disk space).
        """

    async def read(self, read: Callable[[Transaction], T]) -> T:
        """Run a reading function on one consistent snapshot."""

    def on_wake(self, listener: Callable[[int], None]) -> None:
        """Call `listener(connection)` on the event loop after commits that made work."""

    async def close(self) -> None:
        """Finish what was accepted and close."""
