"""Lanes keep their order, whatever is taken out of them and comes back."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from host.model import Kind, MessageState, Reason
from host.store.check import check_books
from host.store.messages import MessageView
from host.store.operations import Replayed, discard, replay, set_aside
from host.store.statements import read_migrations
from host.store.store import Store
from tests.storing import Clock, Outbox, outbox

pytestmark = pytest.mark.anyio

CUSTOMERS: Final = ("c-1", "c-2")
STEPS: Final = 60
REFUSED: Final = Reason(code="rejected", text="HTTP 400")
OUT_OF_LANE: Final = (MessageState.UNDELIVERED, MessageState.DISCARDED, MessageState.DELIVERED)


class Lanes:
    """An outbox, and beside it what each lane should hold: keys of messages in order."""

    def __init__(self, outbox: Outbox, seed: int) -> None:
        self._outbox = outbox
        self._random = random.Random(seed)
        self.wanted: dict[str, list[int]] = {customer: [] for customer in CUSTOMERS}

    async def step(self) -> None:
        """Have something happen to some lane."""
        happens = (
            *(self._add, self._add, self._deliver, self._refuse),
            *(self._discard, self._set_aside, self._replay, self._replay),
        )
        await self._random.choice(happens)()

    async def drained(self) -> dict[str, list[int]]:
        """Deliver everything; the keys in the order in which they went."""
        went: dict[str, list[int]] = {customer: [] for customer in CUSTOMERS}
        while (await self._outbox.books()).get("waiting"):
            batch = await self._outbox.claim()
            for one in batch.claimed:
                went[one.message.customer].append(one.key)
            await self._outbox.settle(batch)
        return went

    async def _add(self) -> None:
        customer = self._random.choice(CUSTOMERS)
        known = {view.key for view in await self._outbox.views()}
        await self._outbox.add(customer, events=["a", "b"][: self._random.randint(1, 2)])
        made = [view.key for view in await self._outbox.views() if view.key not in known]
        self.wanted[customer] += made

    async def _deliver(self) -> None:
        await self._send(MessageState.DELIVERED)

    async def _refuse(self) -> None:
        await self._send(MessageState.UNDELIVERED, REFUSED)

    async def _send(self, state: MessageState, reason: Reason | None = None) -> None:
        if not any(self.wanted.values()):
            return
        batch = await self._outbox.claim(limit=1)
        (one,) = batch.claimed
        assert one.key == self.wanted[one.message.customer].pop(0)
        await self._outbox.settle(batch, state, reason=reason)

    async def _discard(self) -> None:
        if (view := await self._pick(MessageState.WAITING)) is not None:
            assert await self._outbox.store.write(lambda tx: discard(tx, view))
            self.wanted[view.customer].remove(view.key)

    async def _set_aside(self) -> None:
        if (view := await self._pick(MessageState.WAITING)) is not None:
            assert await self._outbox.store.write(lambda tx: set_aside(tx, view))
            self.wanted[view.customer].remove(view.key)

    async def _replay(self) -> None:
        if (view := await self._pick(*OUT_OF_LANE)) is not None:
            came = await self._outbox.store.write(lambda tx: replay(tx, view))
            assert came is Replayed.SAME
            self.wanted[view.customer].append(view.key)

    async def _pick(self, *states: MessageState) -> MessageView | None:
        found = [view for view in await self._outbox.views() if view.state in states]
        return self._random.choice(found) if found else None


@pytest.mark.parametrize("seed", range(10))
async def test_a_lane_goes_in_order_whatever_happens_to_it(tmp_path: Path, seed: int) -> None:
    async with outbox(tmp_path) as opened:
        lanes = Lanes(opened, seed)
        for _ in range(STEPS):
            await lanes.step()
            assert await opened.store.read(check_books) == {}

        assert await lanes.drained() == lanes.wanted


async def test_the_first_to_go_and_a_message_that_came_back_stand_apart(tmp_path: Path) -> None:
    """A message that was first once stands last now; who came behind it is first."""
    async with outbox(tmp_path) as opened:
        await opened.add("c-1", events=["a", "b"])
        await opened.settle(await opened.claim(), MessageState.UNDELIVERED, reason=REFUSED)
        first, second = await opened.views()
        assert await opened.store.write(lambda tx: replay(tx, first)) is Replayed.SAME

        went = []
        while (await opened.books()).get("waiting"):
            batch = await opened.claim()
            went += [one.key for one in batch.claimed]
            await opened.settle(batch)

        assert went == [second.key, first.key]


OLDER: Final = """
INSERT INTO connection (connection, id, module, document, secrets, enabled, paused, environment,
    state, version, changed_at)
VALUES (1, 'mparticle', 'mparticle', x'7b7d', x'', 1, 0, 'development', 'connected', 1, 0);
INSERT INTO gate (connection) VALUES (1);
INSERT INTO ledger (connection, made, waiting) VALUES (1, 4, 4);
INSERT INTO customer (customer, id, opted_out, opted_at, changed_at)
VALUES (7, 'c-1', 0, 0, 0), (8, 'c-2', 0, 0, 0);
INSERT INTO lane (connection, customer, next_seq, due, profile, profile_waiting)
VALUES (1, 7, 4, 1, 5, 3), (1, 8, 2, 1, NULL, NULL);
INSERT INTO message (connection, customer, seq, message, kind, edition, mapped, attempts, due)
VALUES (1, 7, 1, 30, 0, 1, 1, 0, 0), (1, 7, 2, 10, 0, 1, 1, 0, 0), (1, 7, 3, 20, 1, 1, 1, 0, 0),
    (1, 8, 1, 15, 0, 1, 1, 0, 0);
INSERT INTO message_body (message, payload, route, profile)
SELECT message, '{"event":null,"profile":null}', '', CASE kind WHEN 1 THEN 5 END FROM message;
"""


async def test_lanes_of_an_older_database_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "host.db"
    with closing(sqlite3.connect(path)) as database:
        for number, script in read_migrations(files("host.store.sqlite") / "migrations"):
            if number <= 8:  # before lanes knew their ends
                database.executescript(f"{script}\n; PRAGMA user_version = {number};")
        database.executescript(OLDER)

    clock = Clock()
    store = await Store.open(f"sqlite:///{path}", tmp_path, clock=clock)
    try:
        opened = Outbox(store, clock, 1)
        assert await store.read(check_books) == {}
        # Message 20 is a profile that was never sent: a newer one takes its place.
        await opened.add("c-1", profile=6, kind=Kind.PROFILE)
        went: list[tuple[str, int]] = []
        while (await opened.books()).get("waiting"):
            batch = await opened.claim()
            went += [(one.message.customer, one.key) for one in batch.claimed]
            await opened.settle(batch)

        (newer,) = [key for who, key in went if who == "c-1" and key not in (30, 10)]
        assert newer > 30
        assert [key for who, key in went if who == "c-1"] == [30, 10, newer]
        assert [key for who, key in went if who == "c-2"] == [15]
        assert await opened.books() == {"made": 5, "delivered": 4, "withheld": 1}
        assert await store.read(check_books) == {}
    finally:
        await store.close()
