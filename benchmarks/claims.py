"""What one claim costs, and the memory it takes, however many messages wait.

Each case runs in a process of its own, so that filling one leaves nothing in the memory of
the next: `python -m benchmarks.claims WAITING due|backoff` prints one `Measurement` as JSON.
The store comes in through `SUBJECT`; without one the table has no such rows.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from benchmarks.processes import resident_mb
from benchmarks.table import Row
from host.model import ConnectionState, Kind
from host.store.connections import ConnectionEdit, save_connection
from host.store.customers import StoredCustomer, save_customers
from host.store.engine import Transaction
from host.store.lanes import claim
from host.store.ledger import Entries
from host.store.outbox import Body, Draft, enqueue
from host.store.store import Store

CASES: Final = (
    # waiting, heads in backoff, in words
    (10_000, False, "10,000 waiting, heads due"),
    (10_000, True, "10,000 waiting, heads in backoff"),
    (1_000_000, False, "1,000,000 waiting, heads due"),
    (1_000_000, True, "1,000,000 waiting, heads in backoff"),
)
CLAIMS: Final = 40  # of 100 lanes each, so that heads are left to the end
_CHUNK: Final = 10_000  # messages filled in at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A store as this measurement sees it; `Any` is the store's own type.

    `open` makes an empty store in a folder. `fill(store, n, backoff)` adds n messages over
    5,000 lanes: the heads due now, or (backoff) in an hour. `claim` asks once for a batch,
    as a delivery worker does, and keeps the lease.
    """

    open: Callable[[Path], Awaitable[Any]]
    fill: Callable[[Any, int, bool], Awaitable[None]]
    claim: Callable[[Any], Awaitable[object]]
    close: Callable[[Any], Awaitable[None]]


LANES: Final = 5_000
_BATCH: Final = 100  # messages a claim may take
_LEASE_MS: Final = 3_600_000
_HOUR_MS: Final = 3_600_000
_CONNECTION: Final = 1


async def _open(folder: Path) -> Store:
    store = await Store.open(f"sqlite:///{folder}/host.db", folder)
    edit = ConnectionEdit(
        key=None,
        version=None,
        id="bench",
        module="bench",
        title="",
        document=b"{}",
        secrets=b"",
        enabled=True,
        paused=False,
        environment=None,
        state=ConnectionState.CONNECTED,
    )
    await store.write(lambda tx: save_connection(tx, edit))
    customers = [StoredCustomer(key=n, id=f"customer-{n}") for n in range(1, LANES + 1)]
    await store.write(lambda tx: save_customers(tx, customers))
    return store


async def _fill(store: Store, count: int, backoff: bool) -> None:
    body = Body(payload='{"event":{"name":"bench","value":1},"profile":null}')

    def write(tx: Transaction) -> None:
        entries = Entries()
        drafts = [
            Draft(_CONNECTION, n % LANES + 1, Kind.EVENT, None, body, None) for n in range(count)
        ]
        enqueue(tx, drafts, entries)
        entries.enter(tx)
        if backoff:
            for customer in range(1, LANES + 1):
                tx.run("postpone_lane", tx.now + _HOUR_MS, tx.now, _CONNECTION, customer)

    await store.write(write)


async def _claim(store: Store) -> object:
    return await store.write(
        lambda tx: claim(tx, _CONNECTION, install=store.install, limit=_BATCH, lease_ms=_LEASE_MS)
    )


async def _close(store: Store) -> None:
    await store.close()


SUBJECT: Subject | None = Subject(open=_open, fill=_fill, claim=_claim, close=_close)


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of each claim; resident MB of the empty store and after the claims."""

    milliseconds: tuple[float, ...]
    opened_mb: float
    claimed_mb: float


def measure() -> Iterator[Row]:
    """Two rows a case: a claim's cost, and what the process grew by."""
    for waiting, backoff, words in CASES if SUBJECT is not None else ():
        found = _in_own_process(waiting, backoff)
        yield Row(what=f"one claim: {words}", runs=found.milliseconds, unit="ms")
        yield Row(
            what=f"memory: {words}",
            runs=(found.claimed_mb,),
            unit="MB resident",
            note=f"{found.opened_mb:.0f} MB with an empty store; filled in the same process",
        )


def _in_own_process(waiting: int, backoff: bool) -> Measurement:
    heads = "backoff" if backoff else "due"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.claims", str(waiting), heads],
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Measurement)


async def _measurement(subject: Subject, waiting: int, backoff: bool) -> Measurement:
    with TemporaryDirectory(prefix="loyalty-host-bench-") as folder:
        store = await subject.open(Path(folder))
        try:
            opened = resident_mb(os.getpid())
            for start in range(0, waiting, _CHUNK):
                await subject.fill(store, min(_CHUNK, waiting - start), backoff)
            milliseconds = tuple([await _one_claim(subject, store) for _ in range(CLAIMS)])
            claimed = resident_mb(os.getpid())
        finally:
            await subject.close(store)
    return Measurement(milliseconds=milliseconds, opened_mb=opened, claimed_mb=claimed)


async def _one_claim(subject: Subject, store: Any) -> float:
    began = time.perf_counter()
    await subject.claim(store)
    return (time.perf_counter() - began) * 1000


def main(waiting: int, backoff: bool) -> None:
    """Measure one case in this process and print it as JSON."""
    if SUBJECT is None:
        sys.exit("benchmarks.claims has no SUBJECT: there is no store to measure")
    found = asyncio.run(_measurement(SUBJECT, waiting, backoff))
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "backoff")
