"""How many events a second are taken: by the host, to disk, and by two servers to nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
RUNS: Final = 7


def measure() -> Iterator[Row]:
    """One row for each shape and server, and one that compares the first two servers."""
    with (
        sink() as destination,
        host(destination, delivers=False) as storing,
        host(destination, delivers=False, stores=False) as forgetting,
        baseline() as bare,
    ):
        takers = {
            "intake, committed to disk": (storing, "202 after fsync; delivery off"),
            "the same server, not storing": (forgetting, "takes, answers, forgets"),
            "its HTTP stack alone, not storing": (bare, "reads, checks, answers"),
        }
        for shape, size, connections, count in SHAPES:
            rates = _in_turns([taker for taker, _ in takers.values()], size, connections, count)
            for (what, (taker, note)), runs in zip(takers.items(), rates, strict=True):
                memory = f"{taker.server.memory_mb():.0f} MB resident"
                yield Row(
                    what=f"{what}: {shape}",
                    runs=runs,
                    unit="events/s",
                    note=f"{note}; {connections} connections; {memory}",
                )
            yield Row(
                what=f"storing beside not storing: {shape}",
                runs=tuple(100 * one / other for one, other in zip(*rates[:2], strict=True)),
                unit="%",
                note="of the events a second in the turn of both",
            )


def _in_turns(
    takers: Sequence[Taker], size: int, connections: int, count: int
) -> list[tuple[float, ...]]:
    """Each one's rates: the machine may change its pace meanwhile, then it does for all."""
    for taker in takers:
        rate(taker, size, connections, count // 5)  # warm-up
    turns = [[rate(taker, size, connections, count) for taker in takers] for _ in range(RUNS)]
    return list(zip(*turns, strict=True))


def rate(taker: Taker, size: int, connections: int, count: int) -> float:
    """Events a second that a server takes, in arrays of `size` over so many connections."""
    url = taker.events_url
    requests = [post(url, body, taker.token) for body in bodies(events(count), size)]
    return count / send(url, requests, connections).seconds
