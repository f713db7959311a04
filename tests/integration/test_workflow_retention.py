"""How long runs, their events and their versions are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host.intake.indexing import Indexing
from host.store.retention import drop_old
from host.store.workflows import VERSIONS_KEPT, WorkflowRow, read_graph_text
from tests.graphs import message, trigger, wait
from tests.running import DAY, MINUTE, Desk, desk

pytestmark = pytest.mark.anyio

POINTS = {"customer": "c1", "action": "point_add", "data": {"points": 10}}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def _forget(at: Desk) -> None:
    await Indexing(at.store).tick()  # events are dropped after they were entered
    while await at.store.write(drop_old):
        pass


async def test_a_run_s_log_is_kept_for_thirty_days_after_its_end(at: Desk) -> None:
    short = await at.workflow([trigger(), message()], "t>m", name="short")
    long = await at.workflow([trigger(), wait(amount=40, unit="days"), message()], "t>w", "w>m")
    await at.event()

    await at.later(29 * DAY)
    await _forget(at)
    assert (len(await at.runs(short)), len(await at.runs(long))) == (1, 1)

    await at.later(2 * DAY)
    await _forget(at)
    assert (len(await at.runs(short)), len(await at.runs(long))) == (0, 1)

    await at.later(10 * DAY)  # its wait is over
    await _forget(at)
    assert (await at.run(long)).result == "success"

    await at.later(31 * DAY)
    await _forget(at)
    assert await at.runs(long) == []


async def test_an_event_is_kept_as_long_as_a_run_needs_it(at: Desk) -> None:
    waits = [wait(name, amount=60, unit="days") for name in ("a", "b", "c")]
    flow = await at.workflow(
        [trigger(), *waits, message(payload={"points": "{{ event.data.points }}"})],
        "t>a",
        "a>b",
        "b>c",
        "c>m",
    )
    other = {"customer": "c2", "action": "other", "data": {"points": 1}}
    await at.take(POINTS, other)

    for _ in range(3):
        await at.later(59 * DAY)
        await _forget(at)
        await at.later(DAY)
        await _forget(at)

    assert await _bodies(at) == {"c1": True}  # what nobody waits for is forgotten
    sent = [one for one in await at.made() if one.name]
    assert [one.says for one in sent] == [{"points": 10}]
    assert (await at.run(flow)).result == "success"
    await at.later(31 * DAY)
    await _forget(at)
    await _forget(at)
    assert await at.runs(flow) == []
    assert await _bodies(at) == {}


async def test_who_is_erased_after_the_longest_wait_leaves_no_run_either(at: Desk) -> None:
    waits = [wait(name, amount=60, unit="days") for name in ("a", "b", "c")]
    flow = await at.workflow([trigger(), *waits], "t>a", "a>b", "b>c")
    await at.take(POINTS)
    for _ in range(3):
        await at.later(60 * DAY)
        await _forget(at)
    assert (await at.run(flow)).result == "success"

    assert await at.intake.erase("c1")

    assert await at.runs(flow) == []
    assert await at.waits() == []


async def _bodies(at: Desk) -> dict[str, bool]:
    """By customer: whether the content of their event is kept."""
    with sqlite3.connect(at.store.file) as database:
        found = database.execute(
            "SELECT c.id, e.body IS NOT NULL FROM event e JOIN customer c USING (customer)"
        ).fetchall()
    database.close()
    return {customer: bool(kept) for customer, kept in found}


async def test_old_versions_are_kept_as_long_as_a_run_waits_in_one(at: Desk) -> None:
    flow = await at.workflow([trigger(), wait(), message()], "t>w", "w>m")
    await at.event(points=10)
    for number in range(VERSIONS_KEPT + 5):
        await at.workflow([trigger(), message(event=f"v{number}")], "t>m")

    kept = [number for number in range(1, 10) if await _kept(at, flow, number)]
    assert kept == [1, 6, 7, 8, 9]
    await at.later(MINUTE)
    assert await at.names() == [("c1", "points")]


async def _kept(at: Desk, flow: WorkflowRow, version: int) -> bool:
    text = await at.store.read(lambda tx: read_graph_text(tx, flow.key, version))
    return text is not None
