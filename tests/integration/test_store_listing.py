"""Pages of messages for people: what is meant, how far a page looks, what a lane waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host.model import MessageState, Reason
from host.store.blocking import read_heads
from host.store.check import check_books
from host.store.listing import Listing, MessageFilter, read_listing
from host.store.messages import MessageView
from host.store.operations import Replayed, replay, set_aside
from tests.storing import Outbox, outbox

pytestmark = pytest.mark.anyio

UNWELL = Reason(code="destination_error", text="the destination is unwell (HTTP 503)")


@pytest.fixture
async def lanes(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with outbox(tmp_path) as opened:
        yield opened
        assert await opened.store.read(check_books) == {}


async def _list(
    lanes: Outbox, wanted: MessageFilter, cursor: str | None = None, *, limit: int, look: int
) -> Listing:
    install = lanes.store.install
    return await lanes.store.read(lambda tx: read_listing(tx, install, wanted, cursor, limit, look))


def _customers(views: tuple[MessageView, ...]) -> list[str]:
    return [view.customer for view in views]


async def _fail(lanes: Outbox, limit: int = 100, wait: float = 30.0) -> None:
    await lanes.settle(await lanes.claim(limit), MessageState.RETRYING, wait=wait, reason=UNWELL)


async def test_a_page_looks_at_so_many_messages_and_says_how_far_it_came(lanes: Outbox) -> None:
    await lanes.add("rare")
    await _fail(lanes)
    for _ in range(600):
        await lanes.add("usual")
    wanted = MessageFilter(unsettled=True, reason=UNWELL.code)

    first = await _list(lanes, wanted, limit=10, look=500)
    second = await _list(lanes, wanted, first.older, limit=10, look=500)

    assert (first.views, first.looked_back_to) == ((), int(lanes.clock.now * 1000))
    assert _customers(second.views) == ["rare"]
    assert (second.older, second.looked_back_to) == (None, None)


async def test_pages_follow_one_another_without_gap_or_repeat(lanes: Outbox) -> None:
    names = [f"c-{number}" for number in range(25)]
    for name in names:
        await lanes.add(name)
    await lanes.settle(await lanes.claim(7))

    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await _list(lanes, MessageFilter(), cursor, limit=10, look=500)
        seen += _customers(page.views)
        if (cursor := page.older) is None:
            break

    assert seen == names[::-1]


async def test_what_is_being_sent_is_listed_alone(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["sent", "next"])
    await lanes.add("c-2")
    await lanes.claim(1)

    sending = await lanes.views(state=MessageState.SENDING)
    waiting = await lanes.views(state=MessageState.WAITING)

    assert _customers(tuple(sending)) == ["c-1"]
    assert _customers(tuple(waiting)) == ["c-1", "c-2"]


async def test_a_lane_tells_what_it_waits_for_until_that_is_set_aside(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["first", "second", "third"])
    await _fail(lanes)
    views = await lanes.views(customer="c-1")
    install = lanes.store.install

    before = await lanes.store.read(lambda tx: read_heads(tx, install, views))
    done = await lanes.store.write(lambda tx: set_aside(tx, views[0]))
    after = await lanes.store.read(lambda tx: read_heads(tx, install, views[1:]))

    (head,) = before.values()
    assert (head.id, head.attempts, head.behind) == (views[0].id, 1, 2)
    assert head.until == int(lanes.clock.now * 1000) + 30_000
    (next_head,) = after.values()
    assert done and (next_head.id, next_head.attempts) == (views[1].id, 0)
    assert [one.message.dedupe_id for one in (await lanes.claim()).claimed] == [views[1].id]


async def test_what_was_set_aside_can_be_replayed(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["first", "second"])
    await _fail(lanes)
    first, _ = await lanes.views(customer="c-1")
    await lanes.store.write(lambda tx: set_aside(tx, first))

    (aside,) = await lanes.views(state=MessageState.UNDELIVERED)
    replayed = await lanes.store.write(lambda tx: replay(tx, aside))
    await lanes.settle(await lanes.claim())
    last = await lanes.claim()

    assert aside.reason is not None and aside.reason.code == "set_aside"
    assert replayed is Replayed.SAME
    assert [one.message.dedupe_id for one in last.claimed] == [first.id]
    await lanes.settle(last)
    assert await lanes.books() == {"made": 2, "delivered": 2}


async def test_what_is_being_sent_is_not_set_aside(lanes: Outbox) -> None:
    await lanes.add("c-1")
    (view,) = await lanes.views(customer="c-1")
    await lanes.claim()

    assert not await lanes.store.write(lambda tx: set_aside(tx, view))
