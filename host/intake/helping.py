"""The helper's own process: decides batches with its own plugins and a connection that reads.

`python -m host.intake.helping FD`: of a socket to the host. It ends when the host hangs up,
however the host ends.
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from multiprocessing.connection import Connection
from typing import Final

import structlog

from host.config import PluginsFile
from host.intake.items import read_all
from host.intake.known import Known
from host.intake.plan import Plan
from host.intake.request import Answer, Introduction, Request, edition, hear, say
from host.intake.writes import Before, Writes
from host.interpreter import calm_collector
from host.logs import set_up_logs
from host.modules import Modules
from host.routing import RoutingCache
from host.store.engine import PREPARED_AT_MOST
from host.store.reading import Reading
from host.store.vault import Vault, keys_of

log: Final = structlog.get_logger("host.intake")


class Deciding:
    """Decides what the host asks for."""

    def __init__(self, told: Introduction) -> None:
        environment = told.environment
        self._modules = Modules(PluginsFile(environment.plugins))
        vault = Vault(keys_of(environment.home, environment.secret_keys))
        self._routing = RoutingCache(vault, self._modules.registry)
        self._modules.when_changed(self._routing.modules_changed)
        self._changes = 0  # of the host's modules
        self._known = Known()
        self._reading = Reading(environment.database)
        self._decided: deque[tuple[int, Before]] = deque(maxlen=PREPARED_AT_MOST)

    def answer(self, request: Request) -> Answer:
        """Decide a batch. What fails here, the host tries itself, and tells of it."""
        if request.modules != self._changes:
            self._modules.look()
            self._changes = request.modules
        writes: Writes | None = None
        try:
            writes = self._decide(request)
        except Exception as error:
            log.warning("a batch is left to the host", error=type(error).__name__)
        return Answer.of(writes, self._modules.registry.loaded)

    def _decide(self, request: Request) -> Writes:
        decided = dict(self._decided)
        coming = [decided[one] if isinstance(one, int) else one for one in request.coming]
        tx = self._reading.at(request.now)
        items = read_all(request.parts)
        routing, first_key = self._routing.read(tx), request.first_key
        plan = Plan(tx, self._known, items, routing, first_key, coming, thorough=request.thorough)
        writes = plan.writes
        writes.number = request.number
        self._decided.append((request.number, Before.of(writes)))
        return writes


def main() -> None:
    """Serve one host until it hangs up."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the host's to heed: it may still need us
        signal.signal(number, signal.SIG_IGN)
    set_up_logs()
    with Connection(int(sys.argv[1])) as host:
        try:
            told: Introduction = hear(host)
            if told.code != edition():
                log.warning("the host's code was changed: restart it to use an intake helper")
                return
            deciding = Deciding(told)
            calm_collector()
            say(host, None)
            while True:
                say(host, deciding.answer(hear(host)))
        except (EOFError, OSError):  # the host has hung up
            return
        except Exception as error:  # in words that tell of nobody
            log.error("the helper ends", error=type(error).__name__)


if __name__ == "__main__":
    main()
