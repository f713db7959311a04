"""Events are found by id and by customer wherever they stand: new, being entered, or entered."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from host.errors import HostFull
from host.intake.indexing import OLD_MS, Indexing
from host.intake.items import DUPLICATE, TAKEN
from host.store.engine import Transaction
from host.store.event_indexes import enter, read_newness, read_window
from host.store.events import NewEvent, add_events, find_contents, id_hash
from host.store.finding import read_events_of
from host.store.keys import LAST_KEY, first_key_at
from host.store.new_events import NewEvents
from host.store.retention import IDENTITY_DAYS, drop_old
from host.store.statements import read_migrations
from host.store.store import Store
from tests.running import desk
from tests.storing import Clock, no_more_pages, pages_enough

pytestmark = pytest.mark.anyio

NOW = Clock().now
CUSTOMERS = 70
MANY = 5_000
A_BATCH = 500


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


class Found:
    """A store, and what is found in it by who followed it all the time, and by a newcomer."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.new = NewEvents()
        self.indexing = Indexing(store, many=MANY)

    async def add(self, events: Sequence[NewEvent]) -> None:
        """Write events down in batches, and find them right away."""
        for start in range(0, len(events), A_BATCH):
            batch = events[start : start + A_BATCH]
            await self.store.write(partial(add_events, events=batch))
            known = {event.id: event.content for event in batch}
            assert known.items() <= (await self.contents(batch)).items()

    async def contents(self, events: Sequence[NewEvent]) -> dict[str, bytes]:
        """Digests of what these contain, as they are known."""
        hashes = [event.hash for event in events]
        found = await self.store.read(lambda tx: find_contents(tx, self.new, hashes))
        assert await self.store.read(lambda tx: find_contents(tx, NewEvents(), hashes)) == found
        return found

    async def keys_of(self, customer: int) -> list[int]:
        """All of a customer's events, newest first, page by page."""
        keys: list[int] = []
        before = LAST_KEY
        while page := await self.store.read(
            partial(read_events_of, customer=customer, before=before, limit=7)
        ):
            keys += [event.key for event in page]
            before = keys[-1]
        return keys

    async def enter_half(self) -> None:
        """Enter the first half of what is to be entered, as a host that is killed then."""
        window = await self.store.read(lambda tx: read_window(tx, read_newness(tx, 0), 8))
        for by_id, by_customer in list(zip(window.by_id, window.by_customer, strict=True))[:4]:
            await self.store.write(partial(enter, by_id=by_id, by_customer=by_customer))

    async def holds(self, events: Sequence[NewEvent]) -> None:
        """Assert that these are found each once, and that the tables tell of no others."""
        assert await self.contents(events) == {event.id: event.content for event in events}
        for customer in (3, 5):
            wanted = [event.key for event in reversed(events) if event.customer == customer]
            assert await self.keys_of(customer) == wanted
        assert self.rows() == told_of(events)

    def rows(self) -> dict[str, int]:
        """How many events the tables tell of."""
        raw = sqlite3.connect(self.store.file)
        tables = ("event_by_id", "event_by_customer")
        found = {t: raw.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}
        raw.close()
        return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def open_store(folder: Path, clock: Clock) -> Store:
    return await Store.open(f"sqlite:///{folder}/host.db", folder, clock=clock)


@pytest.fixture
async def found(tmp_path: Path, clock: Clock) -> AsyncIterator[Found]:
    store = await open_store(tmp_path, clock)
    yield Found(store, clock)
    await store.close()


def told_of(events: Sequence[NewEvent]) -> dict[str, int]:
    """What the tables tell when they tell of all these."""
    known = [event for event in events if event.customer is not None]
    return {"event_by_id": len(events), "event_by_customer": len(known)}


async def test_every_event_is_found_whether_it_was_entered_or_not(found: Found) -> None:
    events = new_events(0, 2 * MANY + 800)
    unknown = new_events(len(events), 10)

    await found.add(events[:MANY])
    assert await found.indexing.tick()
    await found.add(events[MANY : 2 * MANY])
    await found.enter_half()
    await found.add(events[2 * MANY :])

    contents = await found.contents([*events, *unknown])
    assert contents == {event.id: event.content for event in events}
    for customer in (1, 2, CUSTOMERS):
        wanted = [event.key for event in reversed(events) if event.customer == customer]
        assert await found.keys_of(customer) == wanted


async def test_one_customers_many_events_are_entered_as_well(found: Found) -> None:
    events = [event._replace(customer=5) for event in new_events(0, MANY)]
    await found.add(events)
    assert await found.indexing.tick()
    later = [event._replace(customer=5) for event in new_events(MANY, 3)]
    await found.add(later)

    page = await found.store.read(lambda tx: read_events_of(tx, 5, LAST_KEY, 5))

    assert [e.key for e in page] == [e.key for e in reversed([*events[-2:], *later])]


async def test_few_events_are_entered_when_they_are_old(found: Found) -> None:
    events = new_events(0, 30)
    await found.add(events)

    assert not await found.indexing.tick()
    found.clock.now += OLD_MS / 1000
    assert await found.indexing.tick()
    assert not await found.indexing.tick()

    assert found.rows() == told_of(events)
    assert await found.contents(events) == {event.id: event.content for event in events}


async def test_entering_goes_on_where_a_killed_host_left_it(tmp_path: Path, clock: Clock) -> None:
    events = new_events(0, 2 * MANY)
    store = await open_store(tmp_path, clock)
    first = Found(store, clock)
    await first.add(events[:MANY])
    await first.enter_half()
    assert 0 < first.rows()["event_by_id"] < MANY
    await store.close()

    store = await open_store(tmp_path, clock)
    second = Found(store, clock)
    await second.add(events[MANY:])
    assert await second.indexing.tick()
    try:
        await second.holds(events)
    finally:
        await store.close()


async def test_events_of_one_digest_are_each_found(found: Found) -> None:
    one, other, third = (event._replace(hash=7) for event in new_events(0, 3))
    await found.add([one])
    await found.add([other, third])

    known = {event.id: event.content for event in (one, other, third)}
    assert await found.contents([one]) == known
    found.clock.now += OLD_MS / 1000
    assert await found.indexing.tick()
    assert await found.contents([one]) == known


async def test_a_failed_write_leaves_nothing_behind(found: Found) -> None:
    await found.add(new_events(0, A_BATCH))
    more = new_events(A_BATCH, A_BATCH)
    hashes = [event.hash for event in more]

    def write(tx: Transaction) -> None:
        add_events(tx, more)
        assert len(find_contents(tx, found.new, hashes)) == A_BATCH
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError):
        await found.store.write(write)

    assert await found.contents(more) == {}
    again = new_events(2 * A_BATCH, A_BATCH)
    renamed = [event._replace(key=new.key) for event, new in zip(more, again, strict=True)]
    await found.add(renamed)
    assert await found.contents(more) == {event.id: event.content for event in more}


async def test_a_full_disk_puts_entering_off(found: Found) -> None:
    events = new_events(0, MANY)
    await found.add(events)
    await found.store.write(no_more_pages)

    with pytest.raises(HostFull):
        await found.indexing.tick()
    assert await found.contents(events) == {event.id: event.content for event in events}

    with capture_logs() as logs:
        async with anyio.create_task_group() as tasks:
            found.clock.now += OLD_MS / 1000
            tasks.start_soon(found.indexing.run)
            with anyio.fail_after(20):
                while not logs:
                    await anyio.sleep(0.01)
                await found.store.write(pages_enough)
                while found.rows() != told_of(events):
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
    assert {line["event"] for line in logs} == {"events are entered into the indexes later"}
    assert await found.contents(events) == {event.id: event.content for event in events}


async def test_dropped_events_are_found_no_more(found: Found) -> None:
    old = new_events(0, MANY)
    await found.add(old)
    found.clock.now += (IDENTITY_DAYS + 1) * 86_400
    young = new_events(MANY, 100, found.clock.now)
    await found.add(young)

    await _drop_old(found.store)
    known = await found.contents([*old, *young])
    assert len(known) == len(old) + len(young)  # new ones are dropped after they were entered

    assert await found.indexing.tick()
    await _drop_old(found.store)

    assert await found.contents([*old, *young]) == {e.id: e.content for e in young}
    assert await found.keys_of(1) == [e.key for e in reversed(young) if e.customer == 1]
    assert found.rows() == told_of(young)


async def test_what_comes_again_while_events_are_entered_is_a_duplicate(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        indexing = Indexing(at.store, many=40)
        stop = anyio.Event()

        async def keep_entering() -> None:
            while not stop.is_set():
                await indexing.tick()
                await anyio.sleep(0)

        items = [
            {"id": f"e-{number}", "customer": f"c{number % 5}", "action": "checkout"}
            for number in range(600)
        ]
        batches = [items[start : start + 15] for start in range(0, len(items), 15)]
        verdicts: list[object] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_entering)
            for number, batch in enumerate(batches):
                verdicts += await at.take(*batch, *batches[number // 2])
            stop.set()
        first, again = verdicts.count(TAKEN), verdicts.count(DUPLICATE)

    assert (first, again) == (len(items), len(items))


@pytest.mark.parametrize("shape", [7, 10])
async def test_events_of_an_older_database_are_found(
    tmp_path: Path, clock: Clock, shape: int
) -> None:
    raw = sqlite3.connect(tmp_path / "host.db")
    for number, script in read_migrations(files("host.store.sqlite") / "migrations"):
        if number <= shape:
            raw.executescript(f"{script}; PRAGMA user_version = {number};")
    events = new_events(0, 300)
    raw.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", events)
    if shape == 10:  # some had moved to the large tables, and others stood in the small ones
        for way, column in (("id", "id_hash"), ("customer", "customer")):
            rows = f"SELECT {column}, event FROM event WHERE {column} IS NOT NULL AND event % 3"
            raw.execute(f"INSERT INTO event_by_{way} {rows} = 0")
            raw.execute(f"INSERT INTO new_event_by_{way} {rows} > 0")
    raw.commit()
    raw.close()

    store = await open_store(tmp_path, clock)
    opened = Found(store, clock)
    try:
        await opened.holds(events)
    finally:
        await store.close()


async def _drop_old(store: Store) -> None:
    while await store.write(drop_old):
        pass
