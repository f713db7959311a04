"""Workflows while the host is killed: every event has all of its messages, every wait goes on."""

from __future__ import annotations

import random

from tests.flows import a_minute_passes, told_of, waits_and_results, wanted_of, workflow
from tests.harness import HostProcess, StandInServer, configuration, eventually
from tests.loads import kill_under_load, numbered_events, post_all

QUICK = "resend_waits = [0.05, 0.1, 0.1, 0.2, 0.2]\ntimeout = 0.4"


def test_a_killed_host_leaves_no_event_with_some_of_its_messages(
    host: HostProcess, destination: StandInServer
) -> None:
    events = numbered_events(events=240, customers=20)
    host.configure(
        configuration(destination.url, delivery=QUICK)
        + workflow("First", "one", "two")
        + workflow("Second", "three")
    )
    host.start()

    kill_under_load(host, events, kills=1, dice=random.Random(5))
    books = host.settle()

    assert books["made"] == books["delivered"] == 4 * 240
    assert told_of(destination) == wanted_of(events, "point_add", "one", "two", "three")
    assert destination.stand_in.counters["conflicting_repeats"] == 0


def test_waits_of_a_killed_host_go_on_once_and_in_order(
    host: HostProcess, destination: StandInServer
) -> None:
    events = numbered_events(events=600, customers=300)
    host.configure(
        configuration(destination.url, events=(), delivery=QUICK)
        + workflow("Later", "wait", "later")
    )
    host.start()
    post_all(host, events)
    host.kill()
    assert waits_and_results(host) == (600, {"waiting": 600})
    assert destination.arrivals == []

    a_minute_passes(host)
    destination.misbehave(latency_ms=50)
    host.start()
    eventually(lambda: len(destination.arrivals) >= 50)
    host.kill()
    host.start()
    eventually(lambda: waits_and_results(host) == (0, {"success": 600}))
    books = host.settle()

    assert books["made"] == books["delivered"] == 600
    assert told_of(destination) == wanted_of(events, "later")
    assert destination.stand_in.counters["conflicting_repeats"] == 0
