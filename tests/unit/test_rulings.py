"""Outcomes → what becomes of messages and of the connection."""

from __future__ import annotations

import random

import pytest

from host.configuration.model import DeliveryPolicy
from host.delivery.rulings import gate_after, holds_back, rule, stopped, untouched
from host.model import MessageState, Reason
from host.outcome import (
    RATE_LIMITED,
    Delivered,
    GiveUp,
    Isolate,
    Outcome,
    Rejected,
    ResendAfter,
    ResendDecision,
    Retry,
    Stop,
)
from host.retry import Gate
from host.store.lanes import Claimed, Ruling
from host.testing.builders import message

NOW = 1_800_000_000_000
POLICY = DeliveryPolicy(resend_waits=(10.0, 20.0))
UNWELL = Reason(code="destination_error", text="the destination is unwell (HTTP 503)")
LIMITED = Reason(code=RATE_LIMITED, text="too many")


def claimed(customer: int = 1, attempts: int = 0) -> Claimed:
    return Claimed(
        customer=customer,
        seq=1,
        key=customer,
        event=None,
        edition=1,
        message=message(attempts=attempts),
        size=10,
    )


def ruling(outcome: Outcome, attempts: int = 0, decision: ResendDecision | None = None) -> Ruling:
    return rule(claimed(attempts=attempts), outcome, decision, POLICY, NOW, random.Random(1))


@pytest.mark.parametrize(
    ("outcome", "state", "attempts"),
    [
        (Delivered(), MessageState.DELIVERED, 1),
        (Rejected(reason=UNWELL), MessageState.UNDELIVERED, 1),
        (Isolate(reason=UNWELL), MessageState.UNDELIVERED, 1),
        (Retry(reason=UNWELL), MessageState.RETRYING, 1),
        (Stop(reason=UNWELL), MessageState.WAITING, 0),
    ],
)
def test_an_outcome_becomes_a_state_and_a_count(
    outcome: Outcome, state: MessageState, attempts: int
) -> None:
    made = ruling(outcome)

    assert (made.state, made.attempts) == (state, attempts)


def test_notes_of_a_delivery_are_kept() -> None:
    assert ruling(Delivered(notes=("odd",))).notes == ("odd",)


def test_a_stop_keeps_a_message_that_was_tried_among_those_tried() -> None:
    made = ruling(Stop(reason=UNWELL), attempts=2)

    assert (made.state, made.attempts, made.due) == (MessageState.RETRYING, 2, NOW)


def test_each_failure_waits_its_own_time_until_none_is_left() -> None:
    first, second, last = (ruling(Retry(reason=UNWELL), attempts=n) for n in range(3))

    assert 8_000 <= first.due - NOW <= 12_000
    assert 16_000 <= second.due - NOW <= 24_000
    assert (last.state, last.attempts) == (MessageState.UNDELIVERED, 3)
    assert last.reason is not None
    assert (last.reason.code, last.reason.text) == (
        "out_of_attempts",
        "given up after 3 attempts: the destination is unwell (HTTP 503)",
    )


def test_without_resends_one_failure_is_the_end() -> None:
    policy = DeliveryPolicy(resend_waits=())
    made = rule(claimed(), Retry(reason=UNWELL), None, policy, NOW, random.Random(1))

    assert made.state is MessageState.UNDELIVERED
    assert made.reason is not None and "given up after 1 attempt:" in made.reason.text


@pytest.mark.parametrize(
    ("decision", "after", "due"),
    [
        (ResendAfter(seconds=0.0), None, NOW),
        (ResendAfter(seconds=3.0), None, NOW + 3_000),
        (ResendAfter(seconds=3.0), 60.0, NOW + 60_000),
        (None, 60.0, NOW + 60_000),
    ],
)
def test_the_plugin_may_choose_the_wait_but_not_below_the_destinations_wish(
    decision: ResendDecision | None, after: float | None, due: int
) -> None:
    assert ruling(Retry(reason=UNWELL, after=after), decision=decision).due == due


def test_the_plugin_may_give_up_but_cannot_go_on_beyond_the_last_attempt() -> None:
    enough = Reason(code="hopeless", text="never will be")

    given_up = ruling(Retry(reason=UNWELL), decision=GiveUp(reason=enough))
    insisted = ruling(Retry(reason=UNWELL), attempts=2, decision=ResendAfter(seconds=1.0))

    assert (given_up.state, given_up.reason) == (MessageState.UNDELIVERED, enough)
    assert insisted.state is MessageState.UNDELIVERED


def test_what_was_not_sent_stands_as_before() -> None:
    made = untouched(claimed(attempts=3), NOW)

    assert (made.state, made.attempts, made.due) == (MessageState.RETRYING, 3, NOW)


def gate(outcomes: list[Outcome], before: Gate | None = None, usage: float | None = None) -> Gate:
    """The gate after a request of so many lanes."""
    group = [claimed(customer) for customer in range(1, len(outcomes) + 1)]
    change = gate_after(group, outcomes, usage, POLICY, random.Random(1))
    before = before or Gate()
    return before if change is None else change(before, NOW)


FAILED: Outcome = Retry(reason=UNWELL)
OPEN = Gate(open=True, failures=12, lanes=3)


def test_a_request_that_failed_altogether_counts_toward_the_circuit() -> None:
    after = gate([FAILED, FAILED, FAILED], Gate(failures=9))

    assert (after.open, after.failures, after.not_before) == (True, 10, NOW + 10_000)


@pytest.mark.parametrize(
    "outcomes",
    [
        [Delivered()],
        [FAILED, Delivered()],
        [Rejected(reason=UNWELL)],
        [Isolate(reason=UNWELL)],
        [FAILED, Rejected(reason=UNWELL)],
    ],
    ids=["delivered", "in part", "rejected", "isolated alone", "an answer for one"],
)
def test_any_answer_shows_that_the_destination_is_there(outcomes: list[Outcome]) -> None:
    after = gate(outcomes, OPEN)

    assert (after.open, after.failures, after.recovered_at) == (False, 0, NOW)


def test_a_rate_limit_pauses_for_the_longest_wish_and_is_no_failure() -> None:
    outcomes: list[Outcome] = [
        Retry(reason=LIMITED, after=2.0),
        Retry(reason=LIMITED, after=9.0),
        Retry(reason=LIMITED),
    ]

    after = gate(outcomes, Gate(failures=9, lanes=3))

    assert (after.not_before, after.failures, after.open) == (NOW + 9_000, 9, False)


@pytest.mark.parametrize(
    "outcomes",
    [
        [Stop(reason=UNWELL), Stop(reason=UNWELL)],
        [Isolate(reason=UNWELL), Isolate(reason=UNWELL)],
    ],
    ids=["stopped", "all isolated"],
)
def test_what_tells_nothing_of_the_destinations_health_changes_nothing(
    outcomes: list[Outcome],
) -> None:
    assert gate(outcomes, Gate(failures=5)) == Gate(failures=5)


def test_a_gauge_near_its_end_slows_down() -> None:
    assert gate([Delivered()], usage=100.0).not_before == NOW + 1_000


def test_the_first_stop_tells_why_and_which_setting() -> None:
    stop = stopped([Delivered(), Stop(reason=UNWELL, field="api_key"), Stop(reason=LIMITED)])

    assert stop is not None
    assert (stop.reason, stop.field) == (UNWELL, "api_key")
    assert stopped([Delivered(), FAILED]) is None


@pytest.mark.parametrize(
    ("outcome", "held"),
    [
        (Delivered(), False),
        (Rejected(reason=UNWELL), False),
        (Isolate(reason=UNWELL), False),
        (FAILED, True),
        (Stop(reason=UNWELL), True),
    ],
)
def test_trouble_of_the_destination_holds_back_the_rest_of_a_batch(
    outcome: Outcome, held: bool
) -> None:
    assert holds_back([Delivered(), outcome]) is held
