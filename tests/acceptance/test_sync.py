"""`sync`: every customer's mapped fields, through a crash, behind live events."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Scene, configuration, eventually, scene

CUSTOMERS = 1200


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Scene]:
    """A host that knows many customers, of whom nothing was sent yet."""
    with scene(tmp_path, fields=()) as opened:
        rows = [{"id": f"c-{n}", "tier": "gold"} for n in range(CUSTOMERS)]
        answer = opened.host.client.post("/api/customers", content=json.dumps(rows))
        assert answer.json()["taken"] == CUSTOMERS
        opened.host.settle()
        opened.host.configure(
            configuration(opened.destination.url, fields=[("tier", "antavo_tier")])
        )
        yield opened


def sent(known: Scene) -> Counter[str]:
    """How often each customer's tier arrived."""
    return Counter(
        one["customer"]
        for one in known.destination.arrivals
        if "antavo_tier" in one["batch"].get("user_attributes", {})
    )


def test_a_crash_in_the_middle_costs_and_doubles_nothing(known: Scene) -> None:
    known.destination.misbehave(latency_ms=100)
    threading.Thread(target=known.host.run, args=("sync", "mparticle"), daemon=True).start()
    eventually(lambda: len(sent(known)) > 100)

    known.host.kill()
    assert len(sent(known)) < CUSTOMERS
    known.destination.misbehave()
    known.host.start()
    told = known.host.do("sync", "mparticle")
    known.host.settle()

    assert told.startswith(f"looked at {CUSTOMERS}, made {CUSTOMERS}")
    assert sent(known) == Counter({f"c-{n}": 1 for n in range(CUSTOMERS)})


def test_a_live_event_overtakes_what_waits(known: Scene) -> None:
    known.destination.misbehave(latency_ms=700)
    threading.Thread(target=known.host.run, args=("sync", "mparticle"), daemon=True).start()
    eventually(lambda: len(sent(known)) > 100)

    known.host.post({"id": "live", "customer": "newcomer", "action": "point_add", "data": {}})
    eventually(lambda: ("newcomer", "live") in known.destination.effects())

    assert len(sent(known)) < CUSTOMERS
    known.destination.misbehave()
    known.host.settle()


def test_a_dry_run_counts_and_changes_nothing(known: Scene) -> None:
    told = known.host.do("sync", "mparticle", "--dry-run")

    assert told.strip() == f"would look at {CUSTOMERS}"
    assert sent(known) == Counter()


def test_a_connection_that_is_not_there_is_said_to_be_none(known: Scene) -> None:
    done = known.host.call("sync", "nothing")

    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no connection 'nothing'" in done.stderr
