"""Workflows of a host in a process of its own: written, waiting, and what came of them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing

from tests.harness import HostProcess, StandInServer, event_id
from tests.loads import Event

Told = dict[str, list[tuple[str | None, str, int]]]
"""By customer: the loyalty event, the name under which it went, its points."""


def workflow(name: str, *nodes: str) -> str:
    """A workflow of `point_add` for `apply`, one node after the other: `wait`, or an event."""
    told = f'[[workflows]]\nname = "{name}"\nactive = true\n'
    told += '[[workflows.nodes]]\nid = "t"\ntype = "event_trigger"\nevent = "point_add"\n'
    before = "t"
    for number, node in enumerate(nodes):
        told += f'[[workflows.nodes]]\nid = "n{number}"\n'
        if node == "wait":
            told += 'type = "wait"\namount = 1\n'
        else:
            told += (
                'type = "marketing_communication"\nconnection = "mparticle"\n'
                f'event = "{node}"\nevent_type = "other"\n'
                'payload = { points = "{{ event.data.points }}" }\n'
            )
        told += f'[[workflows.edges]]\nfrom = "{before}"\nto = "n{number}"\n'
        before = f"n{number}"
    return told


def told_of(destination: StandInServer) -> Told:
    """What took effect, in order."""
    told: Told = defaultdict(list)
    for one in destination.arrivals:
        data = one["batch"]["events"][0]["data"]
        (points,) = data["custom_attributes"].values()
        told[one["customer"]].append((event_id(one), data["event_name"], points))
    return told


def wanted_of(events: list[Event], *names: str) -> Told:
    """What has to take effect of these events, under these names."""
    wanted: Told = defaultdict(list)
    for event in events:
        wanted[event["customer"]] += [
            (event["id"], name, event["data"]["points"]) for name in names
        ]
    return wanted


def a_minute_passes(host: HostProcess) -> None:
    """While the host does not run: everything waits a minute less."""
    with closing(sqlite3.connect(host.home / "host.db")) as database, database:
        database.execute("UPDATE wait SET due = due - 60000")


def waits_and_results(host: HostProcess) -> tuple[int, dict[str, int]]:
    """How many waits there are, and how many runs by their result."""
    with closing(sqlite3.connect(host.home / "host.db")) as database:
        (waits,) = database.execute("SELECT count(*) FROM wait").fetchone()
        results = database.execute("SELECT result, count(*) FROM run GROUP BY result").fetchall()
    return waits, dict(results)
