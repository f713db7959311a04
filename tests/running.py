"""Intake and its clock on a real store, with workflows, a plugin that can be made to break its
promises, and two connections that nobody delivers for."""

from __future__ import annotations

import json
from asyncio import CancelledError
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import anyio

from host import Delivered, EventType, Manifest, Payload, Profile, Report, hookimpl, wire
from host.configuration import ConnectionConfig
from host.configuration.stored import to_stored
from host.delivery.late_mapping import map_late
from host.intake.clock import Clock as RunClock
from host.intake.intake import Intake
from host.intake.items import Taken, Verdict
from host.intake.planner import Planner
from host.model import EventMapping, FieldMapping, MessageState, ModuleState, from_ms
from host.reading.customers import read_customer
from host.reading.events import read_event
from host.registry import Module, Registry
from host.routing import RoutingCache
from host.store.check import check_books
from host.store.connections import read_connections, save_connection
from host.store.engine import Transaction
from host.store.lanes import Claimed
from host.store.messages import MessageView
from host.store.operations import Replayed, replay
from host.store.runs import StoredRun, Wait, due_waits, read_runs
from host.store.store import Store
from host.store.workflows import WorkflowEdit, WorkflowRow, find_workflow, save_workflow
from host.workflow import graph_as_json
from tests.graphs import drawn, read
from tests.storing import Clock, Outbox, connection_edit

MINUTE: Final = 60.0
DAY: Final = 86_400.0


class Odd(BaseException):
    """What no plugin may raise."""


@dataclass
class Plugin:
    """A plugin that tells the name, and does what a workflow's own word `trick` says."""

    mended: bool = False  # tricks do nothing any more

    def module(self) -> Module:
        """The module that it makes."""

        @hookimpl
        async def connect() -> str:
            return "Good"

        @hookimpl
        def sync_fields(customer: Any) -> Profile:
            name = customer.value("first_name") or None
            if name == "poison":
                raise ValueError("cannot map this")
            return Profile(content={"id": customer.id, "name": name})

        @hookimpl
        def map_event(event: Any, mapping: Any, profile: Any) -> Any:
            if event is None:
                return Payload(event=None, profile=profile.content)
            said = {**(event.data if mapping.attributes is None else {}), **mapping.constants}
            told = {"name": mapping.external, "type": mapping.type, "id": event.id, "says": said}
            if "trick" in said and not self.mended:
                return _tricked(said["trick"], told)
            return Payload(event=told, profile=profile.content)

        @hookimpl
        async def deliver(messages: Any) -> Report:
            return Report(outcomes=(Delivered(),) * len(messages))

        @hookimpl
        def resend() -> None:
            return None

        plugin = ModuleType("good_plugin")
        vars(plugin)["manifest"] = MANIFEST
        for hook in (connect, sync_fields, map_event, deliver, resend):
            setattr(plugin, hook.__name__, hook)
        return Module.of(plugin)


MANIFEST: Final = Manifest(
    name="good",
    title="Good",
    summary="For tests.",
    settings=(),
    event_types=(EventType(name="other", label="Other"),),
)


def _tricked(trick: str, told: dict[str, Any]) -> Any:
    """What the plugin answers when it breaks its promise so."""
    odd: Any = object()
    match trick:
        case "raises":
            raise ValueError("cannot map this")
        case "raises oddly":
            raise Odd("cannot map this")
        case "is cancelled":
            raise CancelledError
        case "interrupts":
            raise KeyboardInterrupt
        case "raises half a character":
            raise ValueError("\ud800")
        case "answers rubbish":
            return {"rubbish": True}
        case "answers what is no JSON":
            return Payload(event={"name": odd}, profile=None)
        case "notes what is no text":
            return Payload(event=told, profile=None, notes=(odd,))
        case "notes half a character":
            return Payload(event=told, profile=None, notes=("\ud800",))
        case "goes nowhere":
            return Payload(event=told, profile=None, route="\ud800")
        case _:
            return None


class Made(NamedTuple):
    """A message that was made. `event`, `profile`: parts of its payload, if it has one."""

    state: MessageState
    customer: str
    event: Mapping[str, Any] | None
    profile: Mapping[str, Any] | None
    reason: str | None
    text: str

    @property
    def name(self) -> str | None:
        """The external event; None: a profile, or nothing that is to be sent."""
        return self.event["name"] if self.event else None

    @property
    def says(self) -> Any:
        """What goes with the event."""
        return self.event["says"] if self.event else None


@dataclass
class Desk:
    """A store and the flows that matter here. Connections: `good` and `second`, both of the
    module `good`; `good` gets the event `checkout` by association."""

    store: Store
    clock: Clock
    intake: Intake
    due: RunClock
    routing: RoutingCache
    registry: Registry
    plugin: Plugin
    number: int = field(default=0)

    # What happens.

    async def take(self, *items: Mapping[str, Any]) -> list[Verdict]:
        """Take events (with an action) and profiles in one request."""
        return await self.intake.take([self.read(item) for item in items])

    def read(self, item: Mapping[str, Any]) -> Taken:
        """An item as it comes in."""
        raw = json.dumps(item).encode()
        if "action" not in item:
            return read_customer(raw)
        now = from_ms(int(self.clock.now * 1000))
        self.number += 1
        return read_event(raw, now=now, fallback_id=f"e-{self.number}".strip)

    async def event(self, customer: str = "c1", action: str = "point_add", **data: Any) -> Verdict:
        """Take one event."""
        (verdict,) = await self.take({"customer": customer, "action": action, "data": data})
        return verdict

    async def later(self, seconds: float) -> None:
        """Let time pass, and what is due go on."""
        self.clock.now += seconds
        while await self.due.tick():
            pass

    # What is configured.

    async def workflow(
        self,
        nodes: Sequence[dict[str, Any]],
        *edges: str,
        name: str = "flow",
        active: bool | None = True,
    ) -> WorkflowRow:
        """Save a workflow, new or changed, and by default activate it."""
        graph = wire.dumps(graph_as_json(read(drawn(list(nodes), *edges)))).decode()

        def write(tx: Transaction) -> WorkflowRow:
            edit = WorkflowEdit(
                row=find_workflow(tx, name), id=name, name=name, graph=graph, activate=active
            )
            return save_workflow(tx, edit)

        return await self.store.write(write)

    async def connect(self, id: str, *events: str, enabled: bool = True) -> None:
        """Save a connection that gets these events by association."""
        config = ConnectionConfig(
            id=id,
            module="good",
            fields=(FieldMapping(loyalty="first_name", remote="name"),),
            events=tuple(EventMapping(loyalty=e, external=f"a-{e}", type="other") for e in events),
        )

        def write(tx: Transaction) -> None:
            row = next((row for row in read_connections(tx) if row.id == id), None)
            edit = replace(
                connection_edit(id),
                key=row.key if row else None,
                version=row.version if row else None,
                module="good",
                document=to_stored(config)[0],
                enabled=enabled,
            )
            save_connection(tx, edit)

        await self.store.write(write)

    # What is to be seen.

    async def key(self, connection: str = "good") -> int:
        """The key of a connection."""
        return (await self.store.read(self.routing.read)).find(connection).key

    async def views(self, connection: str = "good") -> list[MessageView]:
        """Messages as lists show them, oldest first."""
        return [view for view in await self.outbox(0).views() if view.connection == connection]

    async def made(self, connection: str = "good") -> list[Made]:
        """Messages in the order in which they were made."""
        found: list[Made] = []
        for view in await self.views(connection):
            body = await self.store.read(partial(_body, view.key))
            payload = wire.loads(body[0]) if body and view.mapped else {}
            found.append(
                Made(
                    view.state,
                    view.customer,
                    payload.get("event"),
                    payload.get("profile"),
                    view.reason.code if view.reason else None,
                    view.reason.text if view.reason else "",
                )
            )
        return found

    async def names(self, connection: str = "good") -> list[tuple[str, str | None]]:
        """Customer and external event (None: a profile) of what is to be sent."""
        return [
            (one.customer, one.name)
            for one in await self.made(connection)
            if one.state is MessageState.WAITING
        ]

    async def runs(self, workflow: WorkflowRow) -> list[StoredRun]:
        """Runs of a workflow, oldest first."""
        runs, _ = await self.store.read(lambda tx: read_runs(tx, workflow.key))
        return runs[::-1]

    async def run(self, workflow: WorkflowRow) -> StoredRun:
        """The one run."""
        (run,) = await self.runs(workflow)
        return run

    async def waits(self) -> list[Wait]:
        """All waits, the next over first."""
        long_hence = int((self.clock.now + 1000 * DAY) * 1000)

        def look(tx: Transaction) -> list[Wait]:
            tx.now = long_hence
            return due_waits(tx, 10_000)

        return await self.store.read(look)

    def outbox(self, connection: int) -> Outbox:
        """The messages of a connection, to be claimed and settled."""
        return Outbox(self.store, self.clock, connection)

    async def sent(self, connection: str = "good") -> list[Made]:
        """Send everything; what was sent, in order. What waits for its mapping is mapped."""
        sent: list[Made] = []
        outbox = self.outbox(await self.key(connection))
        while (await outbox.books()).get("waiting"):
            batch = await outbox.claim(1000)
            for one in batch.claimed:
                mapped = one if one.snapshot is None else await self._mapped(one, connection)
                payload = mapped.message.payload
                made = (MessageState.DELIVERED, one.message.customer)
                sent.append(Made(*made, payload.event, payload.profile, None, ""))
            await outbox.settle(batch)
        return sent

    async def _mapped(self, claimed: Claimed, connection: str) -> Claimed:
        route = (await self.store.read(self.routing.read)).find(connection)
        mapped = await map_late(self.store, route, claimed)
        assert isinstance(mapped, Claimed), mapped
        return mapped

    async def replay(self, connection: str = "good") -> list[Replayed]:
        """Replay what is undelivered."""
        views = [
            view for view in await self.views(connection) if view.state is MessageState.UNDELIVERED
        ]
        return await self.store.write(lambda tx: [replay(tx, view) for view in views])


def _body(key: int, tx: Transaction) -> tuple[Any, ...] | None:
    return tx.row("body", key)


def shape(run: StoredRun) -> list[tuple[str, str]]:
    """Nodes passed, and how."""
    return [(step[0], step[1]) for step in run.steps]


def broken_module(of: Module) -> Module:
    """The same module after its code was broken."""
    return replace(of, state=ModuleState.BROKEN, reason="broken at import", _calls=None)


@asynccontextmanager
async def desk(
    folder: Path,
    *,
    clock: Clock | None = None,
    plugin: Plugin | None = None,
    broken: bool = False,
    connect: bool = True,
) -> AsyncIterator[Desk]:
    """A desk on a folder's store, new or as it was left."""
    clock, plugin = clock or Clock(), plugin or Plugin()
    store = await Store.open(f"sqlite:///{folder}/host.db", folder, clock=clock)
    module = plugin.module()
    registry = Registry([broken_module(module) if broken else module])
    routing = RoutingCache(store.vault, registry)
    intake = Intake(store, Planner(routing.read), folder, min_free_bytes=0)
    opened = Desk(store, clock, intake, RunClock(store, intake.take), routing, registry, plugin)
    try:
        if connect:
            await opened.connect("good", "checkout")
            await opened.connect("second")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(intake.run)
            yield opened
            tasks.cancel_scope.cancel()
        assert await store.read(check_books) == {}
    finally:
        await store.close()
