"""Events under trouble, and what must be true of them afterwards."""

from __future__ import annotations

import json
import random
import threading
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx

from tests.harness import HostProcess, StandInServer, eventually

Event = dict[str, Any]


def numbered_events(events: int, customers: int, prefix: str = "e") -> list[Event]:
    """Events of customers in turn; ids count up, so that each customer's order is plain."""
    return [
        {
            "id": f"{prefix}-{n:06d}",
            "customer": f"{prefix}-c{n % customers}",
            "action": "point_add",
            "data": {"points": n},
        }
        for n in range(events)
    ]


def arrived_by_customer(destination: StandInServer) -> dict[str, list[str]]:
    """Event ids that took effect, by customer, in the order of arrival."""
    arrived: dict[str, list[str]] = defaultdict(list)
    for customer, event in destination.effects():
        if event is not None:
            arrived[customer].append(event)
    return arrived


def check_arrivals(destination: StandInServer, events: Sequence[Event]) -> None:
    """Each event took effect exactly once, in its customer's order."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for event in events:
        wanted[event["customer"]].append(event["id"])
    arrived = arrived_by_customer(destination)
    assert {c: sorted(ids) for c, ids in arrived.items()} == wanted
    assert arrived == wanted, "order"
    assert destination.stand_in.counters["conflicting_repeats"] == 0


def post_all(host: HostProcess, events: Sequence[Event], at_once: int = 250) -> None:
    """Hand in events in requests of some."""
    for start in range(0, len(events), at_once):
        host.post(*events[start : start + at_once])


class Poster(threading.Thread):
    """Hands in events one small request after the other until the host is gone.

    `taken` counts what was answered 202; what was not is handed in again by the next one.
    """

    def __init__(self, host: HostProcess, events: Sequence[Event], taken: int) -> None:
        super().__init__(daemon=True)
        self.taken = taken
        self._events = events
        self._base = str(host.client.base_url)
        self._headers = dict(host.client.headers)

    def reached(self, goal: int) -> bool:
        """Whether so many are taken, or there is nobody to take more."""
        return self.taken >= goal or not self.is_alive()

    def run(self) -> None:
        """Post until all is taken or the connection breaks."""
        with httpx.Client(base_url=self._base, headers=self._headers, timeout=10) as client:
            while self.taken < len(self._events):
                some = self._events[self.taken : self.taken + 20]
                try:
                    answer = client.post("/api/events", content=json.dumps(some))
                except httpx.TransportError:
                    return
                if answer.status_code == 202:
                    self.taken += len(some)


def kill_under_load(
    host: HostProcess, events: Sequence[Event], kills: int, dice: random.Random
) -> None:
    """Hand in events while the host is killed again and again at moments of chance."""
    share = len(events) // (kills + 1)
    taken = 0
    for number in range(kills):
        poster = Poster(host, events[: (number + 1) * share], taken)
        poster.start()
        goal = taken + dice.randrange(share)
        eventually(partial(poster.reached, goal))
        poster.join(dice.random() * 0.15)  # somewhere within the next requests
        host.kill()
        poster.join()
        taken = poster.taken
        host.start()
    last = Poster(host, events, taken)
    last.start()
    last.join()
    assert last.taken == len(events)
