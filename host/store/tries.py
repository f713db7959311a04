"""Failed tries to sign in, and the growing wait that follows several in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from host.store.engine import Transaction

FREE_TRIES: Final = 5  # that may fail in a row before there is a wait
FORGOTTEN_MS: Final = 15 * 60_000  # after so long without a try, failures no longer count
_FIRST_WAIT_MS: Final = 1000
_LONGEST_WAIT_MS: Final = 15 * 60_000


def begin_try(tx: Transaction, subjects: Sequence[bytes]) -> int:
    """Count a try as failed, unless one of its subjects has to wait: for how many ms, else 0.

    Counted before it is known how it ends, so that many tries at once, of many processes, are
    not one. `subjects` are digests: of a name, of an address.
    """
    known = {subject: tx.row("failed_tries", subject) for subject in subjects}
    wait_ms = max((row[1] - tx.now for row in known.values() if row), default=0)
    if wait_ms > 0:
        return int(wait_ms)
    for subject, row in known.items():
        fresh = row is not None and tx.now - row[1] < FORGOTTEN_MS
        failures = 1 + (row[0] if row is not None and fresh else 0)
        tx.run("count_failure", subject, failures, tx.now + wait_after(failures))
    return 0


def wait_after(failures: int) -> int:
    """How long to wait after so many failures in a row, in ms."""
    if failures < FREE_TRIES:
        return 0
    return min(_FIRST_WAIT_MS << min(failures - FREE_TRIES, 20), _LONGEST_WAIT_MS)


def forget_tries(tx: Transaction, subjects: Sequence[bytes]) -> None:
    """The try went well: nothing has failed in a row any more."""
    for subject in subjects:
        tx.run("forget_failures", subject)
