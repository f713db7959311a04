"""The helper: a second process that decides batches, and that a host can always do without."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from host.app import Workbench, workbench
from host.config import Environment
from host.document import read_document
from host.errors import RefusedItem
from host.intake.helper import Helper
from host.intake.indexing import Indexing
from host.intake.intake import ITEMS_A_COMMIT, Intake
from host.intake.items import DUPLICATE, SKIPPED, TAKEN, Taken, Unread, Verdict
from host.intake.planner import Planner
from host.intake.request import Introduction
from host.reading.customers import read_customer
from host.reading.events import EventReader, fallback_id, read_event
from host.store.check import check_books
from tests.drawn import as_file, communication, node, trigger, workflow
from tests.harness import PATIENCE, configuration, eventually

pytestmark = pytest.mark.anyio

ACTIONS = ("point_add", "checkout", "profile", "opt_in", "opt_out")
FIELDS = (("first_name", "$firstname"), ("score", "score"))
HALF = ITEMS_A_COMMIT // 2
NOW = datetime.now(UTC)  # one moment, so that two hosts take the same
FLOW = workflow(
    trigger("checkout"),
    node("f", "customer_filter", rows=[{"attribute": "score", "operator": "at_least", "value": 1}]),
    node("w", "wait", amount=1, unit="hours"),
    communication(payload={"points": "{{ event.data.points }}"}),
    ways=("t>f", "f>w", "f>m:failure"),
)


@dataclass
class Desk:
    """A host's intake, by the words of a test."""

    bench: Workbench
    helper: Helper
    intake: Intake

    async def take(self, *items: dict[str, Any]) -> list[Verdict]:
        """Take events; without an action they are customers."""
        return await self.intake.take([_read(item) for item in items])

    async def at_once(self, *requests: Sequence[dict[str, Any]]) -> list[list[Verdict]]:
        """Take requests that come in behind each other, before the first is answered."""
        found: list[list[Verdict]] = [[] for _ in requests]

        async def take(place: int) -> None:
            found[place] = await self.take(*requests[place])

        async with anyio.create_task_group() as tasks:
            for place in range(len(requests)):
                tasks.start_soon(take, place)
        return found

    async def helped(self) -> None:
        """Go on once the helper decides."""
        decided = self.helper.decided
        await self.busy_until(lambda: self.helper.decided > decided)

    async def busy_until(self, true: Callable[[], bool]) -> None:
        """Take events until something is so."""
        with anyio.fail_after(PATIENCE):
            while not true():
                await self.take(event(f"warm-{os.urandom(4).hex()}", "warm-up", action="unknown"))

    async def apply(self, text: str) -> None:
        """Apply a configuration."""
        await self.bench.configure.apply(read_document(text, {}), untested=True)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What stands in the database."""
        with closing(sqlite3.connect(self.bench.store.file)) as database:
            return database.execute(query).fetchall()

    def sent(self) -> list[tuple[str, str, int]]:
        """Messages in the order in which they were made: customer, external event, points."""
        return self.rows(
            "SELECT c.id, b.payload ->> '$.event.data.event_name',"
            " b.payload ->> '$.event.data.custom_attributes.antavo_points' FROM message m"
            " JOIN message_body b USING (message) JOIN customer c ON c.customer = m.customer"
            " WHERE m.kind = 0 ORDER BY m.message"
        )


def event(id_: str, customer: str = "c1", action: str = "point_add", **data: Any) -> dict[str, Any]:
    """An event."""
    return {"id": id_, "customer": customer, "action": action, "data": {"points": 1, **data}}


def _read(item: dict[str, Any]) -> Taken:
    raw = json.dumps(item).encode()
    if "action" in item:
        return read_event(raw, now=NOW, fallback_id=lambda: os.urandom(8).hex())
    return read_customer(raw)


@asynccontextmanager
async def desk(
    folder: Path,
    *,
    few: int = 1,
    busy: int = 1,
    ready_within: float = 60.0,
    answers_within: float = 30.0,
    again_after: float = 0.0,
    cores: int = 2,
    told: Callable[[Environment], Environment] = lambda environment: environment,
) -> AsyncIterator[Desk]:
    """A host's intake whose helper is started by the first event. `told`: what the helper is."""
    plugins = folder / "plugins.toml"
    plugins.write_text("[plugins.mparticle]\nenabled = true\n")
    environment = Environment.read(
        {
            "LOYALTY_HOST_HOME": str(folder / "data"),
            "LOYALTY_HOST_PLUGINS": str(plugins),
            "LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS": "1",
        }
    )
    async with workbench(environment) as bench:
        helper = Helper(
            told(environment),
            bench.routing,
            bench.modules.registry,
            few=few,
            busy=busy,
            ready_within=ready_within,
            answers_within=answers_within,
            again_after=again_after,
            cores=cores,
        )
        intake = Intake(bench.store, Planner(bench.routing.read, helper), folder, min_free_bytes=0)
        opened = Desk(bench, helper, intake)
        await opened.apply(configuration("http://127.0.0.1:9", events=ACTIONS, fields=FIELDS))
        await opened.apply(as_file(FLOW))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(intake.run)
            try:
                yield opened
            finally:
                tasks.cancel_scope.cancel()
                helper.close()
        assert await bench.store.read(check_books) == {}


@asynccontextmanager
async def at_work(folder: Path, cores: int) -> AsyncIterator[Desk]:
    """A host's intake in a folder of its own; with two cores its helper decides already."""
    own = folder / str(cores)
    own.mkdir()
    async with desk(own, cores=cores) as opened:
        if cores > 1:
            await opened.helped()
        yield opened


# What it decides is what the host would have decided.


EVERYTHING: Sequence[Sequence[dict[str, Any]]] = (
    [{"id": "c1", "first_name": "Ada", "score": 0}, {"id": "c2", "score": 5, "email": "b@x.org"}],
    [event("e1"), event("e2", "c2", "checkout", points=7), event("e1"), event("e1", points=2)],
    [event("e3", "new"), event("e4", "new", "profile", first_name="Nova"), event("e5", "new")],
    [event("e6", "c2", "opt_out", email="b@x.org"), event("e7", "c2"), event("e1")],
    [event("e8", "c2", "opt_in"), event("e9", "c2", "checkout", points=9), event("e10")],
    [{"id": "g1", "action": "point_add", "guest": True}, event("e11", "c1", "checkout")],
    [event("e12", amount=10.0, note="ü\0\n", deep={"list": [1, {"a": None}]}), event("e3", "c1")],
)
TABLES = {
    "customer": "id, opted_out, fields",
    "event": "id, hex(content), action, body, (SELECT id FROM customer c"
    " WHERE c.customer = event.customer)",
    "message": "connection, seq, kind, mapped, environment, (SELECT id FROM customer c"
    " WHERE c.customer = message.customer), (SELECT id FROM event e WHERE e.event = message.event)",
    "message_body": "payload, route, profile, notes, workflow IS NULL",
    "settled": "connection, seq, kind, state, reason_code, (SELECT id FROM customer c"
    " WHERE c.customer = settled.customer)",
    "run": "version, result, steps, reason, (SELECT id FROM event e WHERE e.event = run.event)",
    "wait": "node, (SELECT id FROM event e WHERE e.event = wait.event)",
    "ledger": "*",
}


async def test_it_decides_as_the_host_does(tmp_path: Path) -> None:
    found = []
    for cores in (1, 2):
        async with at_work(tmp_path, cores) as at:
            before = at.helper.decided
            verdicts = [await at.take(*items) for items in EVERYTHING]
            assert at.helper.decided - before == (len(EVERYTHING) if cores > 1 else 0)
            told = [[str(one) for one in part] for part in verdicts]
            written = {
                table: sorted(map(str, at.rows(f"SELECT {columns} FROM {table}")))
                for table, columns in TABLES.items()
            }
            rows = {
                table: [row for row in all_of_it if "warm-" not in row]
                for table, all_of_it in written.items()
            }
            found.append((told, rows))

    alone, helped = found
    for table in TABLES:
        assert helped[1][table] == alone[1][table], table
    assert helped[0] == alone[0]
    assert alone[0][1][:3] == [TAKEN, TAKEN, DUPLICATE]
    assert all(alone[1].values()), "every table is written to"


LINES = (
    json.dumps(event("e1")).encode(),
    None,
    b'{"id": "e2", "action"',
    b'{"customer": "c2", "action": "point_add"}',
    b'{"id": "e3", "customer": "c2", "action": "point_add", "timestamp": "1999-01-01"}',
    json.dumps(event("e1", points=2)).encode(),
    json.dumps(event("e1")).encode(),
)


async def test_it_reads_as_the_host_does(tmp_path: Path) -> None:
    found = []
    for cores in (1, 2):
        async with at_work(tmp_path, cores) as at:
            before = at.helper.decided
            (part,) = await at.intake.take_in_parts(Unread(EventReader(NOW, "key"), 5, LINES))
            assert at.helper.decided - before == cores - 1
            kept = at.rows("SELECT id, body FROM event WHERE action = 'point_add' ORDER BY event")
            found.append(([str(one) for one in part.verdicts], part.ids, kept))

    alone, helped = found
    own = fallback_id("key", 8)
    assert helped == alone
    assert alone[1] == ["e1", None, None, own, None, "e1", "e1"]
    assert (alone[0][:2], alone[0][3], alone[0][6]) == ([TAKEN, SKIPPED], TAKEN, DUPLICATE)
    assert alone[2] == [("e1", LINES[0]), (own, LINES[3])]


async def test_what_is_about_to_be_written_counts_as_written(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        # A request fills a batch; its last event comes again with the first of the next ones.
        requests = [
            [event(f"e{part + number}", f"c{part + number}") for number in range(2)] * HALF
            for part in range(30)
        ]
        decided = at.helper.decided

        verdicts = await at.at_once(*requests)

        told = [one for part in verdicts for one in part]
        assert (told.count(TAKEN), told.count(DUPLICATE)) == (31, len(told) - 31)
        assert sorted(at.sent()) == sorted((f"c{n}", "point_add", 1) for n in range(31))
        assert at.helper.decided == decided + len(requests)


async def test_who_opts_out_is_sent_nothing_that_comes_right_behind(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        await at.take({"id": "c9", "score": 1})
        decided = at.helper.decided

        await at.at_once(
            [event(f"f{n}", "filler") for n in range(ITEMS_A_COMMIT)],
            [
                event("out", "c9", "opt_out"),
                *(event(f"g{n}", "filler") for n in range(1, ITEMS_A_COMMIT)),
            ],
            [event("after", "c9")],
        )

        assert [name for customer, name, _ in at.sent() if customer == "c9"] == ["opt_out"]
        assert at.helper.decided >= decided + 2


async def test_a_changed_mapping_counts_from_the_next_event_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        await at.take(event("e1"))
        text = configuration("http://127.0.0.1:9", events=("point_add",), fields=FIELDS)
        await at.apply(text.replace('external = "point_add"', 'external = "points"'))
        decided = at.helper.decided
        await at.take(event("e2"))

        assert [name for _, name, _ in at.sent()] == ["point_add", "points"]
        assert at.helper.decided == decided + 1


async def test_a_module_that_was_just_switched_off_is_asked_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        await at.bench.modules.switch("mparticle", False)
        await at.take(event("off"))
        await at.bench.modules.switch("mparticle", True)
        await at.take(event("on"))
        await at.helped()

        assert at.rows("SELECT made, not_made FROM ledger") == [(1, 1)]


async def test_what_came_long_ago_is_recognised_among_what_is_new(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        await at.take(*(event(f"old-{number}") for number in range(30)))
        await Indexing(at.bench.store, many=1).tick()
        told = []
        for part in range(3):  # the first time it does not look for old ones by itself
            decided = at.helper.decided
            (verdicts, behind) = await at.at_once(
                [
                    event(f"new-{part}"),
                    event(f"old-{part}"),
                    event("old-9", points=2),
                    *(event(f"more-{part}-{number}") for number in range(ITEMS_A_COMMIT)),
                ],
                [event(f"behind-{part}"), event(f"new-{part}"), event(f"old-{part}")],
            )
            assert at.helper.decided == decided + 2
            told.append([*map(str, verdicts[:3]), *behind])

        conflict = "an event with this id but other content was taken before; the first one stands"
        assert told == [[TAKEN, DUPLICATE, conflict, TAKEN, DUPLICATE, DUPLICATE]] * 3
        events = 30 + 3 * (2 + ITEMS_A_COMMIT)
        assert at.rows("SELECT count(*) FROM event WHERE action = 'point_add'") == [(events,)]
        assert at.rows("SELECT made FROM ledger") == [(events,)]


async def test_it_sees_customers_as_others_changed_them(tmp_path: Path) -> None:
    def many(name: str) -> list[dict[str, Any]]:
        return [event(f"{name}-{number}") for number in range(20)]

    async with desk(tmp_path, few=20) as at:
        with anyio.fail_after(PATIENCE):
            while not at.helper.decided:
                await at.take(*many(os.urandom(8).hex()))
        decided = at.helper.decided
        for score in (5, 6):
            await at.take({"id": "c1", "score": score})  # decided by the host
            await at.take(*many(f"score-{score}"))
        scores = at.rows(
            "SELECT e.id, b.payload ->> '$.profile.user_attributes.score' FROM event e"
            " JOIN message m USING (event) JOIN message_body b USING (message)"
            " WHERE e.id IN ('score-5-19', 'score-6-0') ORDER BY e.event"
        )
        await at.intake.erase("c1")
        await at.take(*many("erased"))
        owners = at.rows(
            "SELECT c.id, count(*) FROM event e JOIN customer c USING (customer)"
            " WHERE e.id LIKE 'score-%' OR e.id LIKE 'erased-%' GROUP BY c.id ORDER BY c.id"
        )

        assert scores == [("score-5-19", 5), ("score-6-0", 6)]
        assert [(owner.partition("-")[0], count) for owner, count in owners] == [
            ("c1", 20),
            ("erased", 40),
        ]
        assert at.helper.decided == decided + 3


# The host can do without it.


async def test_a_host_that_is_not_busy_starts_none(tmp_path: Path) -> None:
    async with desk(tmp_path, busy=100) as at:
        await at.take(*(event(f"e{number}") for number in range(90)))

        assert at.helper.process is None


async def test_a_few_are_decided_at_once_by_the_host(tmp_path: Path) -> None:
    async with desk(tmp_path, few=20) as at:
        for request in range(10):
            await at.take(*(event(f"few-{request}-{number}") for number in range(19)))
        alone = at.helper.process
        with anyio.fail_after(PATIENCE):
            while not at.helper.decided:
                await at.take(*(event(os.urandom(8).hex(), "warm-up") for _ in range(20)))
        decided = at.helper.decided
        await at.take(event("one more"))

        assert alone is None
        assert at.helper.decided == decided


async def test_nor_does_one_with_a_single_core(tmp_path: Path) -> None:
    async with desk(tmp_path, cores=1) as at:
        await at.take(*(event(f"e{number}") for number in range(3000)))

        assert at.helper.process is None


async def test_killed_at_work_it_costs_nothing_and_another_one_comes(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        killed = at.helper.process
        assert killed is not None
        requests = [
            [event(f"e{part}-{number}", points=part) for number in range(100)] for part in range(40)
        ]

        async def kill() -> None:
            os.kill(killed, signal.SIGKILL)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kill)
            verdicts = await at.at_once(*requests)

        assert verdicts == [[TAKEN] * 100] * 40
        assert at.rows("SELECT count(*) FROM event WHERE action = 'point_add'") == [(4000,)]
        await at.helped()
        assert at.helper.process not in (None, killed)


@pytest.mark.parametrize("size", [1, 5000], ids=["a short request", "one that cannot be sent"])
async def test_one_that_does_not_answer_is_given_up(tmp_path: Path, size: int) -> None:
    async with desk(tmp_path, answers_within=0.3, again_after=60.0) as at:
        await at.helped()
        stopped = at.helper.process
        assert stopped is not None
        os.kill(stopped, signal.SIGSTOP)

        assert (
            await at.take(*(event(f"e{n}", note="x" * size) for n in range(400))) == [TAKEN] * 400
        )

        assert at.helper.process is None
        with pytest.raises(ProcessLookupError):
            os.kill(stopped, 0)


async def test_one_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    async with desk(tmp_path, ready_within=0.3, again_after=60.0) as at:
        await at.busy_until(lambda: at.helper.process is not None)
        assert at.helper.process is not None
        os.kill(at.helper.process, signal.SIGSTOP)

        await at.busy_until(lambda: at.helper.process is None)

        assert at.helper.decided == 0


def _without_plugins(folder: Path, environment: Environment) -> Environment:
    other = folder / "other.toml"
    other.write_text("[plugins.mparticle]\nenabled = false\n")
    return replace(environment, plugins=other)


async def test_one_that_sees_other_plugins_decides_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with desk(tmp_path, told=partial(_without_plugins, tmp_path)) as at:
        await at.busy_until(lambda: at.helper.process is not None)
        await at.busy_until(lambda: at.helper.process is None)
        assert await at.take(event("last")) == [TAKEN]

        assert (at.helper.decided, at.helper.process) == (0, None)
        assert [name for _, name, _ in at.sent()] == ["point_add"]
    assert "OtherPlugins" in capfd.readouterr().out


async def test_one_of_changed_code_leaves_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, again_after=60.0) as at:
        told = Introduction(at.bench.environment, b"another edition")
        monkeypatch.setattr(at.helper, "_introduction", told)
        await at.busy_until(lambda: at.helper.process is not None)
        await at.busy_until(lambda: at.helper.process is None)
        assert await at.take(event("last")) == [TAKEN]

        assert at.helper.decided == 0


async def test_a_refusal_is_told_in_its_words(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        decided = at.helper.decided
        await at.take(event("e1"))

        (verdict,) = await at.take(event("e1", points=2))

        assert at.helper.decided == decided + 2
        assert isinstance(verdict, RefusedItem)
        assert (verdict.code, "the first one stands" in str(verdict)) == ("conflict", True)


async def test_it_ends_with_its_host(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.helped()
        process = at.helper.process
        assert process is not None

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert eventually(lambda: not list((tmp_path / "data").glob("*-wal")))
