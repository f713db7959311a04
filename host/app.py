"""Builds and wires; decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import structlog
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from host.accounts import Accounts
from host.api.answers import HANDLERS
from host.api.connections import connection_routes, module_routes
from host.api.doors import Doors
from host.api.intake import intake_routes
from host.api.messages import message_routes
from host.api.operations import operation_routes
from host.api.workflows import workflow_routes
from host.backfill.backfills import Backfills
from host.config import Environment, PluginsFile
from host.configure import Configure
from host.delivery.delivery import Delivery
from host.delivery.queue import Queue
from host.errors import HostFull, StoreUnavailable
from host.http import DestinationPolicy
from host.intake.clock import Clock
from host.intake.helper import Helper
from host.intake.indexing import Indexing
from host.intake.intake import Intake
from host.intake.planner import Planner
from host.metrics import Metrics
from host.modules import Modules
from host.pages.pages import pages
from host.pages.site import Site
from host.routing import RoutingCache
from host.store.lanes import free_all_leases
from host.store.lock import HostLock
from host.store.retention import drop_old
from host.store.store import Store

log: Final = structlog.get_logger("host.app")

RETENTION_EVERY: Final = 600.0  # seconds between looks for what is too old
DELETIONS_EVERY: Final = 1.0  # seconds between looks for what deleted connections still hold
_RETENTION_PAUSE: Final = 0.1  # seconds between small deletes: traffic goes first


class Workbench:
    """Store, modules and the flows that commands need, without a running host."""

    def __init__(self, environment: Environment, store: Store) -> None:
        self.environment = environment
        self.store = store
        self.modules = Modules(PluginsFile(environment.plugins))
        self.routing = RoutingCache(store.vault, self.modules.registry)
        self.modules.when_changed(self.routing.modules_changed)
        self.policy = DestinationPolicy(allow_private=environment.allow_private)
        self.configure = Configure(store, self.modules.registry, self.routing, self.policy)
        self.workflows = self.configure.workflows
        self.queue = Queue(store)
        self.backfills = Backfills(store, self.routing.read)


@asynccontextmanager
async def workbench(environment: Environment) -> AsyncIterator[Workbench]:
    """An open store with what works on it. Raises StoreFault."""
    store = await Store.open(environment.database, environment.home, environment.secret_keys)
    try:
        yield Workbench(environment, store)
    finally:
        await store.close()


class Host:
    """The running host: intake, delivery, and what follows configuration and time."""

    def __init__(self, bench: Workbench, *, delivers: bool = True) -> None:
        self.bench = bench
        self.delivers = delivers
        self.helper = Helper(bench.environment, bench.routing, bench.modules.registry)
        planner = Planner(bench.routing.read, self.helper)
        self.intake = Intake(bench.store, planner, bench.environment.home)
        self.delivery = Delivery(bench.store, bench.configure.routing, bench.policy)
        self.clock = Clock(bench.store, self.intake.take)
        self.indexing = Indexing(bench.store)
        self.metrics = Metrics()
        self.ready = False

    def application(self) -> Starlette:
        """The web application; its lifespan runs the host."""
        bench = self.bench
        doors = Doors(bench.store)
        application = Starlette(
            routes=[
                *intake_routes(self.intake, doors, self.metrics),
                *message_routes(bench.store, bench.queue, self.delivery, doors),
                *connection_routes(bench.configure, doors),
                *module_routes(bench.modules, doors),
                *workflow_routes(bench.workflows, bench.store, bench.routing.read, doors),
                *operation_routes(bench.store, self.metrics, lambda: self.ready),
            ],
            exception_handlers=dict(HANDLERS),
            lifespan=self._lifespan,
        )
        application.router.default = _Elsewhere(application.router.not_found, pages(self._site()))
        return application

    def _site(self) -> Site:
        bench = self.bench
        return Site(
            accounts=Accounts(bench.store),
            store=bench.store,
            modules=bench.modules,
            configure=bench.configure,
            queue=bench.queue,
            delivery=self.delivery,
            intake=self.intake,
            backfills=bench.backfills,
            workflows=bench.workflows,
            routing=bench.routing.read,
            home=bench.environment.home,
            ready=lambda: self.ready,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run every background task; at the end finish what is in flight."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.intake.run)
            tasks.start_soon(self.clock.run)
            tasks.start_soon(self.indexing.run)
            tasks.start_soon(self.bench.modules.follow)
            tasks.start_soon(self.bench.backfills.run)
            tasks.start_soon(self._forget_old)
            tasks.start_soon(self._finish_deletions)
            finished = anyio.Event()
            if self.delivers:
                tasks.start_soon(self._deliver, finished)
            else:
                finished.set()
            self.ready = True
            try:
                yield
            finally:
                self.ready = False
                with anyio.CancelScope(shield=True):
                    self.delivery.settled.close()
                    self.delivery.stop()
                    await finished.wait()
                tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with self.running():
            yield

    async def begin(self) -> None:
        """Put right what the last run left, and say what is not as it should be."""
        freed = await self.bench.store.write(free_all_leases)
        if freed:
            log.info("messages of the last run go again", messages=freed)
        await self.bench.configure.check_secrets()
        for notice in self.bench.modules.notices:
            log.warning("plugins.toml", notice=notice)
        for module in self.bench.modules.registry.modules:
            if module.enabled and not module.ready:
                log.warning("module not ready", module=module.name, reason=module.reason)

    async def _deliver(self, finished: anyio.Event) -> None:
        try:
            await self.delivery.run()
        finally:
            finished.set()

    async def _finish_deletions(self) -> None:
        while True:
            try:
                await self.bench.configure.finish_deletions()
                await self.bench.workflows.finish_deletions()
            except (StoreUnavailable, HostFull) as error:
                log.warning("a deletion is not finished yet", error=str(error))
            await anyio.sleep(DELETIONS_EVERY)

    async def _forget_old(self) -> None:
        while True:
            try:
                while await self.bench.store.write(drop_old):
                    await anyio.sleep(_RETENTION_PAUSE)
            except (StoreUnavailable, HostFull) as error:
                log.warning("nothing old was deleted", error=str(error))
            await anyio.sleep(RETENTION_EVERY)


class _Elsewhere:
    """What no route of the API answers: the pages, except under the API's own prefix."""

    def __init__(self, unknown: ASGIApp, site: ASGIApp) -> None:
        self._unknown = unknown
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        path = scope.get("path", "")
        app = self._unknown if path.startswith("/api/") or path == "/api" else self.site
        await app(scope, receive, send)


@asynccontextmanager
async def host(environment: Environment, *, delivers: bool = True) -> AsyncIterator[Host]:
    """The only host on a data folder. Raises AlreadyRunning or StoreFault."""
    lock = HostLock(environment.home)
    try:
        async with workbench(environment) as bench:
            found = Host(bench, delivers=delivers)
            try:
                await found.begin()
                yield found
            finally:
                found.helper.close()  # before the store: who closes it last tidies up
    finally:
        lock.release()
