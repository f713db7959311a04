"""Waits at full size: ten thousand customers wait a real minute while the host is killed."""

from __future__ import annotations

import random
import time
from functools import partial
from pathlib import Path

import pytest

from tests.flows import told_of, waits_and_results, wanted_of, workflow
from tests.harness import StandInServer, configuration, eventually, host_process, stand_in
from tests.loads import kill_under_load, numbered_events

pytestmark = pytest.mark.soak

QUICK = "resend_waits = [0.1, 0.2, 0.3, 0.4, 0.5]\ntimeout = 0.5"
EVENTS, CUSTOMERS = 12_000, 10_000  # so that two thousand customers have two runs each
KILLS_WHILE_DUE = 8


def arrived(destination: StandInServer, goal: int) -> bool:
    """Whether so much has taken effect."""
    return bool(destination.stand_in.counters["accepted"] >= goal)


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_customers_wait_a_minute_and_each_goes_on_once_through_kills(
    tmp_path: Path, seed: int
) -> None:
    events = numbered_events(EVENTS, CUSTOMERS)
    dice = random.Random(seed)
    with stand_in(kept=EVENTS) as destination, host_process(tmp_path) as host:
        host.configure(
            configuration(destination.url, events=(), delivery=QUICK)
            + workflow("Later", "wait", "later")
        )
        host.start()
        assert host.client

        began = time.monotonic()
        kill_under_load(host, events, kills=3, dice=dice)
        taken = time.monotonic()
        host.kill()
        before = waits_and_results(host)
        host.start()
        goals = sorted(dice.randrange(1, EVENTS) for _ in range(KILLS_WHILE_DUE))
        for goal in goals:
            eventually(partial(arrived, destination, goal), patience=180)
            host.kill()
            host.start()
        eventually(lambda: waits_and_results(host) == (0, {"success": EVENTS}), patience=180)
        books = host.settle(patience=180)
        ended = time.monotonic()

        told = told_of(destination)
        wanted = wanted_of(events, "later")
        counters = destination.stand_in.counters
        print(
            f"seed {seed}: taken in {taken - began:.1f} s, {before} then, killed at {goals} "
            f"arrivals, all after {ended - began:.1f} s; {books}, {counters}"
        )
        assert books["made"] == books["delivered"] == EVENTS
        assert {c: sorted(ones) for c, ones in told.items()} == {
            c: sorted(ones) for c, ones in wanted.items()
        }
        assert told == wanted, "order"
        assert counters["conflicting_repeats"] == 0
