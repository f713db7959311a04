"""Lanes in a real database: claims, leases, fences, what is settled and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from host.model import Kind, MessageState, Reason
from host.retry import Gate
from host.store.check import check_books
from host.store.connections import pause_connection, reconnect, stop_connection
from host.store.customers import find_customers, save_customers
from host.store.engine import Transaction
from host.store.lanes import (
    Nothing,
    free_all_leases,
    read_gate,
    release_held_back,
    renew,
    write_gate,
)
from host.store.ledger import Entries
from host.store.operations import Replayed, discard, replay, resend, withhold_customer
from host.store.retention import drop_old
from tests.storing import LEASE_MS, Outbox, names, outbox, said

pytestmark = pytest.mark.anyio

UNWELL = Reason(code="destination_error", text="HTTP 503")


@pytest.fixture
async def lanes(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with outbox(tmp_path) as opened:
        yield opened
        assert await opened.store.read(check_books) == {}


async def test_one_message_of_a_lane_is_in_flight_at_most(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["a", "b"])
    await lanes.add("c-2", events=["c"])

    first = await lanes.claim()
    meanwhile = await lanes.look()
    await lanes.settle(first)
    second = await lanes.claim()

    assert names(first) == [("c-1", "a"), ("c-2", "c")]
    assert isinstance(meanwhile, Nothing)
    assert names(second) == [("c-1", "b")]
    assert await lanes.books() == {"made": 3, "sending": 1, "delivered": 2}


async def test_a_backoff_holds_its_own_lane_and_no_other(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["a", "b"])
    await lanes.settle(await lanes.claim(), MessageState.RETRYING, wait=30, reason=UNWELL)
    await lanes.add("c-2", events=["c"])

    other = await lanes.claim()
    await lanes.settle(other)
    waiting = await lanes.look()
    lanes.clock.now += 31
    again = await lanes.claim()

    assert names(other) == [("c-2", "c")]
    assert waiting == Nothing(until=int((lanes.clock.now - 1) * 1000))
    assert names(again) == [("c-1", "a")]
    assert again.claimed[0].message.attempts == 1


async def test_an_expired_lease_is_claimed_by_another_and_fences_off_the_first(
    lanes: Outbox,
) -> None:
    await lanes.add("c-1", events=["a", "b"])
    lost = await lanes.claim()
    lanes.clock.now += LEASE_MS / 1000 + 1
    taken = await lanes.claim()

    late = await lanes.settle(lost, MessageState.UNDELIVERED, reason=UNWELL)
    await lanes.store.write(lambda tx: renew(tx, lost, 1))
    books_between = await lanes.books()
    await lanes.settle(taken)

    assert late == []
    assert names(taken) == names(lost)
    assert taken.claimed[0].message.dedupe_id == lost.claimed[0].message.dedupe_id
    assert books_between == {"made": 2, "sending": 1, "waiting": 1}
    assert await lanes.books() == {"made": 2, "delivered": 1, "waiting": 1}


async def test_settling_twice_changes_nothing_the_second_time(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["a", "b"])
    batch = await lanes.claim()

    first = await lanes.settle(batch)
    second = await lanes.settle(batch)

    assert (len(first), second) == (1, [])
    assert await lanes.books() == {"made": 2, "delivered": 1, "waiting": 1}
    assert names(await lanes.claim()) == [("c-1", "b")]


async def test_a_token_that_was_guessed_settles_nothing(lanes: Outbox) -> None:
    await lanes.add()
    batch = await lanes.claim()

    assert await lanes.settle(batch, token=batch.token + 1) == []
    assert await lanes.books() == {"made": 1, "sending": 1}


async def test_renewing_keeps_a_lease_from_expiring(lanes: Outbox) -> None:
    await lanes.add()
    batch = await lanes.claim()
    lanes.clock.now += LEASE_MS / 1000 - 1
    await lanes.store.write(lambda tx: renew(tx, batch, LEASE_MS))
    lanes.clock.now += LEASE_MS / 1000 - 1

    assert isinstance(await lanes.look(), Nothing)
    assert len(await lanes.settle(batch)) == 1


async def test_a_new_host_sends_again_what_the_last_one_was_sending(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["new"])
    await lanes.add("c-2", events=["tried"])
    await lanes.settle(await lanes.claim(), MessageState.RETRYING, wait=0, reason=UNWELL)
    await lanes.add("c-3", events=["newer"])
    await lanes.claim()

    freed = await lanes.store.write(free_all_leases)
    books = await lanes.books()

    assert freed == 3
    assert books == {"made": 3, "waiting": 1, "retrying": 2}
    assert len((await lanes.claim()).claimed) == 3


async def test_nothing_is_claimed_while_a_connection_is_held_back(lanes: Outbox) -> None:
    await lanes.add()
    key = lanes.connection

    await lanes.store.write(lambda tx: pause_connection(tx, key, True))
    paused = await lanes.look()
    await lanes.store.write(lambda tx: pause_connection(tx, key, False))
    await lanes.store.write(lambda tx: stop_connection(tx, key, UNWELL))
    stopped = await lanes.look()
    await lanes.store.write(lambda tx: write_gate(tx, key, Gate(not_before=2**50, open=True)))
    await lanes.store.write(lambda tx: reconnect(tx, key, "well"))
    again = await lanes.claim()

    assert (paused, stopped) == (Nothing(until=None), Nothing(until=None))
    assert names(again) == [("c-1", "point_add")]


async def test_an_open_circuit_lets_one_lane_through_at_a_time_each_time_another(
    lanes: Outbox,
) -> None:
    for number in range(3):
        await lanes.add(f"c-{number}")
    await lanes.store.write(lambda tx: write_gate(tx, lanes.connection, Gate(open=True)))

    carried = []
    for _ in range(3):
        probe = await lanes.claim()
        meanwhile = await lanes.look(in_flight=True)
        await lanes.settle(probe, MessageState.RETRYING, wait=30, reason=UNWELL)
        carried += names(probe)
        assert meanwhile == Nothing(until=None)

    assert [customer for customer, _ in carried] == ["c-0", "c-1", "c-2"]


async def test_after_a_recovery_what_failed_before_is_due_and_what_failed_after_is_not(
    lanes: Outbox,
) -> None:
    for number in range(5):
        await lanes.add(f"c-{number}")
    await lanes.settle(await lanes.claim(4), MessageState.RETRYING, wait=3600, reason=UNWELL)
    lanes.clock.now += 10
    recovered = Gate(recovered_at=int(lanes.clock.now * 1000))
    await lanes.store.write(lambda tx: write_gate(tx, lanes.connection, recovered))
    lanes.clock.now += 1
    await lanes.settle(await lanes.claim(), MessageState.RETRYING, wait=3600, reason=UNWELL)

    place: tuple[int, int] | None = (-1, -1)
    steps = 0
    while place is not None:
        step = partial(release_held_back, connection=lanes.connection, after=place, limit=2)
        place = await lanes.store.write(step)
        steps += 1
    due = await lanes.claim()

    assert sorted(customer for customer, _ in names(due)) == ["c-0", "c-1", "c-2", "c-3"]
    assert 3 <= steps <= 5


async def test_a_newer_profile_takes_the_place_of_one_never_sent(lanes: Outbox) -> None:
    await lanes.add(kind=Kind.PROFILE, profile=1)
    await lanes.add(events=["between"])
    await lanes.add(kind=Kind.PROFILE, profile=2)
    await lanes.add(kind=Kind.PROFILE, profile=2)  # says nothing new

    states = [(view.kind, view.state, view.reason) for view in await lanes.views()]
    first = await lanes.claim()

    assert [(kind, state) for kind, state, _ in states] == [
        ("profile", "withheld"),
        ("event", "waiting"),
        ("profile", "waiting"),
    ]
    assert states[0][2] is not None and states[0][2].code == "superseded"
    assert names(first) == [("c-1", "between")]


@pytest.mark.parametrize("sent", ["in flight", "tried"])
async def test_a_profile_that_may_have_arrived_is_not_superseded(lanes: Outbox, sent: str) -> None:
    await lanes.add(kind=Kind.PROFILE, profile=1)
    batch = await lanes.claim()
    if sent == "tried":
        await lanes.settle(batch, MessageState.RETRYING, wait=0, reason=UNWELL)

    await lanes.add(kind=Kind.PROFILE, profile=2)

    states = [view.state for view in await lanes.views()]
    assert states == ["sending" if sent == "in flight" else "retrying", "waiting"]


async def opt_out(lanes: Outbox, customer: str = "c-1") -> None:
    def write(tx: Transaction) -> None:
        stored = find_customers(tx, [customer])[customer]
        stored.opted_out = True
        save_customers(tx, [stored])
        entries = Entries()
        reason = Reason(code="opted_out", text="the customer opted out")
        withhold_customer(tx, [lanes.connection], stored.key, reason, entries)
        entries.enter(tx)

    await lanes.store.write(write)


@pytest.mark.parametrize(
    ("outcome", "becomes"),
    [
        (MessageState.DELIVERED, "delivered"),
        (MessageState.UNDELIVERED, "undelivered"),
        (MessageState.RETRYING, "withheld"),
        (MessageState.WAITING, "withheld"),
    ],
)
async def test_an_opt_out_while_sending_lets_the_request_end_and_nothing_go_again(
    lanes: Outbox, outcome: MessageState, becomes: str
) -> None:
    await lanes.add(events=["sending", "waiting"])
    batch = await lanes.claim()

    await opt_out(lanes)
    await lanes.settle(batch, outcome, reason=UNWELL)

    assert [view.state for view in await lanes.views()] == [becomes, "withheld"]
    assert isinstance(await lanes.look(), Nothing)
    settled = await lanes.views()
    refused = await lanes.store.write(lambda tx: [replay(tx, view) for view in settled])
    assert refused == [Replayed.NO, Replayed.NO]


async def test_resend_makes_due_what_waits_and_leaves_alone_what_is_sent(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["a"])
    await lanes.settle(await lanes.claim(), MessageState.RETRYING, wait=3600, reason=UNWELL)
    waiting = (await lanes.views())[0]

    first = await lanes.store.write(lambda tx: resend(tx, waiting))
    batch = await lanes.claim()
    while_sending = await lanes.store.write(lambda tx: resend(tx, waiting))

    assert (first, while_sending) == (True, False)
    assert batch.claimed[0].message.attempts == 1


async def test_a_blocked_lane_goes_on_when_its_head_is_set_aside(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["stuck", "next"])
    await lanes.settle(await lanes.claim(), MessageState.RETRYING, wait=3600, reason=UNWELL)
    stuck = (await lanes.views())[0]
    blocked = await lanes.look()

    aside = await lanes.store.write(lambda tx: discard(tx, stuck))

    assert isinstance(blocked, Nothing)
    assert aside
    assert names(await lanes.claim()) == [("c-1", "next")]


async def test_a_replay_keeps_id_and_content_while_nothing_newer_was_delivered(
    lanes: Outbox,
) -> None:
    await lanes.add(events=["a"], profile=1)
    batch = await lanes.claim()
    await lanes.settle(batch, MessageState.UNDELIVERED, reason=UNWELL)
    await lanes.add(events=["later"])
    gone = (await lanes.views(state=MessageState.UNDELIVERED))[0]

    came_back = await lanes.store.write(lambda tx: replay(tx, gone))
    twice = await lanes.store.write(lambda tx: replay(tx, gone))
    await lanes.settle(await lanes.claim())
    again = (await lanes.claim()).claimed[0]

    assert (came_back, twice) == (Replayed.SAME, Replayed.NO)
    assert said(again) == "a"
    assert again.message.payload.profile == {"digest": 1}
    assert (again.message.dedupe_id, again.message.attempts) == (
        batch.claimed[0].message.dedupe_id,
        0,
    )


async def test_a_replay_keeps_its_id_when_what_was_delivered_later_says_the_same_of_the_profile(
    lanes: Outbox,
) -> None:
    await lanes.add(events=["a", "b"], profile=1)
    first = await lanes.claim()
    await lanes.settle(first, MessageState.UNDELIVERED, reason=UNWELL)
    await lanes.settle(await lanes.claim())
    gone = (await lanes.views(state=MessageState.UNDELIVERED))[0]

    came_back = await lanes.store.write(lambda tx: replay(tx, gone))

    assert came_back is Replayed.SAME
    again = (await lanes.claim()).claimed[0].message
    assert again == first.claimed[0].message


@pytest.mark.parametrize("why", ["newer profile delivered", "tried long ago"])
async def test_a_replay_that_could_do_harm_goes_without_profile_under_a_new_id(
    lanes: Outbox, why: str
) -> None:
    await lanes.add(events=["a"], profile=1)
    batch = await lanes.claim()
    await lanes.settle(batch, MessageState.UNDELIVERED, reason=UNWELL)
    if why == "tried long ago":
        lanes.clock.now += 31 * 86_400
    else:
        await lanes.add(events=["b"], profile=2)
        await lanes.settle(await lanes.claim())
    gone = (await lanes.views(state=MessageState.UNDELIVERED))[0]

    came_back = await lanes.store.write(lambda tx: replay(tx, gone))
    again = (await lanes.claim()).claimed[0]

    assert came_back is Replayed.NEW_ID
    assert again.message.dedupe_id == batch.claimed[0].message.dedupe_id + ".2"
    assert (said(again), again.message.payload.profile) == ("a", None)


@pytest.mark.parametrize(("newer", "edition"), [(False, 1), (True, 2)])
async def test_a_message_mapped_late_counts_as_old_once_a_newer_profile_was_delivered(
    lanes: Outbox, newer: bool, edition: int
) -> None:
    await lanes.add(events=["a"], snapshot=True)
    await lanes.settle(await lanes.claim(), MessageState.UNDELIVERED, reason=UNWELL)
    if newer:
        await lanes.add(events=["b"], profile=2)
        await lanes.settle(await lanes.claim())
    gone = (await lanes.views(state=MessageState.UNDELIVERED))[0]

    await lanes.store.write(lambda tx: replay(tx, gone))

    assert (await lanes.claim()).claimed[0].edition == edition


async def test_retention_deletes_history_and_never_lowers_the_books(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["delivered"])
    await lanes.settle(await lanes.claim())
    await lanes.add("c-2", events=["undelivered"])
    await lanes.settle(await lanes.claim(), MessageState.UNDELIVERED, reason=UNWELL)
    await lanes.add("c-3", events=["waiting for months"])
    before = await lanes.books()

    lanes.clock.now += 200 * 86_400
    while await lanes.store.write(drop_old):
        pass

    assert [view.customer for view in await lanes.views()] == ["c-3"]
    assert await lanes.books() == before
    assert names(await lanes.claim()) == [("c-3", "waiting for months")]


async def test_a_stop_is_said_once_and_counts_nothing(lanes: Outbox) -> None:
    await lanes.add()
    refused = Reason(code="credentials", text="HTTP 401")
    await lanes.store.write(lambda tx: stop_connection(tx, lanes.connection, refused))
    await lanes.store.write(lambda tx: stop_connection(tx, lanes.connection, UNWELL))

    _, may_deliver = await lanes.store.read(lambda tx: read_gate(tx, lanes.connection))

    assert not may_deliver
    assert [view.attempts for view in await lanes.views()] == [0]
