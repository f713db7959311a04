"""A full disk, a locked database, a second host, a wrong key: refused, and then all well again."""

from __future__ import annotations

import json
import resource
import sqlite3
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.harness import HostProcess, StandInServer, configuration, eventually, host_process
from tests.loads import Event, arrived_by_customer, check_arrivals, numbered_events


def post(host: HostProcess, events: list[Event]) -> httpx.Response:
    return host.client.post("/api/events", content=json.dumps(events), timeout=30)


def limit_files(host: HostProcess, size: int) -> None:
    """From now on no file of the host grows beyond so many bytes, as on a full disk."""
    assert host.process is not None
    _, hard = resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_full_disk_refuses_events_loses_no_outcome_and_recovers(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()
    first, refused, later = (numbered_events(20, 5, prefix) for prefix in ("a", "b", "c"))
    destination.misbehave(slow=0.7, times=1)
    host.post(*first)
    eventually(lambda: len(destination.arrivals) == 5)  # taken there; the answer is on its way

    limit_files(host, 4096)
    answers = [post(host, refused) for _ in range(2)]
    eventually(lambda: any("not written down yet" in line for line in host.log))
    limit_files(host, resource.RLIM_INFINITY)
    books = host.settle()
    host.post(*refused, *later)

    assert {answer.status_code for answer in answers} <= {429, 503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert books["made"] == books["delivered"] == 20
    assert host.settle()["delivered"] == 60
    assert destination.stand_in.counters["duplicates"] == 0
    check_arrivals(destination, [*first, *refused, *later])
    assert host.stop() == 0


@pytest.mark.soak  # it takes the whole time that a stop may take
def test_a_full_disk_does_not_keep_the_host_from_ending(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()
    events = numbered_events(3, 3)
    destination.misbehave(slow=0.5, times=1)
    host.post(*events)
    eventually(lambda: len(destination.arrivals) == 3)
    limit_files(host, 4096)
    eventually(lambda: any("not written down yet" in line for line in host.log))

    assert host.stop() == 0
    host.start()
    assert host.settle()["delivered"] == 3
    check_arrivals(destination, events)


def test_a_database_locked_by_another_process_is_told_and_outlived(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()
    first, second = numbered_events(20, 5, "a"), numbered_events(20, 5, "b")
    destination.misbehave(slow=0.5, times=1)
    host.post(*first)
    eventually(lambda: len(destination.arrivals) == 5)
    other = sqlite3.connect(host.home / "host.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    answer = post(host, second)
    alive = host.client.get("/healthz").status_code
    other.execute("ROLLBACK")
    other.close()
    books = host.settle()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert alive == 200
    assert books["made"] == books["delivered"] == 20
    host.post(*second)
    assert host.settle()["delivered"] == 40
    assert destination.stand_in.counters["duplicates"] == 0
    check_arrivals(destination, [*first, *second])


def test_a_second_host_on_the_folder_is_turned_away_and_the_first_goes_on(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()
    assert host.process is not None

    second = host.run("serve", "--port", "0")
    host.post(*numbered_events(1, 1))

    assert second.returncode == 1
    assert str(host.process.pid) in second.stderr
    assert host.settle()["delivered"] == 1
    host.kill()
    host.start()  # a lock does not outlive its process


def test_with_a_wrong_key_events_are_taken_nothing_is_overwritten_and_the_right_one_delivers(
    tmp_path: Path, destination: StandInServer
) -> None:
    right, wrong = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    events = numbered_events(4, 2)
    with host_process(tmp_path, LOYALTY_HOST_SECRET_KEY=right) as host:
        host.configure(configuration(destination.url))
        host.environment["LOYALTY_HOST_SECRET_KEY"] = wrong
        before = _secrets(host)
        host.start()

        host.post(*events)
        told = host.client.get("/api/connections/mparticle").json()
        renamed = host.client.put(
            "/api/connections/mparticle", json={"settings": {"development": False}}
        )
        tried = host.client.post("/api/connections/mparticle/test")
        kept = host.run("apply", "-", stdin='[connections.mparticle]\nmodule = "mparticle"\n')

        assert (told["state"], told["reason"]["code"]) == ("needs attention", "secret_key")
        assert renamed.status_code == tried.status_code == 422
        assert kept.returncode == 1
        assert _secrets(host) == before
        assert host.ledger()["waiting"] == 4
        assert destination.arrivals == []
        assert host.stop() == 0

        host.environment["LOYALTY_HOST_SECRET_KEY"] = f"{wrong},{right}"
        host.start()
        assert host.settle()["delivered"] == 4
        assert set(arrived_by_customer(destination)) == {"e-c0", "e-c1"}


def _secrets(host: HostProcess) -> bytes:
    with sqlite3.connect(host.home / "host.db") as database:
        found: bytes = database.execute("SELECT secrets FROM connection").fetchone()[0]
    database.close()
    return found
