"""The plain script against the same sink, for comparison."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.end_to_end import RUNS, rates
from benchmarks.intake import SHAPES
from benchmarks.subjects import Sink, sink
from benchmarks.table import Row

PYTHON: Final = Path(__file__).parents[1] / ".bench" / "venv" / "bin" / "python"
SCRIPT: Final = Path(__file__).with_name("plain_script.py")


def measure() -> Iterator[Row]:
    """One row for each shape; raises FileNotFoundError without the vendor's client."""
    if not PYTHON.exists():
        raise FileNotFoundError("the vendor's client is not installed: run it by `make bench`")
    with sink() as destination:
        for shape, size, _, _ in SHAPES:

            def seconds(count: int, size: int = size) -> float:
                return _seconds(destination, count, size)

            count, runs = rates(seconds, RUNS)
            yield Row(
                what=f"mParticle's client, 16 threads: {shape}",
                runs=runs,
                unit="events/s",
                note=f"{count:,} events a run; keeps nothing, no order, no resend",
            )


def _seconds(destination: Sink, count: int, size: int) -> float:
    arrived = int(destination.counters()["batches"])
    done = subprocess.run(
        # The client is old: what it makes Python warn of is none of our business.
        [PYTHON, "-W", "ignore", SCRIPT, destination.url, str(count), str(size)],
        check=True,
        capture_output=True,
        text=True,
    )
    destination.wait_for(arrived + count)
    return float(done.stdout)
