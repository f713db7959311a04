"""Backfills on a real store: who is sent what, how far it goes at a time, and what stops it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import anyio
import pytest

from host import Delivered, EventType, Manifest, Payload, Profile, Report, hookimpl
from host.backfill.backfills import DUE_AT_MOST, Backfills
from host.backfill.chunk import MADE_AT_ONCE, ChunkJob
from host.backfill.words import EVERYBODY, BackfillView, Whom
from host.configuration import ConnectionConfig
from host.configuration.stored import to_stored
from host.errors import InvalidConfiguration, NotFound
from host.intake.intake import Intake
from host.intake.planner import Planner
from host.model import EventMapping, FieldMapping, Json, MessageState, Reason, from_ms
from host.reading.customers import read_customer
from host.reading.events import read_event
from host.registry import Module, Registry
from host.routing import RoutingCache
from host.store.backfills import BackfillState, Counts, latest_backfill
from host.store.check import check_books
from host.store.connections import (
    delete_connection,
    pause_connection,
    reconnect,
    save_connection,
    stop_connection,
)
from host.store.engine import Job, Transaction
from host.store.store import Store
from tests.storing import Clock, Outbox, connection_edit

pytestmark = pytest.mark.anyio

FIELDS: Final = (FieldMapping(loyalty="tier", remote="tier"),)


async def _connect() -> str:
    return "Good"


def _sync_fields(customer: Any) -> Profile:
    if customer.value("tier") == "poison":
        raise ValueError("cannot map this")
    return Profile(content={"id": customer.id, "tier": customer.value("tier") or None})


def _map_event(event: Any, profile: Any) -> Payload | None:
    if event is None and profile.content["tier"] == "untold":
        return None
    return Payload(event=event and {"name": event.action}, profile=profile.content)


async def _deliver(messages: Any) -> Report:
    return Report(outcomes=(Delivered(),) * len(messages), status=202)


def _resend() -> None:
    return None


def good_module() -> Module:
    """A plugin that maps one field, breaks over the tier `poison` and ignores `untold`."""
    plugin = ModuleType("good_plugin")
    vars(plugin)["manifest"] = Manifest(
        name="good",
        title="Good",
        summary="For tests.",
        settings=(),
        event_types=(EventType(name="other", label="Other"),),
    )
    hooks: dict[str, Callable[..., object]] = {
        "connect": _connect,
        "sync_fields": _sync_fields,
        "map_event": _map_event,
        "deliver": _deliver,
        "resend": _resend,
    }
    for name, hook in hooks.items():
        setattr(plugin, name, hookimpl(hook))
    return Module.of(plugin)


@dataclass
class Desk:
    """A store, the flows that matter here, and a connection that nobody delivers for."""

    store: Store
    clock: Clock
    intake: Intake
    backfills: Backfills
    routing: RoutingCache
    connection: int = 0

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.store, self.clock, self.connection)

    async def take(self, *customers: dict[str, Any]) -> None:
        """Take profiles."""
        await self.intake.take([read_customer(json.dumps(one).encode()) for one in customers])

    async def event(self, customer: str, action: str = "point_add") -> None:
        """Take an event."""
        raw = json.dumps({"customer": customer, "action": action}).encode()
        now = from_ms(int(self.clock.now * 1000))
        await self.intake.take([read_event(raw, now=now, fallback_id=lambda: f"{customer}-e")])

    async def connect(self, fields: tuple[FieldMapping, ...] = FIELDS) -> None:
        """Connect: what was taken before was sent to nobody."""
        events = (EventMapping(loyalty="point_add", external="point_add", type="other"),)
        config = ConnectionConfig(id="good", module="good", fields=fields, events=events)
        edit = replace(connection_edit("good"), module="good", document=to_stored(config)[0])
        await self.store.write(lambda tx: save_connection(tx, edit))
        self.connection = (await self.store.read(self.routing.read)).find("good").key

    async def start(self, whom: Whom = EVERYBODY, *, resume: bool = False) -> BackfillView:
        """Start as somebody."""
        return await self.backfills.start("good", whom, by="anna", resume=resume)

    async def view(self) -> BackfillView:
        """The backfill there must be."""
        view = await self.backfills.latest("good")
        assert view is not None
        return view

    async def work_off(self) -> BackfillView:
        """Go on for as long as it goes."""
        while await self.backfills.advance("good"):
            pass
        return await self.view()

    async def send(self) -> list[tuple[str, Json, Json]]:
        """Deliver all that is due: customer, event, tier, in order."""
        sent: list[tuple[str, Json, Json]] = []
        while (await self.outbox.books()).get("waiting"):
            batch = await self.outbox.claim(1000)
            for one in batch.claimed:
                event, profile = one.message.payload.event, one.message.payload.profile
                tier = None if profile is None else profile["tier"]
                sent.append((one.message.customer, event and event["name"], tier))
            await self.outbox.settle(batch)
        return sent


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = Clock()
    store = await Store.open(f"sqlite:///{tmp_path}/host.db", tmp_path, clock=clock)
    routing = RoutingCache(store.vault, Registry([good_module()]))
    intake = Intake(store, Planner(routing.read), tmp_path, min_free_bytes=0)
    backfills = Backfills(store, routing.read)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(intake.run)
        yield Desk(store, clock, intake, backfills, routing)
        tasks.cancel_scope.cancel()
    assert await store.read(check_books) == {}
    await store.close()


def people(count: int, tier: str = "gold") -> list[dict[str, Any]]:
    """Customers `c0`, `c1` …"""
    return [{"id": f"c{n}", "tier": tier} for n in range(count)]


# Who is sent what.


async def test_everybody_known_is_sent_their_mapped_fields_once(desk: Desk) -> None:
    await desk.take(*people(250))
    await desk.connect()

    await desk.start()
    view = await desk.work_off()

    assert (view.state, view.total, view.started_by) == (BackfillState.DONE, 250, "anna")
    assert view.counts == Counts(made=250)
    assert sorted(await desk.send()) == sorted((f"c{n}", None, "gold") for n in range(250))


async def test_who_may_not_be_sent_anything_is_counted_and_no_message_is_made(desk: Desk) -> None:
    gone = [("merged", "merged"), ("left", "opted_out")]
    await desk.take({"id": "erased", "tier": "gold"}, {"id": "untold", "tier": "untold"})
    await desk.take(*({"id": id_, "tier": "gold", "status": status} for id_, status in gone))
    await desk.take({"id": "banned", "tier": "gold", "status": "banned"})
    await desk.intake.erase("erased")
    await desk.connect()

    await desk.start()
    view = await desk.work_off()

    assert view.counts == Counts(made=1, withheld=4)
    assert await desk.send() == [("banned", None, "gold")]


async def test_a_failing_mapping_costs_that_customer_alone_and_its_message_is_kept(
    desk: Desk,
) -> None:
    await desk.take({"id": "bad", "tier": "poison"}, {"id": "good", "tier": "gold"})
    await desk.connect()

    await desk.start()
    view = await desk.work_off()

    assert view.state is BackfillState.DONE
    assert view.counts == Counts(made=1, failed=1)
    (kept,) = await desk.outbox.views(state=MessageState("undelivered"))
    assert kept.customer == "bad"
    assert kept.reason is not None
    assert kept.reason.code == "mapping_failed"


async def test_a_plugin_that_maps_nobody_ends_it_before_all_customers_are_gone_through(
    desk: Desk,
) -> None:
    await desk.take(*people(MADE_AT_ONCE + 50, tier="poison"))
    await desk.connect()

    await desk.start()
    view = await desk.work_off()

    assert view.state is BackfillState.FAILED
    assert view.counts == Counts(failed=MADE_AT_ONCE)
    assert view.reason is not None
    assert "mend the plugin" in view.reason.text


async def test_it_sends_what_was_sent_before_too_unless_only_changes_are_wanted(desk: Desk) -> None:
    await desk.connect()
    await desk.take(*people(3))
    assert len(await desk.send()) == 3

    await desk.start(Whom(only_changed=True))
    spared = await desk.work_off()
    await desk.start()
    again = await desk.work_off()

    assert spared.counts == Counts(unchanged=3)
    assert again.counts == Counts(made=3)
    assert await desk.send() == [(f"c{n}", None, "gold") for n in range(3)]


async def test_only_changed_sends_who_was_never_sent(desk: Desk) -> None:
    await desk.take({"id": "before", "tier": "gold"})
    await desk.connect()
    await desk.take({"id": "since", "tier": "gold"})
    await desk.send()

    await desk.start(Whom(only_changed=True))
    view = await desk.work_off()

    assert view.counts == Counts(made=1, unchanged=1)
    assert await desk.send() == [("before", None, "gold")]


async def test_since_leaves_out_whose_profile_changed_before(desk: Desk) -> None:
    day = datetime(2026, 5, 1, tzinfo=UTC)
    times = [day - timedelta(seconds=1), day, day + timedelta(days=1)]
    await desk.take(*({"id": f"c{n}", "updated_at": at.isoformat()} for n, at in enumerate(times)))
    await desk.connect()

    await desk.start(Whom(since=day))
    view = await desk.work_off()

    assert (view.since, view.counts) == (day, Counts(made=2, unchanged=1))
    assert [customer for customer, _, _ in await desk.send()] == ["c1", "c2"]


async def test_a_list_sends_these_customers_once_each(desk: Desk) -> None:
    await desk.take(*people(5))
    await desk.connect()

    view = await desk.start(Whom(customers=("c3", "c1", "c3")))
    await desk.work_off()

    assert (view.everybody, view.total) == (False, 2)
    assert [customer for customer, _, _ in await desk.send()] == ["c1", "c3"]


async def test_a_list_with_somebody_unknown_is_refused_without_naming_them(desk: Desk) -> None:
    await desk.take(*people(1))
    await desk.connect()

    with pytest.raises(InvalidConfiguration) as refused:
        await desk.start(Whom(customers=("c0", "anna@example.com")))

    assert [fault.path for fault in refused.value.faults] == ["customers[1]"]
    assert "anna" not in str(refused.value)
    assert await desk.backfills.latest("good") is None


async def test_who_comes_later_is_not_looked_at(desk: Desk) -> None:
    await desk.take(*people(2))
    await desk.connect()
    await desk.start()

    desk.clock.now += 1
    await desk.take({"id": "later", "tier": "gold"})
    view = await desk.work_off()

    assert view.counts == Counts(made=2)
    assert Counter(customer for customer, _, _ in await desk.send())["later"] == 1


async def test_a_message_goes_behind_what_waits_for_the_customer_and_takes_an_older_ones_place(
    desk: Desk,
) -> None:
    await desk.connect()
    await desk.take({"id": "c0", "tier": "silver"})
    await desk.event("c0")
    await desk.take({"id": "c0", "tier": "gold"})

    await desk.start()
    await desk.work_off()
    await desk.event("c1")

    assert [sent for sent in await desk.send() if sent[0] == "c0"] == [
        ("c0", "point_add", "silver"),
        ("c0", None, "gold"),
    ]
    withheld = await desk.outbox.views(state=MessageState("withheld"))
    superseded = [view.reason.code for view in withheld if view.reason]
    assert superseded == ["superseded"] * 2


# What happens at the same moment.


class Prepared(Job[bool]):
    """A step that was prepared a while ago."""

    def __init__(self, job: ChunkJob) -> None:
        self._job = job
        self._first = True

    def prepare(self, tx: Transaction) -> None:
        if not self._first:
            self._job.prepare(tx)
        self._first = False

    def apply(self, tx: Transaction) -> bool:
        return self._job.apply(tx)


async def prepared(desk: Desk) -> Prepared:
    job = ChunkJob(desk.connection, desk.routing.read)
    await desk.store.read(job.prepare)
    return Prepared(job)


async def test_a_profile_that_changes_meanwhile_is_not_overwritten_by_the_older_one(
    desk: Desk,
) -> None:
    await desk.take({"id": "c0", "tier": "silver"})
    await desk.connect()
    await desk.start()
    step = await prepared(desk)

    await desk.take({"id": "c0", "tier": "gold"})
    await desk.store.submit(step)

    assert await desk.send() == [("c0", None, "gold")]


async def test_who_opts_out_meanwhile_is_sent_nothing(desk: Desk) -> None:
    await desk.take(*people(2))
    await desk.connect()
    await desk.start()
    step = await prepared(desk)

    await desk.event("c0", "opt_out")
    await desk.store.submit(step)

    assert (await desk.view()).counts == Counts(made=1, withheld=1)
    assert await desk.send() == [("c1", None, "gold")]


async def test_who_opts_out_after_their_message_was_made_is_sent_nothing(desk: Desk) -> None:
    await desk.take(*people(2))
    await desk.connect()
    await desk.start()
    await desk.work_off()

    await desk.event("c0", "opt_out")

    assert await desk.send() == [("c1", None, "gold")]
    assert (await desk.outbox.books())["withheld"] == 1


async def test_two_that_work_at_once_send_nobody_twice(desk: Desk) -> None:
    await desk.take(*people(150))
    await desk.connect()
    await desk.start()
    steps = [await prepared(desk), await prepared(desk), await prepared(desk)]

    for step in steps:
        await desk.store.submit(step)

    assert (await desk.view()).counts == Counts(made=150)
    assert len({customer for customer, _, _ in await desk.send()}) == 150


async def test_fields_mapped_anew_hold_from_the_next_step_on(desk: Desk) -> None:
    await desk.take(*people(1))
    await desk.connect()
    await desk.start()
    step = await prepared(desk)
    row = (await desk.store.read(desk.routing.read)).find("good").row
    none = to_stored(ConnectionConfig(id="good", module="good"))[0]
    edit = replace(connection_edit("good"), key=row.key, version=row.version, module="good")

    await desk.store.write(lambda tx: save_connection(tx, replace(edit, document=none)))
    await desk.store.submit(step)

    view = await desk.view()
    assert view.state is BackfillState.FAILED
    assert view.reason is not None
    assert view.reason.code == "no_fields"


# How far it goes, and what stops it.


async def test_few_messages_wait_at_a_time_however_many_customers_there_are(desk: Desk) -> None:
    await desk.take(*people(DUE_AT_MOST * 3))
    await desk.connect()
    await desk.start()

    view = await desk.work_off()

    waiting = (await desk.outbox.books())["waiting"]
    assert DUE_AT_MOST <= waiting < DUE_AT_MOST + MADE_AT_ONCE
    assert view.state is BackfillState.RUNNING
    assert view.waits_for is not None
    assert view.waits_for.code == "messages_wait"
    await desk.send()
    assert await desk.backfills.advance("good")


async def test_a_live_message_is_claimed_before_all_but_these_few(desk: Desk) -> None:
    await desk.take(*people(DUE_AT_MOST * 3))
    await desk.connect()
    await desk.start()
    await desk.work_off()
    desk.clock.now += 1

    await desk.event("new")
    sent = await desk.send()
    while (await desk.work_off()).state is BackfillState.RUNNING:
        sent += await desk.send()

    place = [customer for customer, _, _ in sent].index("new")
    assert place < DUE_AT_MOST + MADE_AT_ONCE
    assert len(sent) + len(await desk.send()) == DUE_AT_MOST * 3 + 1


async def test_live_messages_that_wait_keep_it_from_making_more(desk: Desk) -> None:
    await desk.take(*people(DUE_AT_MOST))
    await desk.connect()
    for n in range(DUE_AT_MOST):
        await desk.event(f"c{n}")
    await desk.start()

    assert not await desk.backfills.advance("good")

    await desk.send()
    assert await desk.backfills.advance("good")


async def test_a_second_start_is_refused_but_the_same_again_goes_on(desk: Desk) -> None:
    await desk.take(*people(2))
    await desk.connect()
    first = await desk.start(Whom(only_changed=True))
    await desk.backfills.pause("good")

    with pytest.raises(InvalidConfiguration, match="a backfill is paused already"):
        await desk.start()
    with pytest.raises(InvalidConfiguration):
        await desk.start(resume=True)
    same = await desk.start(Whom(only_changed=True), resume=True)

    assert (same.started_at, same.state) == (first.started_at, BackfillState.RUNNING)
    assert (await desk.work_off()).state is BackfillState.DONE
    assert (await desk.start()).state is BackfillState.RUNNING


async def test_it_is_paused_and_goes_on_where_it_was(desk: Desk) -> None:
    await desk.take(*people(MADE_AT_ONCE * 2))
    await desk.connect()
    await desk.start()
    await desk.backfills.advance("good")

    paused = await desk.backfills.pause("good")
    assert not await desk.backfills.advance("good")
    await desk.backfills.resume("good")
    view = await desk.work_off()

    assert (paused.state, paused.counts) == (BackfillState.PAUSED, Counts(made=MADE_AT_ONCE))
    assert view.counts == Counts(made=MADE_AT_ONCE * 2)
    assert len(await desk.send()) == MADE_AT_ONCE * 2


async def test_cancelled_it_makes_no_more_and_what_was_made_goes_out(desk: Desk) -> None:
    await desk.take(*people(MADE_AT_ONCE * 2))
    await desk.connect()
    await desk.start()
    await desk.backfills.advance("good")

    view = await desk.backfills.cancel("good")

    assert view.state is BackfillState.CANCELLED
    assert view.finished_at is not None
    assert not await desk.backfills.advance("good")
    assert len(await desk.send()) == MADE_AT_ONCE
    for change in (desk.backfills.pause, desk.backfills.resume, desk.backfills.cancel):
        with pytest.raises(NotFound, match="no backfill"):
            await change("good")


@pytest.mark.parametrize("code", ["connection_paused", "not_connected"])
async def test_it_waits_until_the_connection_is_well_and_says_for_what(
    desk: Desk, code: str
) -> None:
    await desk.take(*people(1))
    await desk.connect()
    await desk.start()
    key = desk.connection
    reason = Reason(code="bad_credentials", text="the key is refused")
    if code == "connection_paused":
        await desk.store.write(lambda tx: pause_connection(tx, key, True))
    else:
        await desk.store.write(lambda tx: stop_connection(tx, key, reason))

    assert not await desk.backfills.advance("good")
    waits_for = (await desk.view()).waits_for
    assert waits_for is not None
    assert waits_for.code == code

    await desk.store.write(lambda tx: pause_connection(tx, key, False))
    await desk.store.write(lambda tx: reconnect(tx, key, "Good"))
    assert (await desk.work_off()).counts == Counts(made=1)


async def test_with_its_connection_deleted_it_fails(desk: Desk) -> None:
    await desk.take(*people(1))
    await desk.connect()
    await desk.start()

    await desk.store.write(lambda tx: delete_connection(tx, desk.connection))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.backfills.run)
        with anyio.fail_after(10):
            while (row := await desk.store.read(_latest(desk))) is None or row.state.under_way:
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()

    assert row.state is BackfillState.FAILED
    assert row.reason is not None
    assert row.reason.code == "connection_deleted"


def _latest(desk: Desk) -> Any:
    return lambda tx: latest_backfill(tx, desk.connection)


# What is told before and meanwhile.


async def test_a_preview_counts_and_changes_nothing(desk: Desk) -> None:
    await desk.take(*people(3))
    await desk.connect()

    everybody = await desk.backfills.preview("good")
    some = await desk.backfills.preview("good", Whom(customers=("c0",)))
    recent = await desk.backfills.preview("good", Whom(since=datetime(2020, 1, 1, tzinfo=UTC)))

    assert (everybody.customers, everybody.exact, everybody.seconds) == (3, True, None)
    assert (some.customers, some.exact) == (1, True)
    assert (recent.customers, recent.exact) == (3, False)
    assert await desk.backfills.latest("good") is None
    assert await desk.outbox.books() == {}


async def test_without_mapped_fields_there_is_nothing_to_start(desk: Desk) -> None:
    await desk.connect(fields=())

    with pytest.raises(InvalidConfiguration, match="maps no fields"):
        await desk.backfills.preview("good")
    with pytest.raises(InvalidConfiguration, match="maps no fields"):
        await desk.start()
    with pytest.raises(NotFound):
        await desk.backfills.start("nobody", by="anna")


async def test_pace_and_what_remains_are_told_from_the_first_step_on(desk: Desk) -> None:
    await desk.take(*people(MADE_AT_ONCE * 3))
    await desk.connect()
    started = await desk.start()

    desk.clock.now += 10
    await desk.backfills.advance("good")
    view = await desk.view()

    assert (started.customers_a_second, started.remaining_seconds) == (None, None)
    assert view.customers_a_second == pytest.approx(10)
    assert view.remaining_seconds == pytest.approx(20)
    seconds = (await desk.backfills.preview("good")).seconds
    assert seconds == pytest.approx(30)
