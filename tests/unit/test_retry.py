"""When to try again: waits, jitter, Retry-After, and the gate of a connection."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from host.retry import (
    MAX_RETRY_AFTER,
    RESEND_WAITS,
    Gate,
    first_resend_between,
    given_up_between,
    read_retry_after,
    resend_wait,
    slow_down,
)

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
MS = 1_800_000_000_000


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        ("  7\t", 7.0),
        ("007", 7.0),
        ("3600", 3600.0),
        ("3601", MAX_RETRY_AFTER),
        ("9" * 400, MAX_RETRY_AFTER),
        ("Sat, 14 Mar 2026 12:00:30 GMT", 30.0),
        ("Saturday, 14-Mar-26 12:00:30 GMT", 30.0),
        ("Sat Mar 14 12:00:30 2026", 30.0),
        ("Sat, 14 Mar 2026 13:00:30 +0100", 30.0),
        ("Sat, 14 Mar 2026 11:59:00 GMT", 0.0),
        ("Fri, 14 Mar 1980 11:59:00 GMT", 0.0),
        ("Mon, 14 Mar 2039 12:00:00 GMT", MAX_RETRY_AFTER),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("²", None),
        ("NaN", None),
        ("inf", None),
        ("Sat, 99 Mar 2026 12:00:30 GMT", None),
        ("Sat, 14 Mar 99999 12:00:30 GMT", None),
        ("1, 2", None),
        ("\x00", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_and_nonsense_as_absent(
    header: str | None, seconds: float | None
) -> None:
    assert read_retry_after(header, NOW) == seconds


def test_a_date_is_compared_whatever_the_zone_of_the_clock() -> None:
    local = NOW.astimezone(tz=None) + timedelta(0)

    assert read_retry_after("Sat, 14 Mar 2026 12:00:30 GMT", local) == 30.0


@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 5])
def test_each_wait_is_its_own_give_or_take_a_fifth(attempts: int) -> None:
    wait = RESEND_WAITS[attempts - 1]

    drawn = [resend_wait(RESEND_WAITS, attempts, None, random.Random(n)) for n in range(300)]

    seconds = [one for one in drawn if one is not None]
    assert len(seconds) == 300
    assert 0.8 * wait <= min(seconds) < 0.83 * wait
    assert 1.17 * wait < max(seconds) <= 1.2 * wait


@pytest.mark.parametrize(
    ("waits", "attempts"), [(RESEND_WAITS, 6), (RESEND_WAITS, 60), ((), 1), ((1.0,), 2)]
)
def test_out_of_attempts_there_is_no_wait(waits: tuple[float, ...], attempts: int) -> None:
    assert resend_wait(waits, attempts, None, random.Random(1)) is None
    assert resend_wait(waits, attempts, 5.0, random.Random(1)) is None


@pytest.mark.parametrize(("after", "least"), [(None, 8.0), (0.0, 8.0), (3.0, 8.0), (600.0, 600.0)])
def test_the_destinations_wish_is_a_lower_bound(after: float | None, least: float) -> None:
    wait = resend_wait((10.0,), 1, after, random.Random(1))

    assert wait is not None
    assert least <= wait <= max(12.0, least)


def test_a_rate_limit_that_names_its_end_holds_until_then() -> None:
    gate = Gate(throttle=4.0).after_rate_limit(MS, 7.0, random.Random(1))

    assert (gate.not_before, gate.throttle, gate.open) == (MS + 7000, 4.0, False)


def test_a_rate_limit_without_an_end_doubles_up_to_a_minute_with_jitter_upward() -> None:
    gate, pauses = Gate(), []
    for _ in range(9):
        gate = gate.after_rate_limit(gate.not_before, None, random.Random(7))
        pauses.append(gate.throttle)
        assert gate.throttle * 1000 <= gate.not_before

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    well = gate.after_success(gate.not_before, None)
    assert well.after_rate_limit(0, None, random.Random(1)).throttle == 1


def test_a_shorter_pause_never_shortens_a_longer_one() -> None:
    gate = Gate().after_rate_limit(MS, 60.0, random.Random(1))

    assert gate.after_rate_limit(MS + 1, 1.0, random.Random(1)).not_before == MS + 60_000


def failing(gate: Gate, *requests: tuple[int, ...], after: int = 10) -> Gate:
    for lanes in requests:
        gate = gate.after_failure(MS, lanes, after, 30.0)
    return gate


LANES = [2**60 + 12_345, 2**60 + 12_346, 2**60 + 99_999]


def test_ten_failures_in_a_row_from_three_lanes_open_the_circuit() -> None:
    requests = [(LANES[n % 3],) for n in range(10)]

    almost = failing(Gate(), *requests[:9])
    opened = failing(almost, requests[9])

    assert (almost.open, opened.open) == (False, True)
    assert opened.not_before == MS + 30_000


@pytest.mark.parametrize("lanes", [1, 2])
def test_failures_of_fewer_than_three_lanes_never_open_it(lanes: int) -> None:
    gate = failing(Gate(), *[(LANES[n % lanes],) for n in range(100)])

    assert (gate.open, gate.lanes) == (False, lanes)


@pytest.mark.parametrize(
    "requests",
    [
        [tuple(LANES)] * 10,
        [(LANES[0],)] * 8 + [(LANES[1],), (LANES[2],)],
        [(LANES[0], LANES[1])] * 9 + [(LANES[2],)],
    ],
    ids=["together", "at the end", "two and one"],
)
def test_the_three_lanes_may_come_in_any_company(requests: list[tuple[int, ...]]) -> None:
    assert failing(Gate(), *requests).open


def test_a_success_in_between_begins_the_count_anew() -> None:
    gate = failing(Gate(), *[tuple(LANES)] * 9).after_success(MS, None)

    assert not failing(gate, *[tuple(LANES)] * 9).open
    assert gate.recovered_at == 0


def test_a_circuit_of_0_never_opens() -> None:
    assert not failing(Gate(), *[tuple(LANES)] * 1000, after=0).open


@pytest.mark.parametrize(("first_wait", "until"), [(0.2, 200), (30.0, 30_000), (7200.0, 60_000)])
def test_probes_come_every_first_wait_but_every_minute_at_least(
    first_wait: float, until: int
) -> None:
    gate = Gate(open=True).after_failure(MS, (1,), 10, first_wait)

    assert gate.not_before == MS + until


def test_one_success_closes_the_circuit_and_says_when() -> None:
    gate = failing(Gate(), *[tuple(LANES)] * 12).after_success(MS + 5, None)

    assert (gate.open, gate.failures, gate.lanes, gate.lane) == (False, 0, 0, None)
    assert (gate.recovered_at, gate.not_before) == (MS + 5, MS + 5)


def test_a_rate_limit_neither_opens_nor_closes_the_circuit() -> None:
    gate = failing(Gate(), *[tuple(LANES)] * 10)

    assert gate.after_rate_limit(MS, 1.0, random.Random(1)).open
    assert not Gate().after_rate_limit(MS, 1.0, random.Random(1)).open


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [(None, 0.0), (0.0, 0.0), (80.0, 0.0), (90.0, 0.5), (100.0, 1.0), (250.0, 1.0)],
)
def test_the_host_slows_down_as_the_gauge_nears_its_end(
    usage: float | None, seconds: float
) -> None:
    assert slow_down(usage) == seconds
    assert Gate().after_success(MS, usage).not_before == (MS + seconds * 1000 if seconds else 0)


def test_a_success_that_was_under_way_when_the_limit_was_met_ends_no_pause() -> None:
    paused = Gate().after_rate_limit(MS, 60.0, random.Random(1))

    assert paused.after_success(MS + 1, None).not_before == MS + 60_000


def test_waits_are_told_as_the_scheduler_draws_them() -> None:
    first = first_resend_between(RESEND_WAITS)
    drawn = [resend_wait(RESEND_WAITS, 1, None, random.Random(n)) or 0.0 for n in range(300)]

    assert first == (24.0, 36.0)
    assert 24.0 <= min(drawn) < 24.5 and 35.5 < max(drawn) <= 36.0


def test_giving_up_is_told_from_the_sends_that_are_left() -> None:
    assert given_up_between(RESEND_WAITS) == pytest.approx((21_864.0, 32_796.0))
    assert given_up_between(RESEND_WAITS, 4) == pytest.approx((14_400.0, 21_600.0))
    assert given_up_between(RESEND_WAITS, 5) == (0, 0)
    assert first_resend_between(()) is None
