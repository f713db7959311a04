"""When to try again: pure rules, given the clock and the dice.

The resend policy of one message, and the gate of one connection (rate limit, circuit, pace).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

RESEND_WAITS: Final = (30.0, 300.0, 1800.0, 7200.0, 18000.0)  # seconds; about 7½ hours in all
MAX_RESENDS: Final = 5
JITTER: Final = 0.2
MAX_RETRY_AFTER: Final = 3600.0
THROTTLE_FIRST: Final = 1.0
THROTTLE_MOST: Final = 60.0
PROBE_EVERY_MOST: Final = 60.0
LANES_TO_OPEN: Final = 3
CIRCUIT_AFTER: Final = 10
SLOW_FROM_USAGE: Final = 80.0
SLOWEST: Final = 1.0


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a `Retry-After` header: seconds or HTTP date, at most an hour.

    A date in the past is 0; nonsense is None, as if there were no header (RFC 9110, 10.2.3).
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = max(0.0, (moment - now).total_seconds())
    return min(seconds, MAX_RETRY_AFTER)


def resend_wait(
    waits: tuple[float, ...], attempts: int, after: float | None, dice: random.Random
) -> float | None:
    """Seconds until the next attempt, or None: out of attempts.

    `attempts` were made so far, this failed one included; `waits[n]` follows attempt n + 1,
    give or take a fifth. `after` is the destination's wish, a lower bound.
    """
    if attempts > len(waits):
        return None
    return max(dice.uniform(*_between(waits[attempts - 1])), after or 0.0)


def _between(wait: float) -> tuple[float, float]:
    """The shortest and the longest that a wait can become."""
    return wait * (1 - JITTER), wait * (1 + JITTER)


def first_resend_between(waits: tuple[float, ...]) -> tuple[float, float] | None:
    """Seconds from the first failure to the first resend, at least and at most; None: none."""
    return _between(waits[0]) if waits else None


def given_up_between(waits: tuple[float, ...], resends: int = 0) -> tuple[float, float]:
    """Seconds until a message is given up if every send fails, at least and at most.

    Counted from the failed send after so many `resends`; 0: from the first send. The
    destination may ask for more time.
    """
    bounds = [_between(wait) for wait in waits[resends:]]
    return sum(low for low, _ in bounds), sum(high for _, high in bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What holds back a whole connection. Times are milliseconds since 1970.

    `lanes` counts the different lanes seen failing since the last success, up to three;
    `lane` holds the marks of the first two, by which a third one is told.
    """

    not_before: int = 0
    failures: int = 0
    lanes: int = 0
    lane: int | None = None
    open: bool = False
    throttle: float = 0.0  # seconds of the last pause that we chose ourselves
    recovered_at: int = 0  # when the circuit closed: what failed before is due again

    def after_success(self, now: int, usage: float | None) -> Gate:
        """A request was answered well; `usage` is the destination's gauge in percent."""
        wait = int(slow_down(usage) * 1000)
        not_before = self.not_before
        if self.open:
            not_before = now + wait
        elif wait:  # a pause stands: another request may have met the limit meanwhile
            not_before = max(not_before, now + wait)
        return replace(
            self,
            not_before=not_before,
            failures=0,
            lanes=0,
            lane=None,
            open=False,
            throttle=0.0,
            recovered_at=now if self.open else self.recovered_at,
        )

    def after_rate_limit(self, now: int, after: float | None, dice: random.Random) -> Gate:
        """The destination said 429: nothing of this connection goes out for a while."""
        if after is None:
            step = min(max(self.throttle * 2, THROTTLE_FIRST), THROTTLE_MOST)
            wait = step * dice.uniform(1, 1 + JITTER)
        else:
            step, wait = self.throttle, after
        until = now + int(wait * 1000)
        return replace(self, not_before=max(until, self.not_before), throttle=step)

    def after_failure(
        self, now: int, lanes: tuple[int, ...], circuit_after: int, probe_every: float
    ) -> Gate:
        """A request failed that carried these lanes; `circuit_after` 0: never open."""
        marks = dict.fromkeys((*_unpacked(self.lane), *(_mark(lane) for lane in lanes)))
        seen = max(self.lanes, min(LANES_TO_OPEN, len(marks)))
        failures = self.failures + 1
        opens = self.open or (0 < circuit_after <= failures and seen >= LANES_TO_OPEN)
        wait = int(min(PROBE_EVERY_MOST, probe_every) * 1000)
        return replace(
            self,
            failures=failures,
            lanes=seen,
            lane=_packed(list(marks)),
            open=opens,
            not_before=max(self.not_before, now + wait) if opens else self.not_before,
        )


_MARK_BITS: Final = 31  # two marks fit a column
_LARGEST_MARK: Final = (1 << _MARK_BITS) - 1


def _mark(lane: int) -> int:
    """A lane in few bits, never 0. Two lanes with one mark are rare, and only counted as one."""
    return lane % _LARGEST_MARK + 1


def _packed(marks: Sequence[int]) -> int | None:
    first, second = (*marks[:2], 0, 0)[:2]
    return (first | second << _MARK_BITS) or None


def _unpacked(lane: int | None) -> list[int]:
    both = lane or 0
    return [mark for mark in (both & _LARGEST_MARK, both >> _MARK_BITS) if mark]


def slow_down(usage: float | None) -> float:
    """Seconds to wait before the next request when the destination's gauge nears 100."""
    if usage is None or usage <= SLOW_FROM_USAGE:
        return 0.0
    return SLOWEST * min(1.0, (usage - SLOW_FROM_USAGE) / (100.0 - SLOW_FROM_USAGE))
