"""From the first POST to the last arrival at the destination, delivery on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.events import bodies, events
from benchmarks.intake import SHAPES
from benchmarks.load import post, send
from benchmarks.sink import LATENCY
from benchmarks.subjects import Sink, Taker, host, sink, wait_until_settled
from benchmarks.table import Row

RUNS: Final = 3
LEAST_SECONDS: Final = 5.0  # a shorter run says more about its edges than about its middle
_FIRST_COUNT: Final = 10_000


def measure() -> Iterator[Row]:
    """One row for each shape, with the default delivery settings."""
    with sink() as destination, host(destination, delivers=True) as taker:
        for shape, size, connections, _ in SHAPES:

            def seconds(count: int, size: int = size, connections: int = connections) -> float:
                return _seconds(taker, destination, size, connections, count)

            count, runs = rates(seconds, RUNS)
            yield Row(
                what=f"end to end: {shape}",
                runs=runs,
                unit="events/s",
                note=f"{count:,} events a run, destination answers after {LATENCY * 1000:.0f} ms, "
                f"default concurrency; {taker.server.memory_mb():.0f} MB resident",
            )


def rates(seconds: Callable[[int], float], runs: int) -> tuple[int, tuple[float, ...]]:
    """How many items last `LEAST_SECONDS`, and items a second of each run with so many.

    The search for the number is the warm-up.
    """
    count = _FIRST_COUNT
    while (took := seconds(count)) < LEAST_SECONDS:
        wanted = count * LEAST_SECONDS * 1.2 / took
        count = math.ceil(wanted / 1000) * 1000
    return count, tuple(count / seconds(count) for _ in range(runs))


def _seconds(taker: Taker, destination: Sink, size: int, connections: int, count: int) -> float:
    url = taker.events_url
    requests = [post(url, body, taker.token) for body in bodies(events(count), size)]
    arrived = int(destination.counters()["batches"])
    load = send(url, requests, connections)
    last = destination.wait_for(arrived + count)
    wait_until_settled(taker.server.url, taker.token)
    return last - load.began
