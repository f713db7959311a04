"""`demo`: the main job in one go, on a stand-in destination and samples that come along."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from rich.console import Console
from rich.table import Table

from host import wire
from host.accounts import Accounts, Role
from host.app import Host, host
from host.cli.context import environment, run, say
from host.client import send_file, summary_line
from host.config import Environment
from host.configuration import ConnectionDraft
from host.errors import NotFound
from host.http import DestinationPolicy, Http
from host.logs import set_up_logs
from host.manifest import StandIn
from host.model import MessageState, Secret
from host.registry import Module
from host.samples import sample_customers, sample_events, sample_workflow
from host.server import Server, tell_ready
from host.store.lanes import Ruling
from host.store.ledger import read_ledger
from host.store.tokens import create_token
from host.workflow.document import read_workflow

_SETTLED_WITHIN = 60.0  # seconds
_NAME = "demonstration"  # of the admin who is signed in by the printed link


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End when everything is delivered; print what arrived.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the host; 0 takes a free one.")] = 8080,
) -> None:
    """Show the main job: sample events to the stand-in of the first module that ships one."""
    set_up_logs()
    if not run(partial(_demo, once=once, port=0 if once else port)):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What the demonstration runs on."""

    host: Host
    module: Module
    stand_in: StandIn
    url: str  # of the host
    destination: str  # URL of the stand-in
    token: Secret
    link: Secret  # signs whoever follows it in at the pages


async def _demo(*, once: bool, port: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="loyalty-host-demo-") as folder:
        home = Path(folder)
        settings = replace(
            environment(),
            home=home,
            database=f"sqlite:///{home}/host.db",
            secret_keys=(),
            allow_private=True,
        )
        async with _stage(settings, port) as (stage, server):
            await _connect(stage)
            async with anyio.create_task_group() as tasks:
                if not once:
                    tasks.start_soon(_show_arrivals, stage)
                await _send_samples(stage, home)
                if once:
                    whole = await _settled(stage)
                    await _print_arrivals(stage)
                    return whole
                _print_addresses(stage)
                await server.ended.wait()
                tasks.cancel_scope.cancel()
    return True


class _Running(Server):
    """A server of the demonstration: others wait for its start and its end."""

    def __init__(self, application: Any, port: int, *, signals: bool) -> None:
        self.is_ready, self.ended = anyio.Event(), anyio.Event()
        super().__init__(
            application, "127.0.0.1", port, signals=signals, on_ready=lambda _: self.is_ready.set()
        )

    async def run(self) -> None:  # type: ignore[override]
        """Serve until told to end."""
        try:
            await self.run_until_signal()
        finally:
            self.ended.set()


@asynccontextmanager
async def _stage(settings: Environment, port: int) -> AsyncIterator[tuple[_Stage, _Running]]:
    async with host(settings) as running, anyio.create_task_group() as tasks:
        module, stand_in = _first_with_stand_in(running)
        factory = _imported(stand_in.app)
        destination = _Running(factory(), 0, signals=False)
        server = _Running(running.application(), port, signals=True)
        for one in (destination, server):
            tasks.start_soon(one.run)
            await one.is_ready.wait()
        tell_ready(server.url)
        token = await running.bench.store.write(
            lambda tx: create_token(tx, "demonstration", "admin")
        )
        accounts = Accounts(running.bench.store)
        await accounts.add(_NAME, Role.ADMIN)
        link = await accounts.sign_in_link(_NAME)
        stage = _Stage(running, module, stand_in, server.url, destination.url, token, link)
        try:
            yield stage, server
        finally:
            server.should_exit = destination.should_exit = True


def _first_with_stand_in(running: Host) -> tuple[Module, StandIn]:
    for module in running.bench.modules.registry.modules:
        if module.ready and module.manifest and module.manifest.stand_in:
            return module, module.manifest.stand_in
    raise NotFound(
        "no enabled module ships a stand-in destination: enable one (loyalty-host plugins list)"
    )


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


async def _connect(stage: _Stage) -> None:
    draft = ConnectionDraft(
        id=stage.module.name,
        module=stage.module.name,
        settings={
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in stage.stand_in.settings(stage.destination).items()
        },
        fields=stage.stand_in.fields,
        events=stage.stand_in.events,
    )
    route = await stage.host.bench.configure.save(draft)
    say(f"connected {stage.module.title}: {route.row.title}")
    assert stage.module.manifest is not None, "a module with a stand-in has a manifest"
    kind = stage.module.manifest.event_types[0].name
    drawn = read_workflow(sample_workflow(route.row.id, kind))
    view = await stage.host.bench.workflows.save(drawn)
    say(f"drew the workflow “{view.row.name}”: it runs for every tier_up")


async def _send_samples(stage: _Stage, home: Path) -> None:
    now = datetime.now(UTC)
    for kind, content in (("customers", sample_customers(now)), ("events", sample_events(now))):
        file = home / f"{kind}.ndjson"
        file.write_bytes(content)
        summary = await send_file(
            file,
            kind=kind,  # type: ignore[arg-type]
            url=stage.url,
            token=stage.token.reveal(),
        )
        say(f"sent the sample {kind}: {summary_line(summary)}")


async def _settled(stage: _Stage) -> bool:
    """Wait until nothing waits; whether every message was delivered."""
    with anyio.move_on_after(_SETTLED_WITHIN):
        while True:
            books = await stage.host.bench.store.read(read_ledger)
            open_ = sum(
                book[state]
                for book in books.values()
                for state in MessageState
                if not state.settled
            )
            if not open_:
                return all(book["made"] == book["delivered"] > 0 for book in books.values())
            await anyio.sleep(0.05)
    return False


async def _arrivals(stage: _Stage) -> list[Mapping[str, Any]]:
    async with Http(DestinationPolicy(allow_private=True)) as http:
        answer = await http.request("GET", stage.destination + stage.stand_in.arrivals)
    arrived: list[Mapping[str, Any]] = wire.loads(answer.body)
    return arrived


async def _print_arrivals(stage: _Stage) -> None:
    arrived = await _arrivals(stage)
    table = Table(box=None, pad_edge=False, title=f"Arrived at {stage.module.title}")
    for column in ("CUSTOMER", "EVENT", "ENVIRONMENT", "ID"):
        table.add_column(column, overflow="fold")
    for one in arrived:
        table.add_row(
            str(one["customer"]), one["event"] or "(profile)", str(one["environment"]), one["id"]
        )
    Console(soft_wrap=True).print(table)
    print(f"{len(arrived)} arrived")


async def _show_arrivals(stage: _Stage) -> None:
    """A line for every message as it is settled."""
    async with stage.host.delivery.settled.listen() as listener:
        async for _, rulings in listener:
            _print_rulings(rulings)


def _print_rulings(rulings: Sequence[Ruling]) -> None:
    for ruling in rulings:
        message = ruling.claimed.message
        print(
            f"{ruling.state:12} {message.kind:8} {message.customer:36} {message.dedupe_id}",
            flush=True,
        )


def _print_addresses(stage: _Stage) -> None:
    token = stage.token.reveal()
    say("")
    say(f"The pages, signed in         {stage.url}/link/{stage.link.reveal()}")
    say(f"Live Stream of the stand-in  {stage.destination}{stage.stand_in.live_stream}")
    say(f"The host's API               {stage.url}/api/openapi.json")
    say(f"A token for it               {token}")
    say(f"Try: curl -H 'Authorization: Bearer {token}' {stage.url}/api/ledger")
    say(f"Stop with Ctrl-C (process {os.getpid()}).")
