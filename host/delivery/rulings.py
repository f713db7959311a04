"""Outcomes → what becomes of messages and connection. Pure, given the clock and the dice."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from host.configuration.model import DeliveryPolicy
from host.model import MessageState, Reason
from host.outcome import (
    RATE_LIMITED,
    Delivered,
    GiveUp,
    Isolate,
    Outcome,
    Rejected,
    ResendDecision,
    Retry,
    Stop,
)
from host.retry import Gate, resend_wait
from host.store.lanes import Claimed, Ruling
from host.store.outbox import state_of
from host.store.settling import Stopped

OUT_OF_ATTEMPTS: Final = "out_of_attempts"


def rule(
    claimed: Claimed,
    outcome: Outcome,
    decision: ResendDecision | None,
    policy: DeliveryPolicy,
    now: int,
    dice: random.Random,
) -> Ruling:
    """What becomes of one message; `decision` is the plugin's word on a retry, `now` in ms."""
    attempts = claimed.message.attempts + 1
    match outcome:
        case Delivered(notes=notes):
            return Ruling(
                claimed=claimed, state=MessageState.DELIVERED, attempts=attempts, notes=notes
            )
        case Rejected(reason=reason) | Isolate(reason=reason):
            return _undelivered(claimed, attempts, reason)
        case Stop():
            return untouched(claimed, now)
        case Retry(reason=reason, after=after):
            return _again(claimed, reason, after, decision, policy, now, dice)


def _again(
    claimed: Claimed,
    reason: Reason,
    after: float | None,
    decision: ResendDecision | None,
    policy: DeliveryPolicy,
    now: int,
    dice: random.Random,
) -> Ruling:
    attempts = claimed.message.attempts + 1
    if isinstance(decision, GiveUp):
        return _undelivered(claimed, attempts, decision.reason)
    wait = resend_wait(policy.resend_waits, attempts, after, dice)
    if wait is None:
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        text = f"given up after {times}: {reason.text}"
        return _undelivered(claimed, attempts, Reason(code=OUT_OF_ATTEMPTS, text=text))
    if decision is not None:
        wait = max(decision.seconds, after or 0.0)
    return Ruling(
        claimed=claimed,
        state=MessageState.RETRYING,
        attempts=attempts,
        due=now + int(wait * 1000),
        reason=reason,
    )


def _undelivered(claimed: Claimed, attempts: int, reason: Reason) -> Ruling:
    return Ruling(claimed=claimed, state=MessageState.UNDELIVERED, attempts=attempts, reason=reason)


def untouched(claimed: Claimed, now: int) -> Ruling:
    """The message stands as before the claim: nothing is counted."""
    attempts = claimed.message.attempts
    return Ruling(claimed=claimed, state=state_of(attempts), attempts=attempts, due=now)


def gate_after(
    group: Sequence[Claimed],
    outcomes: Sequence[Outcome],
    usage: float | None,
    policy: DeliveryPolicy,
    dice: random.Random,
) -> Callable[[Gate, int], Gate] | None:
    """How a request's outcomes change what holds the connection back."""
    retries = [outcome for outcome in outcomes if isinstance(outcome, Retry)]
    limited = [outcome for outcome in retries if outcome.reason.code == RATE_LIMITED]
    if any(isinstance(outcome, Stop) for outcome in outcomes):
        return None
    if limited:
        afters = [outcome.after for outcome in limited if outcome.after is not None]
        after = max(afters) if afters else None
        return lambda gate, now: gate.after_rate_limit(now, after, dice)
    if len(outcomes) > 1 and all(isinstance(outcome, Isolate) for outcome in outcomes):
        return None  # what comes next tells whether the destination is well
    if retries and len(retries) == len(outcomes):
        lanes = tuple(one.customer for one in group)
        first_wait = policy.resend_waits[0] if policy.resend_waits else 60.0
        return lambda gate, now: gate.after_failure(now, lanes, policy.circuit_after, first_wait)
    return lambda gate, now: gate.after_success(now, usage)


def stopped(outcomes: Sequence[Outcome]) -> Stopped | None:
    """Why the connection needs a person, if it does."""
    for outcome in outcomes:
        if isinstance(outcome, Stop):
            return Stopped(reason=outcome.reason, field=outcome.field)
    return None


def holds_back(outcomes: Sequence[Outcome]) -> bool:
    """Whether the next request had better not follow at once."""
    return any(isinstance(outcome, Stop | Retry) for outcome in outcomes)
