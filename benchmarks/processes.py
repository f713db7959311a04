"""Servers in processes of their own: start, wait until ready, read their memory, stop."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_READY: Final = "ready http"
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0


class DidNotStart(RuntimeError):
    """A server ended, or said nothing, instead of becoming ready."""


@dataclass(slots=True, kw_only=True)
class Server:
    """A running server and the last lines that it wrote."""

    running: subprocess.Popen[str]
    url: str = ""
    lines: collections.deque[str] = field(default_factory=lambda: collections.deque(maxlen=30))
    ready: threading.Event = field(default_factory=threading.Event)

    def read_lines(self) -> None:
        """Follow the error output to its end, so that the server never blocks on writing."""
        assert self.running.stderr is not None
        for line in self.running.stderr:
            self.lines.append(line.rstrip())
            if line.startswith(_READY) and not self.url:
                self.url = line.split()[1]
                self.ready.set()
        self.ready.set()

    def memory_mb(self) -> float:
        """Resident memory now."""
        return resident_mb(self.running.pid)


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Server]:
    """Run a server that prints `ready http://HOST:PORT` on stderr; it is stopped at the end.

    Raises DidNotStart, with what the server wrote.
    """
    server = Server(
        running=subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    follower = threading.Thread(target=server.read_lines, daemon=True)
    follower.start()
    try:
        server.ready.wait(_START_SECONDS)
        if not server.url:
            raise DidNotStart(f"{' '.join(command)}:\n" + "\n".join(server.lines))
        yield server
    finally:
        _stop(server.running)
        follower.join(_STOP_SECONDS)


def _stop(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGTERM)
    try:
        running.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
