"""`sync` at the prompt: with a host and without one, stopped, taken up again, refused."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import (
    FIELDS,
    LOYALTY_HOST,
    PATIENCE,
    HostProcess,
    Scene,
    configuration,
    eventually,
    scene,
)

CUSTOMERS = 1500  # more than can be made before a slow destination answers
AT_A_TIME = 500  # fewer messages than this wait at a time


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Scene]:
    """A host that knows many customers, of whom nothing was sent yet."""
    with scene(tmp_path, fields=()) as opened:
        rows = [{"id": f"c-{n}", "first_name": "Ada"} for n in range(CUSTOMERS)]
        opened.host.client.post("/api/customers", content=json.dumps(rows)).raise_for_status()
        opened.host.configure(configuration(opened.destination.url, fields=FIELDS))
        yield opened


def sent(known: Scene) -> Counter[str]:
    """How often each customer's profile arrived."""
    return Counter(customer for customer, event in known.destination.effects() if event is None)


def everybody() -> Counter[str]:
    """Each customer once."""
    return Counter({f"c-{n}": 1 for n in range(CUSTOMERS)})


def told(host: HostProcess, *options: str) -> dict[str, Any]:
    """What `sync --json` tells."""
    said: dict[str, Any] = json.loads(host.call("sync", "mparticle", *options, "--json").stdout)
    return said


def begin(host: HostProcess) -> subprocess.Popen[str]:
    """`sync` in a process of its own."""
    return subprocess.Popen(
        [str(LOYALTY_HOST), "sync", "mparticle"],
        env=host.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=host.folder,
    )


def hold(known: Scene) -> None:
    """Have the destination take its time, so that what was made waits."""
    known.destination.misbehave(latency_ms=2000)


def test_interrupted_the_host_goes_on_and_the_same_command_sees_the_end(known: Scene) -> None:
    hold(known)
    command = begin(known.host)
    eventually(lambda: known.host.ledger()["made"])

    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=PATIENCE)

    assert command.returncode == 130
    assert "the running host goes on" in err
    known.destination.misbehave()
    done = known.host.call("sync", "mparticle")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        f"looked at {CUSTOMERS}, made {CUSTOMERS}, unchanged 0, withheld 0, failed 0",
    )
    known.host.settle()
    assert sent(known) == everybody()


def test_paused_by_another_command_it_stops_and_is_taken_up_by_the_same(known: Scene) -> None:
    hold(known)
    command = begin(known.host)
    eventually(lambda: known.host.ledger()["made"])

    paused = told(known.host, "--pause")
    _, err = command.communicate(timeout=PATIENCE)
    other = known.host.call("sync", "mparticle", "--customer", "c-1")

    assert paused["state"] == "paused"
    assert paused["made"] < CUSTOMERS
    assert command.returncode == 1
    assert "paused" in err
    assert other.returncode == 1
    assert "a backfill is paused already" in other.stderr
    known.destination.misbehave()
    assert known.host.settle()["made"] == paused["made"]
    assert told(known.host)["state"] == "done"
    known.host.settle()
    assert sent(known) == everybody()


def test_cancelled_it_sends_no_more_than_was_made(known: Scene) -> None:
    hold(known)
    command = begin(known.host)
    eventually(lambda: known.host.ledger()["made"])

    cancelled = told(known.host, "--cancel")
    command.communicate(timeout=PATIENCE)
    again = known.host.call("sync", "mparticle", "--cancel")

    assert cancelled["state"] == "cancelled"
    assert command.returncode == 1
    assert again.returncode == 1
    assert "no backfill" in again.stderr
    known.destination.misbehave()
    assert known.host.settle()["made"] == cancelled["made"]
    assert sum(sent(known).values()) == cancelled["made"] < CUSTOMERS


def test_who_opts_out_before_their_turn_is_sent_nothing(known: Scene) -> None:
    hold(known)
    command = begin(known.host)
    eventually(lambda: known.host.ledger()["made"])

    last = f"c-{CUSTOMERS - 1}"
    known.host.post({"id": "leave", "customer": last, "action": "opt_out"})
    known.destination.misbehave()
    command.communicate(timeout=PATIENCE)

    known.host.settle()
    assert sent(known) == everybody() - Counter([last])
    assert told(known.host, "--customer", last)["withheld"] == 1


def test_without_a_host_it_makes_what_may_wait_and_the_next_host_does_the_rest(
    known: Scene,
) -> None:
    known.host.stop()

    first = known.host.call("sync", "mparticle")
    again = told(known.host)

    assert first.returncode == 0
    assert "no host is running" in first.stderr
    assert again["state"] == "running"
    assert 0 < again["made"] < AT_A_TIME
    assert again["waits_for"]["code"] == "messages_wait"
    known.host.start()
    assert told(known.host)["state"] == "done"
    known.host.settle()
    assert sent(known) == everybody()


def test_with_the_module_switched_off_it_waits_and_says_so(known: Scene) -> None:
    known.host.stop()
    known.host.do("plugins", "disable", "mparticle")

    waiting = told(known.host, "--customer", "c-1")
    known.host.do("plugins", "enable", "mparticle")
    done = told(known.host, "--customer", "c-1")

    assert (waiting["state"], waiting["made"]) == ("running", 0)
    assert waiting["waits_for"]["code"] == "module_disabled"
    assert (done["state"], done["made"], done["started_at"]) == ("done", 1, waiting["started_at"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "yesterday"), "--since takes a time"),
        (("--pause", "--cancel"), "only one of"),
        (("--cancel", "--customer", "c-1"), "whomever it is for"),
    ],
    ids=["since", "both", "whom"],
)
def test_what_cannot_be_meant_is_wrong_usage(
    host: HostProcess, options: tuple[str, ...], words: str
) -> None:
    done = host.call("sync", "mparticle", *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.split())
