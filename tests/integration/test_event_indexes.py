"""Events are found by id and by customer wherever they stand: new, moved, or moved before."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from host.store.engine import Plain, Transaction
from host.store.events import NewEvent, add_events, find_contents, id_hash
from host.store.finding import read_events_of
from host.store.keys import LAST_KEY, first_key_at
from host.store.retention import IDENTITY_DAYS, drop_old
from host.store.sqlite.engine import SqliteEngine
from host.store.statements import read_migrations

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0
CUSTOMERS = 700
MANY = 45_000
A_BATCH = 1_500


class Clock:
    """Stands where it is put."""

    now = NOW

    def __call__(self) -> float:
        return self.now


def new_events(start: int, count: int, at: float = NOW) -> list[NewEvent]:
    """Events in the order of their keys; every ninth is a guest's."""
    first = first_key_at(int(at * 1000)) + start
    return [
        NewEvent(
            key=first + number,
            hash=id_hash(f"event-{start + number}"),
            id=f"event-{start + number}",
            content=number.to_bytes(16, "big"),
            customer=None if number % 9 == 0 else 1 + number % CUSTOMERS,
            action="point_add",
            body=b"{}",
        )
        for number in range(count)
    ]


async def add(engine: SqliteEngine, events: Sequence[NewEvent]) -> None:
    for start in range(0, len(events), A_BATCH):
        batch = events[start : start + A_BATCH]
        await engine.write(Plain(partial(add_events, events=batch)))


async def contents(engine: SqliteEngine, events: Sequence[NewEvent]) -> dict[str, bytes]:
    return await engine.read(lambda tx: find_contents(tx, [event.hash for event in events]))


async def keys_of(engine: SqliteEngine, customer: int) -> list[int]:
    """All of a customer's events, newest first, page by page."""
    keys: list[int] = []
    before = LAST_KEY
    while page := await engine.read(
        partial(read_events_of, customer=customer, before=before, limit=7)
    ):
        keys += [event.key for event in page]
        before = keys[-1]
    return keys


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def engine(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteEngine]:
    opened = SqliteEngine(tmp_path / "host.db", clock)
    yield opened
    await opened.close()


async def test_every_event_is_found_by_its_id(engine: SqliteEngine) -> None:
    events = new_events(0, MANY)
    await add(engine, events)

    found = await contents(engine, [*events, *new_events(MANY, 10)])

    assert found == {event.id: event.content for event in events}


async def test_an_event_is_found_in_the_very_transaction_that_adds_it(engine: SqliteEngine) -> None:
    await add(engine, new_events(0, MANY))
    more = new_events(MANY, A_BATCH)

    def write(tx: Transaction) -> dict[str, bytes]:
        add_events(tx, more)
        return find_contents(tx, [event.hash for event in more])

    assert await engine.write(Plain(write)) == {event.id: event.content for event in more}


async def test_a_customers_events_come_newest_first_from_wherever_they_stand(
    engine: SqliteEngine,
) -> None:
    events = new_events(0, MANY)
    await add(engine, events)

    for customer in (1, 2, CUSTOMERS):
        wanted = [event.key for event in reversed(events) if event.customer == customer]
        assert await keys_of(engine, customer) == wanted
        assert all(newer > older for newer, older in pairwise(wanted))


async def test_one_customers_many_events_move_as_well(engine: SqliteEngine) -> None:
    events = [event._replace(customer=5) for event in new_events(0, MANY)]
    await add(engine, events)
    later = [event._replace(customer=5) for event in new_events(MANY, 3)]
    await add(engine, later)

    page = await engine.read(lambda tx: read_events_of(tx, 5, LAST_KEY, 5))

    assert [e.key for e in page] == [e.key for e in reversed([*events[-2:], *later])]


async def test_the_small_tables_stay_small(engine: SqliteEngine, tmp_path: Path) -> None:
    await add(engine, new_events(0, MANY))

    raw = sqlite3.connect(tmp_path / "host.db")
    for table in ("new_event_by_id", "new_event_by_customer"):
        (count,) = raw.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert count < 22_000, table
    raw.close()


async def test_what_moved_is_known_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    events = new_events(0, MANY)
    first = SqliteEngine(tmp_path / "host.db", clock)
    await add(first, events)
    await first.close()

    second = SqliteEngine(tmp_path / "host.db", clock)
    await add(second, new_events(MANY, MANY))
    found = await contents(second, events)
    await second.close()

    assert found == {event.id: event.content for event in events}


async def test_a_failed_write_leaves_nothing_behind(engine: SqliteEngine) -> None:
    await add(engine, new_events(0, MANY))
    more = new_events(MANY, A_BATCH)

    def write(tx: Transaction) -> None:
        add_events(tx, more)
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError):
        await engine.write(Plain(write))

    assert await contents(engine, more) == {}
    await add(engine, more)
    assert len(await contents(engine, more)) == A_BATCH


async def test_dropped_events_are_found_no_more(
    engine: SqliteEngine, clock: Clock, tmp_path: Path
) -> None:
    old = new_events(0, MANY)
    await add(engine, old)
    clock.now = NOW + (IDENTITY_DAYS + 1) * 86_400
    young = new_events(MANY, 100, clock.now)
    await add(engine, young)

    while await engine.write(Plain(drop_old)):
        pass

    assert await contents(engine, [*old, *young]) == {e.id: e.content for e in young}
    assert await keys_of(engine, 1) == [e.key for e in reversed(young) if e.customer == 1]
    raw = sqlite3.connect(tmp_path / "host.db")
    for way in ("id", "customer"):
        left = [
            raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in (f"event_by_{way}", f"new_event_by_{way}")
        ]
        assert sum(left) <= len(young)
    raw.close()


async def test_events_of_an_older_database_are_found(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "host.db"
    raw = sqlite3.connect(path)
    for number, script in read_migrations(files("host.store.sqlite") / "migrations"):
        if number < 8:
            raw.executescript(f"{script}; PRAGMA user_version = {number};")
    events = new_events(0, 300)
    raw.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", events)
    raw.commit()
    raw.close()

    opened = SqliteEngine(path, clock)
    found = await contents(opened, events)
    keys = await keys_of(opened, 3)
    await opened.close()

    assert found == {event.id: event.content for event in events}
    assert keys == [event.key for event in reversed(events) if event.customer == 3]
