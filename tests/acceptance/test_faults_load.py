"""Many events while the destination fails by chance, and while the host is killed."""

from __future__ import annotations

import random
from pathlib import Path

from tests.harness import HostProcess, StandInServer, configuration, eventually
from tests.loads import check_arrivals, kill_under_load, numbered_events, post_all

QUICK = "resend_waits = [0.05, 0.1, 0.1, 0.2, 0.2]\ntimeout = 0.4"


def test_each_event_takes_effect_once_and_in_order_while_a_fifth_of_requests_fails(
    host: HostProcess, destination: StandInServer
) -> None:
    # A customer's go one after another: fifty requests at least, however many share one.
    events = numbered_events(events=1200, customers=24)
    host.configure(configuration(destination.url, delivery=QUICK))
    host.start()
    destination.misbehave(
        fail_rate=0.2, kinds=["429", "503", "cut_off", "timeout"], seed=3, hang=1.0, retry_after=0
    )

    post_all(host, events, at_once=60)
    books = host.settle()

    assert books["made"] == 1200
    if books["undelivered"]:
        destination.misbehave()
        host.do("queue", "replay")
        assert host.settle()["undelivered"] == 0
    else:
        check_arrivals(destination, events)
    assert destination.stand_in.counters["accepted"] == 1200
    assert destination.stand_in.counters["conflicting_repeats"] == 0
    assert destination.stand_in.counters["unwell"] > 5


def test_nothing_answered_202_is_lost_when_the_host_is_killed_again_and_again(
    host: HostProcess, destination: StandInServer
) -> None:
    events = numbered_events(events=1000, customers=40)
    host.configure(configuration(destination.url, delivery=QUICK))
    host.start()
    destination.misbehave(latency_ms=30)

    kill_under_load(host, events, kills=3, dice=random.Random(11))
    books = host.settle()

    assert books["delivered"] == 1000
    check_arrivals(destination, events)
    assert host.stop() == 0


def test_with_the_circuit_off_a_message_is_sent_six_times_kept_and_replayed_when_all_is_well(
    host: HostProcess, destination: StandInServer
) -> None:
    events = numbered_events(events=30, customers=10)
    delivery = "resend_waits = [0.02, 0.02, 0.02, 0.02, 0.02]\ncircuit_after = 0"
    host.configure(configuration(destination.url, delivery=delivery))
    host.start()
    destination.misbehave(status=500)

    host.post(*events)
    books = host.settle()
    answers = destination.stand_in.requests
    kept = host.messages(state="undelivered")

    assert books["undelivered"] == 30
    assert list(answers.values()) == [["500"] * 6] * 30
    assert {(one["attempts"], one["resends"]) for one in kept} == {(6, 5)}
    assert {one["reason"]["code"] for one in kept} == {"out_of_attempts"}
    assert "HTTP 500" in kept[0]["reason"]["text"]
    history = host.client.get(f"/api/messages/{kept[0]['id']}").json()["history"]
    assert [(line["outcome"], line["status"]) for line in history] == [
        *[("retry", 500)] * 5,
        ("rejected", 500),
    ]
    assert host.messages(state="retrying") == host.messages(state="waiting") == []

    destination.misbehave()
    told = host.do("queue", "replay")

    assert '"changed":30' in told.replace(" ", "")
    assert host.settle() == {**books, "undelivered": 0, "delivered": 30}
    check_arrivals(destination, events)
    assert set(destination.stand_in.requests) == set(answers)  # the same dedupe ids


def test_an_outage_opens_the_circuit_and_all_that_waited_arrives_after_it(
    host: HostProcess, destination: StandInServer
) -> None:
    events = numbered_events(events=400, customers=200)
    host.configure(configuration(destination.url, delivery="resend_waits = [0.4, 0.6, 30, 30, 30]"))
    host.start()
    destination.misbehave(status=503)

    host.post(*events)
    eventually(lambda: destination.stand_in.counters["unwell"] >= 10)
    eventually(lambda: len(host.messages(state="retrying")) > 2)
    before = dict(destination.stand_in.requests)
    eventually(lambda: destination.stand_in.counters["unwell"] >= 13)
    probed = {
        id_: len(answers) - len(before.get(id_, []))
        for id_, answers in destination.stand_in.requests.items()
    }
    unsent = [one for one in host.messages(state="waiting") if one["attempts"] == 0]
    destination.misbehave()
    books = host.settle(patience=15)  # not after the 30 seconds of a later resend

    assert max(len(answers) for answers in destination.stand_in.requests.values()) <= 6
    assert max(probed.values()) <= 2
    assert len(unsent) >= 200
    assert books["delivered"] == 400
    check_arrivals(destination, events)


def test_a_clean_stop_finishes_what_is_under_way(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()
    destination.misbehave(slow=0.8)

    host.post(*numbered_events(events=6, customers=3))
    eventually(lambda: len(destination.arrivals) >= 3)
    code = host.stop()
    arrived = len(destination.arrivals)
    destination.misbehave()
    host.start()
    books = host.settle()

    assert code == 0
    assert arrived >= 3
    assert books["delivered"] == 6
    assert destination.stand_in.counters["duplicates"] == 0
    check_arrivals(destination, numbered_events(events=6, customers=3))


def helpers_of(host: HostProcess) -> list[int]:
    """The processes that a host has started."""
    assert host.process is not None
    tasks = Path(f"/proc/{host.process.pid}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def keep_busy(host: HostProcess, prefix: str) -> tuple[int, int]:
    """Hand in events until there is a helper, and some more; its process id, and how many."""
    events = numbered_events(events=40_000, customers=200, prefix=prefix)
    posted = 0
    while not (helpers := helpers_of(host)):
        assert posted < 30_000, "no helper came"
        post_all(host, events[posted : posted + 3000], at_once=3000)
        posted += 3000
    post_all(host, events[posted : posted + 4000], at_once=500)
    return helpers[0], posted + 4000


def has_ended(process: int) -> bool:
    """Whether a process is no more, or waits for somebody to notice."""
    state = Path(f"/proc/{process}/stat")
    try:
        return state.read_text().rpartition(") ")[2].startswith("Z")
    except FileNotFoundError:
        return True


def test_a_busy_host_takes_a_helper_and_neither_outlives_the_other(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()
    first, posted = keep_busy(host, "a")

    host.kill()

    eventually(lambda: has_ended(first))
    host.start()
    second, more = keep_busy(host, "b")
    assert host.settle(patience=60)["delivered"] == posted + more
    assert destination.stand_in.counters["conflicting_repeats"] == 0
    assert host.stop() == 0
    assert has_ended(second)
    # Who closes a database last leaves one file, which can be copied as it is.
    assert [path.name for path in host.home.glob("host.db*")] == ["host.db"]
