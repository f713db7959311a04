"""What an old message may still say when it comes back, and what is left of who was erased."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host.model import MessageState, Reason
from host.store.check import check_books
from host.store.customers import find_customers
from host.store.engine import Transaction
from host.store.ledger import Entries
from host.store.operations import Replayed, erase_customer, replay
from tests.storing import Outbox, outbox

pytestmark = pytest.mark.anyio

REFUSED = Reason(code="rejected", text="anna@example.com is no address")


@pytest.fixture
async def lanes(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with outbox(tmp_path) as opened:
        yield opened
        assert await opened.store.read(check_books) == {}


async def _refuse(lanes: Outbox) -> None:
    await lanes.settle(await lanes.claim(), MessageState.UNDELIVERED, reason=REFUSED)


async def _replay(lanes: Outbox) -> list[Replayed]:
    views = await lanes.views(state=MessageState.UNDELIVERED)
    return await lanes.store.write(lambda tx: [replay(tx, view) for view in views])


async def _profiles(lanes: Outbox) -> list[bool]:
    """Whether each message of the lane goes with a profile part, in the order in which they go."""
    told: list[bool] = []
    while await lanes.views(state=MessageState.WAITING):
        batch = await lanes.claim()
        told += [one.message.payload.profile is not None for one in batch.claimed]
        await lanes.settle(batch)
    return told


@pytest.mark.parametrize("snapshot", [False, True], ids=["mapped", "not mapped yet"])
async def test_what_is_replayed_behind_a_newer_profile_goes_without_its_own(
    lanes: Outbox, snapshot: bool
) -> None:
    await lanes.add("c-1", events=["old"], profile=1)
    await _refuse(lanes)
    await lanes.add("c-1", events=["new"], profile=2, snapshot=snapshot)

    replayed = await _replay(lanes)

    assert replayed == [Replayed.NEW_ID]
    assert (await _profiles(lanes))[-1] is False


async def test_what_is_replayed_together_keeps_its_profile_parts(lanes: Outbox) -> None:
    await lanes.add("c-1", events=["first", "second"], profile=1)
    await _refuse(lanes)
    await _refuse(lanes)

    replayed = await _replay(lanes)

    assert replayed == [Replayed.SAME, Replayed.SAME]
    assert await _profiles(lanes) == [True, True]


async def test_an_erased_customer_leaves_no_words_behind(lanes: Outbox) -> None:
    await lanes.add("anna@example.com", events=["a", "b"], profile=1)
    await _refuse(lanes)

    def erase(tx: Transaction) -> None:
        entries = Entries()
        key = find_customers(tx, ["anna@example.com"])["anna@example.com"].key
        erase_customer(tx, [lanes.connection], key, entries)
        entries.enter(tx)

    await lanes.store.write(erase)

    views = await lanes.views()
    assert [(view.state, view.reason and view.reason.code) for view in views] == [
        (MessageState.UNDELIVERED, "rejected"),
        (MessageState.WITHHELD, "erased"),
    ]
    assert "anna" not in str(views)
