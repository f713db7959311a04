"""What one attempt came to, and the usual reading of an HTTP answer as a table.

Outcomes say what happens next (decided by `host.delivery`), not what the status was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from host.errors import RequestFailed
from host.model import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The destination accepted the message."""

    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """It may work later. `after` (seconds) is a lower bound that the destination asked for."""

    reason: Reason
    after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The destination will never take this message as it is."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolate:
    """Refused because of a neighbour in the same request: send it again with fewer."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing of this connection can be delivered until a person mends it.

    `field` names the setting to look at, when the destination's answer tells.
    """

    reason: Reason
    field: str | None = None


Outcome: TypeAlias = Delivered | Retry | Rejected | Isolate | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `deliver` answers: one outcome per message, in the order given.

    `status` is the HTTP status, for the history. `usage` is the destination's own gauge in
    percent of its limit, when it tells one: the host slows down before 100.
    """

    outcomes: tuple[Outcome, ...]
    status: int | None = None
    usage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendAfter:
    """The plugin's own wait before the next attempt, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """The plugin says that no further attempt can help."""

    reason: Reason


ResendDecision: TypeAlias = ResendAfter | GiveUp

RATE_LIMITED: Final = "rate_limited"

_Maker: TypeAlias = Callable[[Reason, float | None, bool], Outcome]


def _delivered(reason: Reason, after: float | None, alone: bool) -> Outcome:
    return Delivered()


def _noted(reason: Reason, after: float | None, alone: bool) -> Outcome:
    return Delivered(notes=(reason.text,))


def _retry(reason: Reason, after: float | None, alone: bool) -> Outcome:
    return Retry(reason=reason, after=after)


def _rejected(reason: Reason, after: float | None, alone: bool) -> Outcome:
    return Rejected(reason=reason) if alone else Isolate(reason=reason)


def _stop(reason: Reason, after: float | None, alone: bool) -> Outcome:
    return Stop(reason=reason)


STATUS_OUTCOMES: Final[Mapping[int, tuple[str, str, _Maker]]] = {
    200: ("accepted", "accepted", _delivered),
    201: ("accepted", "accepted", _delivered),
    202: ("accepted", "accepted", _delivered),
    204: ("accepted", "accepted", _delivered),
    400: ("rejected", "the destination refuses the content", _rejected),
    401: ("credentials", "the destination asks for credentials", _stop),
    403: ("credentials", "the destination refuses the credentials", _stop),
    404: ("address", "the destination knows no such address", _stop),
    405: ("address", "the address takes no such request", _stop),
    407: ("address", "a proxy in between asks for credentials", _stop),
    408: ("timeout", "the destination waited too long for the request", _retry),
    413: ("too_large", "the destination finds the request too large", _rejected),
    425: ("too_early", "the destination asks to try again", _retry),
    429: (RATE_LIMITED, "the destination's rate limit is reached", _retry),
}
"""HTTP status → (reason code, words, outcome). Statuses not named go by their hundred."""

_BY_HUNDRED: Final[Mapping[int, tuple[str, str, _Maker]]] = {
    2: ("unusual_answer", "accepted with an unusual status", _noted),
    3: ("redirect", "the address redirects elsewhere, which is not followed", _stop),
    4: ("rejected", "the destination refuses the request", _rejected),
    5: ("destination_error", "the destination is unwell", _retry),
}

_UNKNOWN: Final = ("destination_error", "the destination answered nonsense", _retry)


def outcome_for_status(
    status: int, *, alone: bool, after: float | None = None, words: str = ""
) -> Outcome:
    """The outcome of every message of a request that was answered with `status`.

    `alone`: the request held one message, so that a refusal is that message's own; in
    company it is `Isolate`. `after`: `Retry-After` in seconds. `words`: the destination's own.
    """
    code, text, maker = STATUS_OUTCOMES.get(status) or _BY_HUNDRED.get(status // 100, _UNKNOWN)
    text = f"{text} (HTTP {status})"
    return maker(Reason(code=code, text=f"{text}: {words}" if words else text), after, alone)


_FAILURES_THAT_PASS: Final = ("timeout", "connection_lost", "oversized_answer")


def outcome_for_failure(failure: RequestFailed) -> Outcome:
    """The outcome of every message of a request that got no answer."""
    reason = Reason(code=failure.kind, text=str(failure))
    return Retry(reason=reason) if failure.kind in _FAILURES_THAT_PASS else Stop(reason=reason)
