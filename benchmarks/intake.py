"""How many events a second are taken: by the host, to disk, and by two servers to nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.events import bodies, events
from benchmarks.load import post, send
from benchmarks.subjects import Taker, baseline, host, sink
from benchmarks.table import Row

SHAPES: Final = (
    # what, items a request, connections, events a run
    ("single events", 1, 64, 20_000),
    ("arrays of 100", 100, 32, 100_000),
)
RUNS: Final = 5


def measure() -> Iterator[Row]:
    """One row for each server and shape."""
    with sink() as destination:
        with host(destination, delivers=False) as taker:
            yield from _rows(taker, "intake, committed to disk", "202 after fsync; delivery off")
        with host(destination, delivers=False, stores=False) as taker:
            yield from _rows(taker, "the same server, not storing", "takes, answers, forgets")
    with baseline() as taker:
        yield from _rows(taker, "its HTTP stack alone, not storing", "reads, checks, answers")


def _rows(taker: Taker, what: str, note: str) -> Iterator[Row]:
    for shape, size, connections, count in SHAPES:
        rate(taker, size, connections, count // 5)  # warm-up
        runs = tuple(rate(taker, size, connections, count) for _ in range(RUNS))
        memory = f"{taker.server.memory_mb():.0f} MB resident"
        yield Row(
            what=f"{what}: {shape}",
            runs=runs,
            unit="events/s",
            note=f"{note}; {connections} connections; {memory}",
        )


def rate(taker: Taker, size: int, connections: int, count: int) -> float:
    """Events a second that a server takes, in arrays of `size` over so many connections."""
    url = taker.events_url
    requests = [post(url, body, taker.token) for body in bodies(events(count), size)]
    return count / send(url, requests, connections).seconds
