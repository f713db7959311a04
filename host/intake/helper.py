"""The helper: a second process that decides batches, so that a busy host uses another core.

It is started when much comes in, and the host does without it whenever it must: before it is
ready, after it died, and while it would ask other plugins than the host does.
"""

from __future__ import annotations

import math
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

import structlog

from host.config import Environment
from host.intake.items import Items
from host.intake.request import Answer, Introduction, Request, edition, hear, say
from host.intake.writes import Before
from host.registry import Registry
from host.routing import RoutingCache

log: Final = structlog.get_logger("host.intake")

FEW: Final = 100  # items of a batch: asking about fewer takes longer than deciding them
BUSY: Final = 2000  # items within a second: then it is worth a process
ANSWERS_WITHIN: Final = 30.0  # seconds; a helper that does not is given up
READY_WITHIN: Final = 60.0  # seconds from its start on
AGAIN_AFTER: Final = 60.0  # seconds between two starts
_BUFFER: Final = 4 * 1024 * 1024  # bytes: what is said of a batch goes in one piece, if it may


class OtherPlugins(Exception):
    """It would ask other plugins than the host, or other code of them."""


class Undecided(Exception):
    """It could not decide a batch."""


class Helper:
    """The helper of one host. One thread at a time asks and hears it."""

    def __init__(
        self,
        environment: Environment,
        routing: RoutingCache,
        registry: Registry,
        *,
        few: int = FEW,
        busy: int = BUSY,
        ready_within: float = READY_WITHIN,
        answers_within: float = ANSWERS_WITHIN,
        again_after: float = AGAIN_AFTER,
        cores: int | None = None,
    ) -> None:
        self._introduction = Introduction(environment, edition())
        self._routing = routing
        self._registry = registry
        self._few = few
        self._busy = busy if (cores or _cores()) > 1 else sys.maxsize
        self._ready_within = ready_within
        self._answers_within = answers_within
        self._again_after = again_after
        self._lock = threading.Lock()  # of the process: started by one thread, ended by another
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._ready = False
        self._closed = False
        self._started_at = -math.inf
        self._since, self._items = 0.0, 0  # how many items came since, within a second
        self._number = 0
        self._asked: dict[int, int] = {}  # numbers that are not answered → changes of modules
        self._differs: int | None = None  # since this change of modules it sees others than we
        self.decided = 0  # batches

    @property
    def process(self) -> int | None:
        """Its process id, from its start on."""
        process = self._process
        return None if process is None else process.pid

    def ready(self, items: int) -> bool:
        """Whether to ask it about a batch of so many items, for which it may be started."""
        if items < self._few:
            return False
        try:
            if self._connection is None:
                self._start_if_busy(items)
            elif not self._ready:
                self._look(self._connection)
        except Exception as error:  # the host can do without it
            self._give_up(error)
        return self._ready

    def ask(
        self,
        now: int,
        parts: Sequence[Items],
        first_key: int,
        coming: Sequence[Before | int],
        *,
        thorough: bool,
    ) -> int | None:
        """Have it begin to decide a batch, when it has answered the last; a number to hear by.

        None: the host has to decide that itself.
        """
        assert self._connection is not None, "it is ready"
        changes = self._routing.changes
        self._number += 1
        request = Request(self._number, now, first_key, thorough, changes, parts, coming)
        try:
            say(self._connection, request)
        except Exception as error:  # the host can decide that itself
            self._give_up(error)
            return None
        self._asked[self._number] = changes
        return self._number

    def hear(self, number: int) -> Answer | None:
        """Wait for what was decided; None: the host has to decide that itself, see `Plan`."""
        changes = self._asked.pop(number, None)
        if changes is None or self._connection is None:  # given up meanwhile
            return None
        try:
            if not self._connection.poll(self._answers_within):
                raise TimeoutError
            answer: Answer = hear(self._connection)
            if not self._registry.agrees(answer.modules):
                if changes == self._routing.changes:  # else the next answer tells
                    self._differs = changes
                    raise OtherPlugins
                return None
            if answer.writes is None:
                raise Undecided
        except Exception as error:  # whatever became of it: the host can decide that itself
            self._give_up(error)
            return None
        self.decided += 1
        return answer

    def close(self) -> None:
        """End the helper, whatever it does just now: it holds nothing."""
        with self._lock:
            self._closed = True
            self._end()

    def _look(self, connection: Connection) -> None:
        """See whether it has told that it is ready."""
        if connection.poll():
            self._ready = hear(connection) is None
        elif time.monotonic() - self._started_at > self._ready_within:
            raise TimeoutError

    def _start_if_busy(self, items: int) -> None:
        now = time.monotonic()
        if now - self._since > 1:
            self._since, self._items = now, 0
        self._items += items
        if self._items < self._busy or now < self._started_at + self._again_after:
            return
        if self._differs == self._routing.changes:
            return  # the next one would see other plugins too
        self._started_at = now
        with self._lock:
            if not self._closed:
                self._start()

    def _start(self) -> None:
        ours, its = socket.socketpair()
        with ours, its:
            # -P: no file of the working directory may pass for one of the host's.
            command = [sys.executable, "-P", "-m", "host.intake.helping", str(its.fileno())]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()]
            )
            limit = struct.pack("ll", math.ceil(self._answers_within), 0)
            for end in (ours, its):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            for way in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):  # it may stop at any byte
                ours.setsockopt(socket.SOL_SOCKET, way, limit)
            self._connection = Connection(ours.detach())
        say(self._connection, self._introduction)

    def _give_up(self, error: Exception) -> None:
        if not self._closed:
            log.warning("the host decides alone, without a helper", error=type(error).__name__)
        with self._lock:
            self._end()
        self._asked.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _end(self) -> None:
        self._ready = False
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
