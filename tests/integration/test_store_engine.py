"""The SQLite engine: commits shared by many jobs, faults that stay with their own, full, locked."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from host.errors import HostFull, StoreFault, StoreUnavailable
from host.store.engine import Job, Plain, Stale, Transaction
from host.store.sqlite.engine import SqliteEngine
from tests.harness import PATIENCE
from tests.storing import no_more_pages, pages_enough

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    opened = SqliteEngine(tmp_path / "host.db")
    yield opened
    await opened.close()


def keep(name: str, value: str = "kept") -> Plain[int]:
    return Plain(lambda tx: tx.run("set_meta", name, value))


async def kept(engine: SqliteEngine, name: str) -> str | None:
    row = await engine.read(lambda tx: tx.row("meta", name))
    return None if row is None else row[0]


class Fails(Job[None]):
    """Writes, then raises."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def apply(self, tx: Transaction) -> None:
        tx.run("set_meta", "failed", "half written")
        raise self._error


class Prepared(Job[str]):
    """Writes down what it read before; stale if that has changed."""

    def __init__(self) -> None:
        self.prepared = 0

    def prepare(self, tx: Transaction) -> None:
        self.prepared += 1
        self._read = tx.row("meta", "basis")

    def apply(self, tx: Transaction) -> str:
        if tx.row("meta", "basis") != self._read:
            raise Stale
        tx.run("set_meta", "outcome", self._read[0] if self._read else "nothing")
        return "done"


@pytest.mark.parametrize("error", [ValueError("bug"), sqlite3.IntegrityError("constraint")])
async def test_a_failing_job_harms_no_other_job_of_its_commit(
    engine: SqliteEngine, error: Exception
) -> None:
    answers = await asyncio.gather(
        engine.write(keep("before")),
        engine.write(Fails(error)),
        engine.write(keep("after")),
        return_exceptions=True,
    )

    assert list(answers) == [1, error, 1]
    assert [await kept(engine, name) for name in ("before", "failed", "after")] == [
        "kept",
        None,
        "kept",
    ]


async def test_a_job_whose_basis_changed_in_its_own_commit_is_prepared_again(
    engine: SqliteEngine,
) -> None:
    job = Prepared()

    answers = await asyncio.gather(engine.write(keep("basis", "new")), engine.write(job))

    assert list(answers) == [1, "done"]
    assert await kept(engine, "outcome") == "new"
    assert job.prepared <= 2


async def test_jobs_that_prepare_from_what_changed_are_prepared_again(
    engine: SqliteEngine,
) -> None:
    class Counts(Job[int]):
        def prepare(self, tx: Transaction) -> None:
            self._last = self._count(tx)

        def apply(self, tx: Transaction) -> int:
            if self._count(tx) != self._last:
                raise Stale
            tx.run("set_meta", "count", str(self._last + 1))
            return self._last + 1

        def _count(self, tx: Transaction) -> int:
            row = tx.row("meta", "count")
            return int(row[0]) if row else 0

    answers = await asyncio.gather(*(engine.write(Counts()) for _ in range(20)))

    assert sorted(answers) == list(range(1, 21))


async def test_a_job_that_cannot_prepare_fails_alone(engine: SqliteEngine) -> None:
    class Unprepared(Job[None]):
        def prepare(self, tx: Transaction) -> None:
            raise ValueError("bug")

        def apply(self, tx: Transaction) -> None:
            raise AssertionError("never reached")

    answers = await asyncio.gather(
        engine.write(Unprepared()), engine.write(keep("other")), return_exceptions=True
    )

    assert isinstance(answers[0], ValueError)
    assert await kept(engine, "other") == "kept"


async def test_a_cancelled_caller_harms_nobody(engine: SqliteEngine) -> None:
    gone = asyncio.create_task(engine.write(keep("gone")))
    await asyncio.sleep(0)
    gone.cancel()

    assert await engine.write(keep("other")) == 1


async def test_a_database_locked_by_another_process_is_unavailable_until_it_is_free(
    engine: SqliteEngine, tmp_path: Path
) -> None:
    await engine.write(Plain(lambda tx: _run(tx, "PRAGMA busy_timeout = 50")))
    other = sqlite3.connect(tmp_path / "host.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StoreUnavailable, match="locked by another process"):
        await engine.write(keep("locked"))
    readable = await kept(engine, "generation")
    other.execute("ROLLBACK")
    other.close()

    assert readable is None
    assert await engine.write(keep("locked")) == 1


async def test_a_full_disk_refuses_writes_and_leaves_nothing_half_written(
    engine: SqliteEngine,
) -> None:
    await engine.write(keep("small"))
    await engine.write(Plain(no_more_pages))

    with pytest.raises(HostFull, match="disk is full"):
        await engine.write(keep("large", "x" * 1_000_000))
    half = await kept(engine, "large")
    await engine.write(Plain(pages_enough))

    assert half is None
    assert await engine.write(keep("large", "x" * 1_000_000)) == 1
    assert await kept(engine, "small") == "kept"


async def test_jobs_of_a_commit_that_found_the_disk_full_are_all_refused(
    engine: SqliteEngine,
) -> None:
    await engine.write(Plain(no_more_pages))

    answers = await asyncio.gather(
        *(engine.write(keep(str(n), "x" * 200_000)) for n in range(5)), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [HostFull] * 5
    assert [await kept(engine, str(n)) for n in range(5)] == [None] * 5


async def test_a_woken_listener_hears_only_of_what_was_committed(engine: SqliteEngine) -> None:
    heard: list[int] = []
    engine.on_wake(heard.append)

    def wake(tx: Transaction) -> None:
        tx.wake(7)

    def wake_in_vain(tx: Transaction) -> None:
        tx.wake(8)
        raise ValueError("bug")

    await asyncio.gather(
        engine.write(Plain(wake)), engine.write(Plain(wake_in_vain)), return_exceptions=True
    )
    await engine.write(keep("flush"))

    assert heard == [7]


async def test_jobs_taken_before_closing_are_still_done(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "host.db")
    tasks = [asyncio.create_task(engine.write(keep(str(n)))) for n in range(10)]
    await asyncio.sleep(0)

    await engine.close()

    assert await asyncio.gather(*tasks) == [1] * 10


async def test_a_database_of_a_newer_host_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "host.db"
    await SqliteEngine(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 999")
    raw.commit()
    raw.close()
    before = path.read_bytes()

    with pytest.raises(StoreFault, match="newer version of the host"):
        SqliteEngine(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"no database " * 1000, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "host.db"
    path.write_bytes(content)

    with pytest.raises(StoreFault):
        SqliteEngine(path)

    assert path.read_bytes() == content


async def test_the_database_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    await SqliteEngine(tmp_path / "new" / "host.db").close()

    assert stat.S_IMODE((tmp_path / "new" / "host.db").stat().st_mode) == 0o600


async def test_keys_of_a_customer_are_never_given_out_again_when_the_clock_goes_back(
    tmp_path: Path,
) -> None:
    first = SqliteEngine(tmp_path / "host.db", clock=lambda: 1_800_000_000.0)

    def add(tx: Transaction) -> int:
        key = tx.keys(1)
        tx.run("save_customer", key, f"c-{key}", 0, 0, 0, None)
        return key

    before = await first.write(Plain(add))
    await first.close()
    second = SqliteEngine(tmp_path / "host.db", clock=lambda: 1_799_999_999.9)
    after = await second.write(Plain(add))
    await second.close()

    assert after > before


def _run(tx: Transaction, sql: str) -> None:
    tx._connection.execute(sql)  # type: ignore[attr-defined]


async def test_what_is_committed_is_written_back_beside_the_writer(
    engine: SqliteEngine, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.db"

    def stands_without_the_log() -> bool:
        shutil.copy(tmp_path / "host.db", alone)
        with closing(sqlite3.connect(alone)) as database:
            try:
                return bool(database.execute("SELECT 1 FROM meta WHERE name = 'mark'").fetchall())
            except sqlite3.DatabaseError:  # there is no table yet, or half of it
                return False

    await engine.write(keep("mark"))
    with anyio.fail_after(PATIENCE):
        while not stands_without_the_log():
            await anyio.sleep(0.05)
