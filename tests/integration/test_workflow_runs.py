"""Workflows run for the events that are taken: which messages they make, what their log says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from host.intake.items import DUPLICATE, TAKEN
from host.model import MessageState
from host.store.connections import delete_connection
from host.store.operations import Replayed
from host.store.runs import runs_of_day
from tests.graphs import customer_filter, event_filter, interrupt, message, sync, trigger
from tests.running import Desk, desk, shape

pytestmark = pytest.mark.anyio

WITHHELD, UNDELIVERED = MessageState.WITHHELD, MessageState.UNDELIVERED


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


# What is sent.


async def test_a_message_carries_exactly_what_the_workflow_says(at: Desk) -> None:
    payload: dict[str, Any] = {
        "points": "{{ event.data.points }}",
        "price": "{{ event.data.price }}",
        "name": "{{ customer.first_name }}",
        "greeting": "Dear {{ customer.first_name }}, {{ event.data.points }} points!",
        "lines": "{{ event.data.lines }}",
        "nothing": "{{ event.data.nothing }}",
        "fixed": "text",
        "n": Decimal("1.50"),
        "yes": True,
    }
    flow = await at.workflow([trigger(), message(payload=payload)], "t>m")
    await at.take({"id": "c1", "first_name": "Ada"})

    await at.event(points="10", price=19.5, lines=[{"sku": 1}], nothing=None, more="not asked for")

    profile, sent = await at.made()
    assert profile.name is None
    assert sent.event == {
        "name": "points",
        "type": "other",
        "id": "e-1",
        "says": {
            "points": "10",
            "price": Decimal("19.5"),
            "name": "Ada",
            "greeting": "Dear Ada, 10 points!",
            "lines": [{"sku": 1}],
            "nothing": None,
            "fixed": "text",
            "n": Decimal("1.50"),
            "yes": True,
        },
    }
    assert sent.profile == {"id": "c1", "name": "Ada"}
    run = await at.run(flow)
    assert (run.result, run.customer_id, run.event_id, run.action, run.version) == (
        "success",
        "c1",
        "e-1",
        "point_add",
        1,
    )
    assert shape(run) == [("t", "success"), ("m", "success")]


async def test_a_missing_path_is_an_error_of_the_run_and_sends_nothing(at: Desk) -> None:
    flow = await at.workflow(
        [
            trigger(),
            message(payload={"a": "{{ event.data.missing }}"}),
            message("n", event="plan-b"),
        ],
        "t>m",
        "m!n",
    )

    assert await at.event(points=10) == TAKEN

    assert await at.names() == [("c1", "plan-b")]
    run = await at.run(flow)
    assert (run.result, shape(run)) == (
        "error",
        [("t", "success"), ("m", "error"), ("n", "success")],
    )
    assert run.steps[1][3] == "event.data.missing is not there"


async def test_an_event_that_is_sent_both_ways_goes_twice(at: Desk) -> None:
    await at.workflow([trigger("checkout"), message()], "t>m")

    await at.event(action="checkout", total=5)

    first, second = await at.made()
    assert (first.name, first.says) == ("a-checkout", {"total": 5})
    assert (second.name, second.says) == ("points", {})


async def test_each_connection_is_sent_its_own(at: Desk) -> None:
    await at.workflow(
        [trigger(), message("a", event="one"), message("b", connection="second", event="two")],
        "t>a",
        "t>b",
    )

    await at.event()

    assert await at.names("good") == [("c1", "one")]
    assert await at.names("second") == [("c1", "two")]


async def test_workflows_run_in_the_order_in_which_they_were_made(at: Desk) -> None:
    for name in ("zebra", "ant"):
        await at.workflow([trigger(), message(event=name)], "t>m", name=name)

    await at.take(*[{"customer": "c1", "action": "point_add", "data": {}} for _ in range(2)])

    assert await at.names() == [("c1", name) for name in ("zebra", "ant", "zebra", "ant")]


async def test_only_the_event_of_the_trigger_starts_a_workflow(at: Desk) -> None:
    flow = await at.workflow([trigger()])
    draft = await at.workflow([trigger(), message()], "t>m", name="draft", active=False)

    await at.event(action="point_sub")
    await at.event(action="Point_add")
    assert await at.runs(flow) == []

    await at.event()
    assert len(await at.runs(flow)) == 1
    assert await at.runs(draft) == []


async def test_filters_see_what_the_batch_itself_brought(at: Desk) -> None:
    flow = await at.workflow(
        [trigger(), customer_filter(("first_name", "is", "Ada")), message()], "t>c", "c>m"
    )

    await at.take(
        {"customer": "c1", "action": "point_add"},
        {"id": "c1", "first_name": "Ada"},
        {"customer": "c1", "action": "point_add"},
        {"customer": "c1", "action": "profile", "data": {"first_name": "Eve"}},
        {"customer": "c1", "action": "point_add"},
    )

    assert [shape(run)[1:] for run in await at.runs(flow)] == [
        [("c", "failure")],
        [("c", "success"), ("m", "success")],
        [("c", "failure")],
    ]


async def test_an_interrupt_ends_a_run_well(at: Desk) -> None:
    flow = await at.workflow(
        [trigger(), event_filter(("points", "at_least", 10)), interrupt(), message()],
        "t>f",
        "f!i",
        "f>m",
    )

    await at.event(points=5)
    await at.event(points=15)

    few, many = await at.runs(flow)
    assert (few.result, shape(few)[-1]) == ("success", ("i", "stopped"))
    assert (many.result, shape(many)[-1]) == ("success", ("m", "success"))
    assert await at.names() == [("c1", "points")]


# Whom nothing, or nothing more, is sent to.


async def test_what_is_taken_again_runs_nothing_again(at: Desk) -> None:
    flow = await at.workflow([trigger(), message()], "t>m")
    again = {"id": "same", "customer": "c1", "action": "point_add"}

    verdicts = [*await at.take(again, again), *await at.take(again)]

    assert verdicts == [TAKEN, DUPLICATE, DUPLICATE]
    assert len(await at.runs(flow)) == 1
    assert await at.names() == [("c1", "points")]


async def test_guests_start_nothing(at: Desk) -> None:
    flow = await at.workflow([trigger(), message()], "t>m")

    assert await at.take({"guest": True, "action": "point_add"}) == [TAKEN]

    assert await at.runs(flow) == []
    assert await at.made() == []


@pytest.mark.parametrize("status", ["opted_out", "merged"])
async def test_who_left_or_was_merged_is_sent_nothing(at: Desk, status: str) -> None:
    flow = await at.workflow([trigger(), message(), sync()], "t>m", "m!s")
    await at.take({"id": "c1", "first_name": "Ada", "status": status})

    await at.event()

    (only,) = await at.made()
    assert (only.state, only.reason, only.event, only.profile) == (WITHHELD, status, None, None)
    run = await at.run(flow)
    assert shape(run) == [("t", "success"), ("m", "failure"), ("s", "failure")]
    assert run.result == "success"
    assert all(step[3] for step in run.steps[1:])  # it says why


@pytest.mark.parametrize("first", ["Ada", "poison"])
async def test_a_workflow_of_the_opt_out_itself_learns_no_identity(at: Desk, first: str) -> None:
    payload = {"who": "{{ event.customer }}", "why": "{{ event.data.reason }}"}
    flow = await at.workflow(
        [
            trigger("opt_out"),
            event_filter(("email", "is_not_empty"), ("mobile_phone", "is_not_empty"), match="any"),
            customer_filter(("first_name", "is_not_empty"), ("tier", "is_not_empty"), match="any"),
            message(payload=payload),
        ],
        "t>f",
        "f!c",
        "c!m",
    )
    identity = {"email": "ada@example.com", "mobile_phone": "+442071234567", "first_name": first}
    await at.take({"id": "c1", "tier": "Gold", **identity})

    await at.event(action="opt_out", reason="moved", **identity)

    sent = (await at.made())[-1]
    assert sent.state is MessageState.WAITING
    assert sent.says == {"who": "c1", "why": "moved"}
    assert sent.profile == {"id": "c1", "name": None}
    run = await at.run(flow)
    assert run.result == "success"
    assert "ada@example.com" not in str((sent, run.steps))
    assert first not in str((sent, run.steps))


async def test_what_an_opt_out_brings_of_identity_cannot_be_looked_up(at: Desk) -> None:
    payload = {"mail": "{{ event.data.email }}"}
    flow = await at.workflow([trigger("opt_out"), message(payload=payload)], "t>m")

    await at.event(action="opt_out", email="ada@example.com")

    run = await at.run(flow)
    assert (run.result, run.steps[1][3]) == ("error", "event.data.email is not there")


async def test_an_opt_out_withholds_what_a_workflow_just_made(at: Desk) -> None:
    await at.workflow([trigger(), message()], "t>m")
    opt_out = {"customer": "c1", "action": "opt_out"}

    await at.take({"customer": "c1", "action": "point_add"}, opt_out)
    await at.take({"customer": "c2", "action": "point_add"})
    await at.take({"customer": "c2", "action": "opt_out"})

    assert [(one.state, one.reason, one.event) for one in await at.made()] == [
        (WITHHELD, "opted_out", None)
    ] * 2


# Connections and modules that are not as they should be.


async def test_a_connection_that_is_switched_off_is_sent_nothing_and_the_run_tells(
    at: Desk,
) -> None:
    flow = await at.workflow(
        [trigger(), message(), message("n", connection="second", event="plan-b")], "t>m", "m!n"
    )
    await at.workflow([trigger(), message(connection="second")], "t>m", name="other")
    await at.connect("good", enabled=False)

    await at.event()

    assert await at.made("good") == []
    assert await at.names("second") == [("c1", "plan-b"), ("c1", "points")]
    run = await at.run(flow)
    assert shape(run)[1] == ("m", "failure")
    assert run.steps[1][3] == "the connection or its module is switched off"


async def test_a_connection_that_was_deleted_is_an_error_and_harms_nothing_else(at: Desk) -> None:
    flow = await at.workflow(
        [trigger("checkout"), message(connection="second"), sync("s", "second"), message("n")],
        "t>m",
        "m!s",
        "s!n",
    )
    key = await at.key("second")
    await at.store.write(lambda tx: delete_connection(tx, key))

    assert await at.event(action="checkout") == TAKEN

    assert await at.names() == [("c1", "a-checkout"), ("c1", "points")]
    run = await at.run(flow)
    assert run.result == "error"
    assert shape(run)[1:3] == [("m", "error"), ("s", "error")]
    assert run.steps[1][3] == "there is no connection 'second' any more"


TRICKS = [
    "raises",
    "raises oddly",
    "raises half a character",
    "is cancelled",
    "interrupts",
    "answers rubbish",
    "answers what is no JSON",
    "notes what is no text",
    "notes half a character",
    "goes nowhere",
]


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_plugin_that_breaks_its_promise_costs_that_message_only(
    at: Desk, trick: str
) -> None:
    first = await at.workflow(
        [trigger("checkout"), message(payload={"trick": trick}), message("n", event="plan-b")],
        "t>m",
        "m!n",
    )
    await at.workflow([trigger("checkout"), message(event="other")], "t>m", name="other")

    assert await at.event(action="checkout") == TAKEN

    assert [(one.state, one.name) for one in await at.made()] == [
        (MessageState.WAITING, "a-checkout"),
        (UNDELIVERED, None),
        (MessageState.WAITING, "plan-b"),
        (MessageState.WAITING, "other"),
    ]
    run = await at.run(first)
    assert (run.result, shape(run)[1]) == ("error", ("m", "error"))
    assert run.steps[1][3].startswith("mapping failed: module good: map_event ")


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_plugin_that_breaks_its_promise_costs_an_association_that_message_only(
    at: Desk, trick: str
) -> None:
    await at.workflow([trigger("checkout"), message()], "t>m")

    assert await at.event(action="checkout", trick=trick) == TAKEN

    assert [one.state for one in await at.made()] == [UNDELIVERED, MessageState.WAITING]


async def test_what_could_not_be_mapped_is_mapped_anew_with_the_workflow_s_words(at: Desk) -> None:
    payload = {"trick": "raises", "points": "{{ event.data.points }}"}
    flow = await at.workflow([trigger("checkout"), message(payload=payload)], "t>m")
    await at.event(action="checkout", points=10)
    await at.workflow([trigger("checkout"), message(event="renamed")], "t>m")
    at.plugin.mended = True

    assert await at.replay() == [Replayed.SAME]

    first, second = await at.sent()
    assert (first.name, second.name) == ("a-checkout", "points")
    assert second.says == {"trick": "raises", "points": 10}
    assert (await at.run(flow)).result == "error"


async def test_a_module_that_has_nothing_to_send_is_told(at: Desk) -> None:
    flow = await at.workflow([trigger(), message(payload={"trick": "tells nothing"})], "t>m")

    await at.event()

    assert await at.made() == []
    run = await at.run(flow)
    assert (run.result, run.steps[1][1:]) == (
        "success",
        ["failure", {"trick": "tells nothing"}, "the module has nothing to send for this"],
    )


async def test_a_broken_module_s_message_waits_and_keeps_the_workflow_s_words(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, broken=True) as at:
        payload = {"points": "{{ event.data.points }}", "n": Decimal("1.50")}
        flow = await at.workflow([trigger("checkout"), message(payload=payload)], "t>m")
        await at.take({"id": "c1", "first_name": "Ada"})
        await at.event(action="checkout", points=10)
        await at.take({"id": "c1", "first_name": "Eve"})

        assert [view.mapped for view in await at.views()] == [False] * 4
        run = await at.run(flow)
        assert (run.result, run.steps[1][3]) == (
            "success",
            "the module is not ready: the message waits for it",
        )
        await at.workflow([trigger("checkout"), message(event="renamed")], "t>m")
    async with desk(tmp_path, clock=at.clock, connect=False) as at:
        sent = [one for one in await at.sent() if one.name]

        assert [(one.name, one.says) for one in sent] == [
            ("a-checkout", {"points": 10}),
            ("points", {"points": 10, "n": Decimal("1.50")}),
        ]
        assert [one.profile for one in sent] == [{"id": "c1", "name": "Ada"}] * 2


# Sync data.


async def test_syncing_sends_the_mapped_fields_even_if_nothing_changed(at: Desk) -> None:
    await at.workflow([trigger(), sync(), sync("u", "second")], "t>s", "s>u")
    await at.take({"id": "c1", "first_name": "Ada"})
    assert await at.names() == [("c1", None)]
    outbox = at.outbox(await at.key())
    await outbox.settle(await outbox.claim())

    await at.event()

    (one,) = [one for one in await at.made() if one.state is MessageState.WAITING]
    assert (one.event, one.profile) == (None, {"id": "c1", "name": "Ada"})
    assert await at.names("second") == [("c1", None)]


async def test_a_batch_syncs_a_customer_once(at: Desk) -> None:
    flow = await at.workflow([trigger(), sync()], "t>s")

    await at.take(*[{"customer": c, "action": "point_add"} for c in ("c1", "c2", "c1", "c1")])

    assert sorted(await at.names()) == [("c1", None), ("c2", None)]
    assert [run.result for run in await at.runs(flow)] == ["success"] * 4


async def test_syncing_what_cannot_be_mapped_is_an_error(at: Desk) -> None:
    flow = await at.workflow([trigger(), sync()], "t>s")
    await at.take({"id": "c1", "first_name": "poison"})

    await at.event()

    assert [one.state for one in await at.made()] == [UNDELIVERED] * 2
    assert (await at.run(flow)).result == "error"


# Books of the runs.


async def test_runs_and_errors_are_counted_by_the_hour(at: Desk) -> None:
    good = await at.workflow([trigger(), message()], "t>m")
    bad = await at.workflow(
        [trigger(), message(payload={"a": "{{ event.data.a }}"})], "t>m", name="bad"
    )

    async def day() -> dict[int, tuple[int, int]]:
        return await at.store.read(runs_of_day)

    assert await day() == {}
    await at.take(*[{"customer": "c1", "action": "point_add"} for _ in range(3)])
    await at.event(a=1)
    assert await day() == {good.key: (4, 0), bad.key: (4, 3)}

    at.clock.now += 12 * 3600
    await at.event(customer="c2")
    assert await day() == {good.key: (5, 0), bad.key: (5, 4)}

    at.clock.now += 13 * 3600
    assert await day() == {good.key: (1, 0), bad.key: (1, 1)}
