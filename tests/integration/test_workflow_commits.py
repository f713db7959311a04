"""An event, its runs and all their messages are on disk together, or none of them is."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from host.intake.items import GONE, TAKEN, Item, Part, Verdict
from host.intake.job import IntakeJob
from host.intake.planner import Planner
from host.store.engine import Transaction
from host.store.ledger import read_ledger
from tests.graphs import event_filter, interrupt, message, sync, trigger, wait
from tests.running import MINUTE, Desk, desk

pytestmark = pytest.mark.anyio

CHECKOUT = {"id": "e-1", "customer": "c1", "action": "checkout", "data": {"points": 10}}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        sends = [trigger("checkout"), message(), sync("s", "second")]
        await opened.workflow(sends, "t>m", "m>s", name="sends")
        waits = [trigger("checkout"), wait(), message(event="later"), wait("v", 2), message("n")]
        await opened.workflow(waits, "t>w", "w>m", "m>v", "v>n", name="waits")
        yield opened


@contextmanager
def fault(at: Desk, statement: str, how: str) -> Iterator[None]:
    """From now on a statement on a table (`INSERT ON run`) fails in the database itself."""
    with closing(sqlite3.connect(at.store.file, isolation_level=None)) as database:
        database.execute(
            f"CREATE TRIGGER fault BEFORE {statement} BEGIN SELECT RAISE({how}, 'fault'); END"
        )
        try:
            yield
        finally:
            database.execute("DROP TRIGGER fault")


async def rows(at: Desk) -> dict[str, int]:
    """How much there is of what an event leaves behind."""
    tables = ("event", "customer", "message", "message_body", "lane", "run", "wait", "run_hour")
    with closing(sqlite3.connect(at.store.file)) as database:
        counts = {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in tables
        }
    made = sum(books["made"] for books in (await at.store.read(read_ledger)).values())
    return {**counts, "made": made}


WRITTEN = [
    "INSERT ON customer",
    "INSERT ON event",
    "INSERT ON message",
    "INSERT ON message_body",
    "INSERT ON lane",
    "UPDATE ON ledger",
    "INSERT ON run",
    "INSERT ON wait",
    "INSERT ON run_hour",
]


@pytest.mark.parametrize("how", ["ABORT", "ROLLBACK"])  # one statement; the whole transaction
@pytest.mark.parametrize("statement", WRITTEN)
async def test_an_event_that_cannot_be_written_down_whole_leaves_nothing(
    at: Desk, statement: str, how: str
) -> None:
    before = await rows(at)

    with fault(at, statement, how), pytest.raises(Exception, match=r"fault|database"):
        await at.take(CHECKOUT)
    after = await rows(at)

    assert after == before
    assert await at.take(CHECKOUT) == [TAKEN]
    assert await at.names("good") == [("c1", "a-checkout"), ("c1", "points")]
    assert await at.names("second") == [("c1", None)]
    assert len(await at.waits()) == 1


@pytest.mark.parametrize("how", ["ABORT", "ROLLBACK"])
@pytest.mark.parametrize(
    "statement", ["DELETE ON wait", "INSERT ON wait", "INSERT ON message", "UPDATE ON run"]
)
async def test_a_run_that_cannot_go_on_whole_waits_and_goes_on_once(
    at: Desk, statement: str, how: str
) -> None:
    await at.take(CHECKOUT)
    before, waits = await rows(at), await at.waits()

    with fault(at, statement, how), pytest.raises(Exception, match=r"fault|database"):
        await at.later(MINUTE)
    assert (await rows(at), await at.waits()) == (before, waits)

    await at.later(1)
    await at.later(2 * MINUTE)
    assert await at.names("good") == [
        ("c1", name) for name in ("a-checkout", "points", "later", "points")
    ]
    assert await at.waits() == []


async def test_one_event_that_cannot_be_written_down_costs_its_neighbours_nothing(
    at: Desk,
) -> None:
    with closing(sqlite3.connect(at.store.file, isolation_level=None)) as database:
        database.execute(
            "CREATE TRIGGER fault BEFORE INSERT ON event WHEN NEW.id = 'e-1' "
            "BEGIN SELECT RAISE(ABORT, 'fault'); END"
        )
    results: dict[str, bool] = {}

    async def take(customer: str, id_: str) -> None:
        try:
            await at.take({**CHECKOUT, "customer": customer, "id": id_})
            results[id_] = True
        except Exception:
            results[id_] = False

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(take, f"c{number}", f"e-{number}")

    assert results == {"e-0": True, "e-1": False, "e-2": True, "e-3": True}
    assert sorted({customer for customer, _ in await at.names()}) == ["c0", "c2", "c3"]
    assert len(await at.waits()) == 3


class Watched(IntakeJob):
    """A job of which is told how often it was prepared. `held`: it waits then, until let go."""

    def __init__(
        self, at: Desk, items: Sequence[Item], before: IntakeJob | None = None, held: bool = False
    ) -> None:
        self.part = Part(items)
        super().__init__([self.part], Planner(at.routing.read), before)
        self.prepared = threading.Event()
        self.may_go = threading.Event()
        self.times = 0
        if not held:
            self.may_go.set()

    def prepare(self, tx: Transaction) -> None:
        super().prepare(tx)
        self.times += 1
        self.prepared.set()
        self.may_go.wait(10)


async def test_of_two_processes_that_take_a_wait_one_goes_on_with_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.workflow([trigger(), wait(), message()], "t>w", "w>m")
        await at.event()
        at.clock.now += MINUTE
        job = Watched(at, await at.waits(), held=True)
        async with (
            desk(tmp_path, clock=at.clock, connect=False) as elsewhere,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(at.store.submit, job)
            await anyio.to_thread.run_sync(job.prepared.wait, 10)
            await elsewhere.later(0)
            assert await elsewhere.names() == [("c1", "points")]
            job.may_go.set()

        assert (job.part.verdicts, job.times) == ([GONE], 2)
        assert await at.names() == [("c1", "points")]


async def test_a_wait_taken_twice_at_once_goes_on_once(at: Desk) -> None:
    await at.take(CHECKOUT)
    at.clock.now += MINUTE
    waits = await at.waits()
    verdicts: list[object] = []

    async def take() -> None:
        verdicts.extend(await at.intake.take(waits))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(take)

    assert sorted(map(str, verdicts)) == [GONE] * 4 + [TAKEN]
    assert [name for _, name in await at.names()].count("later") == 1


async def test_an_opt_out_that_is_just_being_written_ends_a_wait_that_is_just_over(
    at: Desk,
) -> None:
    await at.take(CHECKOUT)
    at.clock.now += MINUTE
    waits = await at.waits()
    leaves = at.read({"customer": "c1", "action": "opt_out"})

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(at.intake.take, [leaves])
        tasks.start_soon(at.intake.take, waits)

    assert await at.names() == []
    assert await at.waits() == []


# Of two batches the second is prepared while the first is being written.


async def both(
    at: Desk, first: Sequence[Item], second: Sequence[Item]
) -> list[tuple[list[Verdict], int]]:
    """Take two batches so; their verdicts, and how often each was prepared."""
    may_write = threading.Event()
    one = Watched(at, first)
    other = Watched(at, second, one)

    def hold(tx: Transaction) -> None:
        may_write.wait(10)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(at.store.write, hold)
        for job in (one, other):
            tasks.start_soon(at.store.submit, job)
            assert await anyio.to_thread.run_sync(job.prepared.wait, 10)
        may_write.set()
    return [(job.part.verdicts, job.times) for job in (one, other)]


@pytest.fixture
async def forked(tmp_path: Path) -> AsyncIterator[Desk]:
    """A run that waits twice, and both waits are over."""
    async with desk(tmp_path) as at:
        await at.workflow(
            [
                trigger(),
                wait("a"),
                wait("b"),
                event_filter(("stop", "is", True)),
                interrupt(),
                message("m", event="after-a"),
                message("n", event="after-b"),
            ],
            "t>a",
            "t>b",
            "a>f",
            "f>i",
            "f!m",
            "b>n",
        )
        yield at


async def test_a_run_goes_on_from_two_waits_in_two_batches(forked: Desk) -> None:
    await forked.event()
    forked.clock.now += MINUTE
    a, b = await forked.waits()

    assert await both(forked, [a], [b]) == [([TAKEN], 1), ([TAKEN], 1)]

    (steps,) = await _steps(forked)
    assert steps == [*"tabfmn"]
    assert await forked.names() == [("c1", "after-a"), ("c1", "after-b")]
    assert await forked.waits() == []


async def test_an_interrupt_that_is_being_written_ends_the_other_wait(forked: Desk) -> None:
    await forked.event(stop=True)
    forked.clock.now += MINUTE
    a, b = await forked.waits()

    assert await both(forked, [a], [b]) == [([TAKEN], 1), ([GONE], 1)]

    (steps,) = await _steps(forked)
    assert steps == [*"tabfi"]
    assert await forked.names() == []
    assert await forked.waits() == []


async def test_an_opt_out_that_is_being_written_ends_a_wait(forked: Desk) -> None:
    await forked.event()
    forked.clock.now += MINUTE
    leaves = forked.read({"customer": "c1", "action": "opt_out"})

    told = await both(forked, [leaves], await forked.waits())

    assert told == [([TAKEN], 1), ([GONE, GONE], 1)]
    assert await forked.names() == []
    assert await forked.waits() == []


async def test_a_profile_that_is_being_written_is_seen_when_a_run_goes_on(at: Desk) -> None:
    payload = {"name": "{{ customer.first_name }}"}
    await at.workflow([trigger(), wait(), message(payload=payload)], "t>w", "w>m")
    await at.event()
    at.clock.now += MINUTE

    await both(at, [at.read({"id": "c1", "first_name": "Ada"})], await at.waits())

    assert (await at.made())[-1].says == {"name": "Ada"}


async def _steps(at: Desk) -> list[list[str]]:
    """The nodes that every run passed."""
    with closing(sqlite3.connect(at.store.file)) as database:
        found = database.execute("SELECT steps FROM run").fetchall()
    return [[step[0] for step in json.loads(steps)] for (steps,) in found]
