"""The fault tests at full size: minutes long, so that they are run when asked for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.harness import (
    HostProcess,
    StandInServer,
    configuration,
    eventually,
    host_process,
    stand_in,
)
from tests.loads import check_arrivals, kill_under_load, numbered_events, post_all

pytestmark = pytest.mark.soak

QUICK = "resend_waits = [0.1, 0.2, 0.3, 0.4, 0.5]\ntimeout = 0.5"
SEEDS = [1, 2, 3]


@pytest.mark.parametrize("seed", SEEDS)
def test_five_thousand_events_take_effect_once_while_a_fifth_of_requests_fails(
    tmp_path: Path, seed: int
) -> None:
    events = numbered_events(events=5000, customers=300)
    with stand_in() as destination, host_process(tmp_path) as host:
        host.configure(configuration(destination.url, delivery=QUICK))
        host.start()
        destination.misbehave(
            fail_rate=0.2, kinds=["429", "503", "cut_off", "timeout"], seed=seed, hang=2.0
        )

        post_all(host, events, at_once=100)
        books = host.settle(patience=300)
        if books["undelivered"]:
            destination.misbehave()
            host.do("queue", "replay")
            books = host.settle()
        else:
            check_arrivals(destination, events)

        counters = destination.stand_in.counters
        assert (books["made"], books["delivered"]) == (5000, 5000)
        assert (counters["accepted"], counters["conflicting_repeats"]) == (5000, 0)
        print(f"seed {seed}: {books}, {counters}")


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_kills_lose_nothing_and_keep_the_order(tmp_path: Path, seed: int) -> None:
    events = numbered_events(events=8000, customers=200)
    with stand_in() as destination, host_process(tmp_path) as host:
        host.configure(configuration(destination.url, delivery=QUICK))
        host.start()
        destination.misbehave(latency_ms=20)

        kill_under_load(host, events, kills=20, dice=random.Random(seed))
        books = host.settle(patience=300)

        assert books["delivered"] == 8000
        check_arrivals(destination, events)
        print(f"seed {seed}: {books}, {destination.stand_in.counters}")


def test_memory_does_not_grow_with_the_backlog(tmp_path: Path) -> None:
    events = numbered_events(events=100_000, customers=20_000)
    with stand_in() as destination, host_process(tmp_path) as host:
        host.configure(configuration(destination.url))
        host.start()
        host.post(*numbered_events(2000, 500, "warm"))
        host.settle()
        host.client.post("/api/connections/mparticle/pause")
        begin = resident(host)
        post_all(host, events, at_once=1000)
        queued = resident(host)
        host.client.post("/api/connections/mparticle/resume")

        books = host.settle(patience=300)
        end = resident(host)

        assert books["delivered"] == 102_000
        print(f"resident MB: {begin} begin, {queued} with 100,000 waiting, {end} at the end")
        assert queued - begin < 120
        assert end - begin < 120
        assert destination.stand_in.counters["duplicates"] == 0


def resident(host: HostProcess) -> int:
    """Megabytes of memory that the host has used at most so far."""
    assert host.process is not None
    status = Path(f"/proc/{host.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


def test_an_outage_of_minutes_ends_with_everything_delivered(tmp_path: Path) -> None:
    events = numbered_events(events=3000, customers=1000)
    with stand_in() as destination, host_process(tmp_path) as host:
        host.configure(
            configuration(
                destination.url, delivery="resend_waits = [1, 60, 60, 60, 60]\ntimeout = 0.5"
            )
        )
        host.start()
        destination.misbehave(status=503)
        post_all(host, events)
        still_unwell(destination, requests=40)
        destination.misbehave()

        books = host.settle(patience=50)  # before any second resend by its own time

        assert books["delivered"] == 3000
        check_arrivals(destination, events)
        answers = destination.stand_in.requests.values()
        assert max(len(one) for one in answers) <= 6
        print(f"tried in the outage: {sum(len(one) > 1 for one in answers)} of 3000")


def still_unwell(destination: StandInServer, requests: int) -> None:
    """Wait until so many requests were turned away."""
    eventually(lambda: destination.stand_in.counters["unwell"] >= requests, patience=120)
