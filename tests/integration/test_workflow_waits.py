"""Waits of workflows: they last, go on as they began, and end when the customer leaves."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from host.intake.clock import Clock as RunClock
from host.intake.items import Verdict
from host.model import MessageState
from host.store.connections import delete_connection
from host.store.runs import Wait, runs_of_day
from host.store.workflows import (
    cancel_deleted,
    delete_workflow,
)
from tests.graphs import customer_filter, event_filter, interrupt, message, sync, trigger, wait
from tests.running import DAY, MINUTE, Desk, desk, shape

pytestmark = pytest.mark.anyio

WAITS = ([trigger(), wait(), message(payload={"points": "{{ event.data.points }}"})], "t>w", "w>m")
OPT_OUT = {"customer": "c1", "action": "opt_out"}
POINTS = {"customer": "c1", "action": "point_add", "data": {"points": 10}}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


# Time.


async def test_a_wait_is_over_when_its_time_has_come_and_not_before(at: Desk) -> None:
    flow = await at.workflow(*WAITS)
    await at.event(points=10)
    run = await at.run(flow)
    assert (run.result, shape(run)) == ("waiting", [("t", "success"), ("w", "waiting")])

    await at.later(MINUTE - 0.001)
    assert await at.names() == []

    await at.later(0.001)
    assert await at.names() == [("c1", "points")]
    run = await at.run(flow)
    assert (run.result, shape(run)) == (
        "success",
        [("t", "success"), ("w", "waiting"), ("m", "success")],
    )
    await at.later(10 * DAY)
    assert await at.names() == [("c1", "points")]


async def test_what_runs_on_sees_today_s_customer_and_the_event_of_then(at: Desk) -> None:
    payload = {"name": "{{ customer.first_name }}", "points": "{{ event.data.points }}"}
    gold = customer_filter(("tier", "is", "Gold"))
    await at.workflow([trigger(), wait(), gold, message(payload=payload)], "t>w", "w>c", "c>m")
    await at.take({"id": "c1", "first_name": "Ada", "tier": "Tin"}, POINTS)
    await at.take({"id": "c1", "first_name": "Eve", "tier": "Gold"})

    await at.later(MINUTE)

    sent = (await at.made())[-1]
    assert sent.event is not None and sent.event["id"] == "e-1"
    assert sent.says == {"name": "Eve", "points": 10}
    assert sent.profile == {"id": "c1", "name": "Eve"}


async def test_a_wait_sees_the_profile_that_came_in_the_same_batch(at: Desk) -> None:
    await at.workflow(
        [trigger(), wait(), message(payload={"n": "{{ customer.first_name }}"})], "t>w", "w>m"
    )
    await at.event()
    at.clock.now += MINUTE

    await at.intake.take([at.read({"id": "c1", "first_name": "Ada"}), *await at.waits()])

    assert (await at.made())[-1].says == {"n": "Ada"}


async def test_waits_outlive_the_process_and_keep_the_version_that_began(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        flow = await at.workflow(*WAITS)
        await at.event(points=10)
    async with desk(tmp_path, clock=at.clock, connect=False) as at:
        await at.workflow([trigger(), wait(), message(event="renamed")], "t>w", "w>m")
        await at.take({**POINTS, "customer": "c2", "id": "second"})
        await at.workflow([trigger()], active=False)  # paused with a third one as a draft
    async with desk(tmp_path, clock=at.clock, connect=False) as at:
        await at.take({**POINTS, "customer": "c3", "id": "third"})

        await at.later(MINUTE)

        assert [(one.customer, one.name, one.says) for one in await at.made()] == [
            ("c1", "points", {"points": 10}),
            ("c2", "renamed", {}),
        ]
        assert [(run.version, run.result) for run in await at.runs(flow)] == [
            (1, "success"),
            (2, "success"),
        ]


async def test_waits_are_over_in_the_order_of_their_time(at: Desk) -> None:
    await at.workflow(
        [
            trigger(),
            event_filter(("short", "is", True)),
            wait("v", 1),
            wait("w", 3),
            message(payload={"n": "{{ event.data.n }}"}),
        ],
        "t>f",
        "f>v",
        "f!w",
        "v>m",
        "w>m",
    )
    for n, short in enumerate([False, True, False, True]):
        await at.event(n=n, short=short)
        at.clock.now += 1

    await at.later(10 * MINUTE)

    assert [one.says["n"] for one in await at.made()] == [1, 3, 0, 2]


async def test_a_run_may_wait_twice_at_once_and_again(at: Desk) -> None:
    flow = await at.workflow(
        [
            trigger(),
            wait("a", 1),
            wait("b", 2),
            wait("c", 3),
            message("m", event="after-a"),
            message("n", event="after-b-c"),
        ],
        "t>a",
        "t>b",
        "a>m",
        "b>c",
        "c>n",
    )
    await at.event()
    assert len(await at.waits()) == 2

    results = []
    for _ in range(5):
        await at.later(MINUTE)
        results.append((len(await at.made()), (await at.run(flow)).result))

    assert results == [
        (1, "waiting"),
        (1, "waiting"),
        (1, "waiting"),
        (1, "waiting"),
        (2, "success"),
    ]
    assert await at.names() == [("c1", "after-a"), ("c1", "after-b-c")]


async def test_two_waits_of_a_run_that_are_over_at_once_meet_in_one_node(at: Desk) -> None:
    flow = await at.workflow(
        [trigger(), wait("a"), wait("b"), message()], "t>a", "t>b", "a>m", "b>m"
    )
    await at.event()

    await at.later(MINUTE)

    assert await at.names() == [("c1", "points")]
    assert (await at.run(flow)).result == "success"
    assert await at.waits() == []


@pytest.mark.parametrize("longer", [1, 5])
async def test_an_interrupt_ends_the_other_waits_of_its_run_only(at: Desk, longer: int) -> None:
    flow = await at.workflow(
        [
            trigger(),
            wait("a", 1),
            event_filter(("stop", "is", True)),
            interrupt(),
            wait("b", longer),
            message(),
        ],
        "t>a",
        "t>b",
        "a>f",
        "f>i",
        "b>m",
    )
    await at.event("c1", stop=True)
    await at.event("c2", stop=False)

    await at.later(10 * MINUTE)

    assert await at.names() == [("c2", "points")]
    stopped, other = await at.runs(flow)
    assert (stopped.result, shape(stopped)[-1]) == ("success", ("i", "stopped"))
    assert other.result == "success"
    assert await at.waits() == []


async def test_the_clock_goes_on_by_itself_and_outlives_trouble(at: Desk) -> None:
    await at.workflow(*WAITS)
    await at.event(points=10)
    troubles: list[Exception] = [RuntimeError("broken")]

    async def take(waits: Sequence[Wait]) -> Sequence[Verdict]:
        if troubles:
            raise troubles.pop()
        return await at.intake.take(waits)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(RunClock(at.store, take).run)
        at.clock.now += MINUTE
        with anyio.fail_after(10):
            while not await at.names():
                await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()

    assert troubles == []
    assert await at.names() == [("c1", "points")]


# Who leaves.


@pytest.mark.parametrize(
    "leaving", [OPT_OUT, {"id": "c1", "status": "opted_out"}], ids=["event", "profile"]
)
async def test_who_leaves_ends_their_runs_and_nobody_else_s(
    at: Desk, leaving: dict[str, Any]
) -> None:
    flow = await at.workflow(*WAITS)
    await at.take(POINTS, {**POINTS, "customer": "c2"}, POINTS)

    await at.take(leaving)

    runs = await at.runs(flow)
    assert [(run.customer_id, run.result, run.reason) for run in runs] == [
        ("c1", "cancelled", "opted_out"),
        ("c2", "waiting", None),
        ("c1", "cancelled", "opted_out"),
    ]
    await at.later(MINUTE)
    assert await at.names() == [("c2", "points")]
    assert await at.waits() == []


async def test_who_leaves_in_the_batch_in_which_they_came_waits_for_nothing(at: Desk) -> None:
    flow = await at.workflow(*WAITS)

    await at.take(POINTS, OPT_OUT)

    run = await at.run(flow)
    assert (run.result, run.reason) == ("cancelled", "opted_out")
    assert await at.waits() == []
    await at.later(MINUTE)
    assert await at.names() == []


@pytest.mark.parametrize("opt_out_first", [True, False])
async def test_who_leaves_when_their_wait_is_just_over_is_sent_nothing(
    at: Desk, opt_out_first: bool
) -> None:
    flow = await at.workflow(
        [trigger(), wait("a"), wait("b", 9), message(), wait("c", 1), message("n")],
        "t>a",
        "t>b",
        "a>m",
        "m>c",
        "c>n",
        "b>n",
    )
    await at.event()
    at.clock.now += MINUTE
    leaves = at.read(OPT_OUT)
    due = [one for one in await at.waits() if one.node == "a"]

    await at.intake.take([leaves, *due] if opt_out_first else [*due, leaves])

    run = await at.run(flow)
    assert (run.result, run.reason) == ("cancelled", "opted_out")
    assert await at.waits() == []
    await at.later(DAY)
    assert await at.names() == []


async def test_who_came_back_before_the_end_gets_what_began_after(at: Desk) -> None:
    flow = await at.workflow(*WAITS)

    await at.take(POINTS, OPT_OUT, {"customer": "c1", "action": "opt_in"}, POINTS)
    await at.later(MINUTE)

    assert [run.result for run in await at.runs(flow)] == ["cancelled", "success"]
    assert await at.names() == [("c1", "points")]


async def test_who_was_merged_meanwhile_is_sent_nothing(at: Desk) -> None:
    flow = await at.workflow(*WAITS)
    await at.take(POINTS)
    await at.take({"id": "c1", "status": "merged"})

    await at.later(MINUTE)

    assert [(one.state, one.reason) for one in await at.made()] == [
        (MessageState.WITHHELD, "merged")
    ]
    run = await at.run(flow)
    assert (run.result, shape(run)[-1]) == ("success", ("m", "failure"))


async def test_a_wait_of_the_opt_out_s_own_workflow_still_learns_no_identity(at: Desk) -> None:
    flow = await at.workflow(
        [trigger("opt_out"), wait(), event_filter(("email", "is_empty")), message()],
        "t>w",
        "w>f",
        "f>m",
    )
    await at.take({"id": "c1", "first_name": "Ada"})
    await at.event(action="opt_out", email="ada@example.com")

    await at.later(MINUTE)

    sent = (await at.made())[-1]
    assert (sent.state, sent.name) == (MessageState.WAITING, "points")
    assert sent.profile == {"id": "c1", "name": None}
    assert "ada@" not in str((await at.run(flow)).steps)


async def test_who_is_erased_leaves_no_run_and_no_wait(at: Desk) -> None:
    flow = await at.workflow(*WAITS)
    done = await at.workflow([trigger(), message()], "t>m", name="done")
    await at.take(POINTS, {**POINTS, "customer": "c2"})

    assert await at.intake.erase("c1")

    assert [run.customer_id for run in await at.runs(flow)] == ["c2"]
    assert [run.customer_id for run in await at.runs(done)] == ["c2"]
    assert len(await at.waits()) == 1
    await at.later(MINUTE)
    assert await at.names() == [("c2", "points"), ("c2", "points")]


# What is gone when a wait is over.


async def test_a_deleted_workflow_s_runs_go_no_further(at: Desk) -> None:
    flow = await at.workflow(*WAITS)
    await at.event(points=10)

    await at.store.write(lambda tx: delete_workflow(tx, flow.key))
    assert not await at.store.write(lambda tx: cancel_deleted(tx, flow.key))

    await at.event(points=10)
    await at.later(MINUTE)
    run = await at.run(flow)
    assert (run.result, run.reason) == ("cancelled", "workflow_deleted")
    assert await at.made() == []


async def test_a_connection_deleted_meanwhile_is_an_error_of_the_run(at: Desk) -> None:
    flow = await at.workflow([trigger(), wait(), message(connection="second")], "t>w", "w>m")
    await at.event()
    key = await at.key("second")
    await at.store.write(lambda tx: delete_connection(tx, key))

    await at.later(MINUTE)

    run = await at.run(flow)
    assert (run.result, run.steps[-1][3]) == (
        "error",
        "there is no connection 'second' any more",
    )


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "UPDATE workflow_version SET graph = '{\"nodes\":[{}]}' WHERE workflow = {flow}",
            "version",
        ),
        ("DELETE FROM workflow_version WHERE workflow = {flow}", "version"),
        ("UPDATE event SET body = NULL WHERE id = 'e-1'", "content"),
        ("UPDATE event SET body = x'00' WHERE id = 'e-1'", "content"),
        ("DELETE FROM event WHERE id = 'e-1'", "content"),
    ],
)
async def test_what_can_no_longer_be_read_ends_that_run_and_no_other(
    at: Desk, damage: str, told: str
) -> None:
    flow = await at.workflow(*WAITS)
    other = await at.workflow([trigger("other"), wait(), message()], "t>w", "w>m", name="other")
    await at.event(points=10)
    await at.event(action="other")
    with sqlite3.connect(at.store.file) as database:
        database.execute(damage.replace("{flow}", str(flow.key)))
    database.close()

    await at.later(MINUTE)

    run = await at.run(flow)
    assert (run.result, shape(run)[-1]) == ("error", ("w", "error"))
    assert told in run.steps[-1][3]
    assert (await at.run(other)).result == "success"
    assert await at.names() == [("c1", "points")]
    assert await at.waits() == []


# Books.


async def test_a_run_is_counted_when_it_ends_by_itself(at: Desk) -> None:
    flow = await at.workflow(
        [trigger(), wait(), message(payload={"a": "{{ event.data.a }}"})], "t>w", "w>m"
    )

    async def day() -> tuple[int, int]:
        return (await at.store.read(runs_of_day)).get(flow.key, (0, 0))

    await at.event("c1", a=1)
    await at.event("c2")
    await at.take(
        {"customer": "c3", "action": "point_add"}, {"customer": "c3", "action": "opt_out"}
    )
    await at.event("c4")
    await at.take({"customer": "c4", "action": "opt_out"})
    assert await day() == (0, 0)

    await at.later(MINUTE)
    assert await day() == (2, 1)


async def test_three_hundred_customers_wait_through_restarts_and_each_goes_on_once(
    tmp_path: Path,
) -> None:
    customers = [f"c{n}" for n in range(300)]
    clock = None
    for part in range(3):
        async with desk(tmp_path, clock=clock, connect=clock is None) as at:
            if clock is None:
                await at.workflow(
                    [trigger(), wait(), message(payload={"n": "{{ event.data.n }}"}), sync()],
                    "t>w",
                    "w>m",
                    "m>s",
                )
            for n in range(part * 2, part * 2 + 2):
                await at.take(
                    *[
                        {"customer": c, "action": "point_add", "data": {"n": n}, "id": f"{c}-{n}"}
                        for c in customers
                    ]
                )
                at.clock.now += 10
            clock = at.clock
    for _ in range(6):
        async with desk(tmp_path, clock=clock, connect=False) as at:
            await at.later(10)
    async with desk(tmp_path, clock=clock, connect=False) as at:
        await at.later(DAY)

        said: dict[str, list[int]] = {}
        for one in await at.sent():
            if one.name:
                said.setdefault(one.customer, []).append(one.says["n"])
        assert said == {customer: [0, 1, 2, 3, 4, 5] for customer in customers}
        assert await at.waits() == []
