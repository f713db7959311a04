"""The main job: events in, messages out."""

from __future__ import annotations

from tests.harness import HostProcess, StandInServer, configuration


def test_an_associated_event_arrives_once_in_its_environment(
    host: HostProcess, destination: StandInServer
) -> None:
    host.configure(configuration(destination.url))
    host.start()

    told = host.post(
        {"id": "e-1", "customer": "c-1", "action": "point_add", "data": {"points": 10}},
        {"id": "e-2", "customer": "c-1", "action": "daily_login"},
    )

    assert (told["taken"], told["ids"]) == (2, ["e-1", "e-2"])
    assert host.settle()["delivered"] == 1
    assert destination.effects() == [("c-1", "e-1")]
    assert destination.arrivals[0]["environment"] == "development"
    assert host.stop() == 0
