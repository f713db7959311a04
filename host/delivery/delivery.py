"""All connections' dispatchers: started, replaced and stopped as configuration goes."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
import anyio.abc
import structlog

from host.broadcast import Broadcast
from host.delivery.dispatcher import Dispatcher
from host.errors import StoreUnavailable
from host.http import DestinationPolicy
from host.model import ConnectionState
from host.routing import Route, Routing
from host.store.lanes import Ruling
from host.store.store import Store

log: Final = structlog.get_logger("host.delivery")

LOOK_EVERY: Final = 1.0  # seconds between looks at the configuration
FINISH_WITHIN: Final = 12.0  # seconds that requests in flight get at a stop


class Delivery:
    """Delivers everything that may be delivered, while `run` runs."""

    def __init__(
        self,
        store: Store,
        routing: Callable[[], Awaitable[Routing]],
        policy: DestinationPolicy,
        *,
        dice: random.Random | None = None,
    ) -> None:
        self._store = store
        self._routing = routing
        self._policy = policy
        self._dice = dice or random.Random()
        self._dispatchers: dict[int, Dispatcher] = {}
        self._stop = anyio.Event()
        self.settled: Broadcast[tuple[Route, Sequence[Ruling]]] = Broadcast()
        store.on_wake(self._wake)

    def stop(self) -> None:
        """Claim no more, finish what is in flight."""
        self._stop.set()
        for dispatcher in self._dispatchers.values():
            dispatcher.stop()

    async def run(self) -> None:
        """Deliver until stopped; at a stop, requests in flight get some time to end.

        What does not end in time is sent again under its id by the next host.
        """
        async with anyio.create_task_group() as tasks:
            while not self._stop.is_set():
                try:
                    self._follow(await self._routing(), tasks)
                except StoreUnavailable as error:
                    log.warning("cannot read the configuration", error=str(error))
                with anyio.move_on_after(LOOK_EVERY):
                    await self._stop.wait()
            tasks.cancel_scope.deadline = anyio.current_time() + FINISH_WITHIN

    def _follow(self, routing: Routing, tasks: anyio.abc.TaskGroup) -> None:
        """Have a dispatcher for exactly what can be delivered now."""
        wanted = {route.key: route for route in routing.routes if can_deliver(route)}
        for key, dispatcher in list(self._dispatchers.items()):
            route = wanted.get(key)
            same = route is not None and (route.row, route.module) == (
                dispatcher.route.row,
                dispatcher.route.module,
            )
            if not same:
                dispatcher.stop()
                del self._dispatchers[key]
        for key, route in wanted.items():
            if key not in self._dispatchers:
                dispatcher = Dispatcher(
                    self._store, route, self._policy, told=self._tell, dice=self._dice
                )
                self._dispatchers[key] = dispatcher
                tasks.start_soon(self._run, key, dispatcher)

    async def _run(self, key: int, dispatcher: Dispatcher) -> None:
        """One connection's trouble ends no other connection's delivery."""
        try:
            await dispatcher.run()
        except Exception as error:
            log.exception(
                "delivery failed",
                connection=dispatcher.route.row.id,
                error=type(error).__name__,
            )
            await anyio.sleep(LOOK_EVERY)
        finally:
            if self._dispatchers.get(key) is dispatcher:
                del self._dispatchers[key]

    def _wake(self, connection: int) -> None:
        dispatcher = self._dispatchers.get(connection)
        if dispatcher is not None:
            dispatcher.wake()

    def _tell(self, route: Route, rulings: Sequence[Ruling]) -> None:
        if self.settled.heard:
            self.settled.publish((route, rulings))


def can_deliver(route: Route) -> bool:
    """Whether a connection's messages can leave at all."""
    return (
        route.can_map
        and route.secrets_readable
        and route.row.enabled
        and not route.row.paused
        and route.row.state is ConnectionState.CONNECTED
    )
