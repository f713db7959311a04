"""Delivery against the stand-in: what arrives, and what each message is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from host import (
    Delivered,
    Isolate,
    Message,
    Payload,
    Rejected,
    Report,
    Retry,
    Stop,
)
from host.model import Kind, Secret
from host_mparticle.plugin import connect, deliver

pytestmark = pytest.mark.anyio
Build = Callable[..., Message]
HOUR_MS = 3_600_000


async def sent(bench: Any, *messages: Message) -> Report:
    return await deliver(connection=bench.connection, messages=messages, http=bench.http)


def outcomes(report: Report) -> list[type]:
    return [type(outcome) for outcome in report.outcomes]


async def test_settings_of_the_stand_in_connect_and_leave_nothing_there(bench: Any) -> None:
    assert await connect(settings=bench.connection.settings, http=bench.http) == (
        "mParticle feed …-key"
    )
    assert bench.stand_in.arrivals == []


async def test_each_message_is_a_batch_of_its_own(bench: Any, message: Build) -> None:
    report = await sent(bench, message(1), message(2))

    assert report == Report(outcomes=(Delivered(), Delivered()), status=202)
    assert [arrival["batch"] for arrival in bench.stand_in.arrivals] == [
        {
            "schema_version": 2,
            "environment": "development",
            "source_request_id": f"message-{number}",
            "user_identities": {"customer_id": f"c-{number}"},
            "events": [
                {
                    "event_type": "custom_event",
                    "data": {
                        "event_name": "point_add",
                        "custom_event_type": "transaction",
                        "timestamp_unixtime_ms": 1_795_526_400_000,
                        "source_message_id": f"event-{number}",
                        "custom_attributes": {"antavo_points": 10},
                    },
                }
            ],
        }
        for number in (1, 2)
    ]


async def test_a_profile_message_holds_no_event(bench: Any, message: Build) -> None:
    content: dict[str, Any] = {
        "user_identities": {"customer_id": "c-1"},
        "user_attributes": {"$firstname": "Ann"},
        "deleted_user_attributes": ["antavo_labels"],
    }
    payload = Payload(event=None, profile=content)

    await sent(bench, msgspec.structs.replace(message(), kind=Kind.PROFILE, payload=payload))

    (arrival,) = bench.stand_in.arrivals
    assert arrival["batch"]["events"] == []
    assert {name: arrival["batch"][name] for name in content} == content
    assert (arrival["kind"], arrival["event"], arrival["customer"]) == ("profile", None, "c-1")


async def test_an_old_event_goes_by_the_historical_call_and_names_its_customer(
    bench: Any, message: Build
) -> None:
    report = await sent(
        bench, message(route="historical", profile=None, timestamp=1_700_000_000_000)
    )

    assert outcomes(report) == [Delivered]
    (arrival,) = bench.stand_in.arrivals
    assert arrival["route"] == "historical"
    assert arrival["batch"]["user_identities"] == {"customer_id": "c-1"}


async def test_a_young_event_by_the_historical_call_is_refused(bench: Any, message: Build) -> None:
    now = int(time.time() * 1000)
    young = message(route="historical", timestamp=now - 71 * HOUR_MS)
    old = message(2, route="historical", timestamp=now - 73 * HOUR_MS)

    assert outcomes(await sent(bench, young)) == [Rejected]
    assert outcomes(await sent(bench, old)) == [Delivered]


async def test_the_frozen_environment_of_the_message_counts(bench: Any, message: Build) -> None:
    await sent(bench, message(environment="production"))

    assert bench.stand_in.arrivals[0]["environment"] == "production"


async def test_a_repeat_is_recognised_and_other_content_under_its_id_is_noticed(
    bench: Any, message: Build
) -> None:
    await sent(bench, message())
    assert outcomes(await sent(bench, message())) == [Delivered]
    assert bench.stand_in.counters["duplicates"] == 1
    assert bench.stand_in.counters["conflicting_repeats"] == 0

    await sent(bench, message(custom={"antavo_points": 11}))

    assert bench.stand_in.counters["conflicting_repeats"] == 1
    assert [
        a["batch"]["events"][0]["data"]["custom_attributes"] for a in bench.stand_in.arrivals
    ] == [{"antavo_points": 10}]
    assert bench.stand_in.requests == {"message-1": ["202", "duplicate", "duplicate"]}


@pytest.mark.parametrize(("status", "kind"), [(429, Retry), (500, Retry), (503, Retry)])
async def test_a_destination_that_is_unwell_is_retried_and_then_takes_it(
    bench: Any, message: Build, status: int, kind: type
) -> None:
    bench.stand_in.misbehave(status=status, retry_after=2, times=1)

    failed = await sent(bench, message(1), message(2))
    recovered = await sent(bench, message(1), message(2))

    assert outcomes(failed) == [kind, kind]
    assert failed.outcomes[0].after == 2.0  # type: ignore[union-attr]
    assert outcomes(recovered) == [Delivered, Delivered]
    assert bench.stand_in.requests["message-1"] == [str(status), "202"]


@pytest.mark.parametrize(
    ("misbehaviour", "kind"),
    [({"redirect": "https://example.com"}, Stop), ({"html": True}, Delivered)],
)
async def test_a_redirect_stops_and_a_web_page_is_noted(
    bench: Any, message: Build, misbehaviour: dict[str, Any], kind: type
) -> None:
    bench.stand_in.misbehave(**misbehaviour)

    (outcome,) = (await sent(bench, message())).outcomes

    assert type(outcome) is kind
    assert not isinstance(outcome, Delivered) or len(outcome.notes) == 2


async def test_wrong_credentials_stop_until_they_are_right(bench: Any, message: Build) -> None:
    good = bench.connection
    wrong = {**good.settings, "api_secret": Secret("other")}
    bench.connection = replace(good, settings=wrong)
    (outcome,) = (await sent(bench, message())).outcomes
    assert isinstance(outcome, Stop)
    assert outcome.field == "api_key"

    bench.connection = good
    assert outcomes(await sent(bench, message())) == [Delivered]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("located", [Delivered, Rejected, Delivered]),
        ("unlocated", [Isolate, Isolate, Isolate]),
        ("whole", [Isolate, Isolate, Isolate]),
    ],
)
async def test_a_poisoned_message_costs_its_neighbours_nothing(
    bench: Any, message: Build, answer: str, expected: list[type]
) -> None:
    messages = [message(number) for number in (1, 2, 3)]
    bench.stand_in.misbehave(poison={"source_message_id": "event-2", "answer": answer})

    assert outcomes(await sent(bench, *messages)) == expected

    alone = [outcomes(await sent(bench, each))[0] for each in messages]
    assert alone == [Delivered, Rejected, Delivered]
    assert [arrival["id"] for arrival in bench.stand_in.arrivals] == ["message-1", "message-3"]


async def test_a_fault_inside_an_event_is_located_by_its_position_in_the_body(
    bench: Any, message: Build
) -> None:
    odd = "Őszi 🎁 ajándék"
    messages = [message(1, name=odd), message(2, custom={"a": {"b": 1}}), message(3, name=odd)]

    report = await sent(bench, *messages)

    assert outcomes(report) == [Delivered, Rejected, Delivered]
    assert "line 1, position" in report.outcomes[1].reason.text  # type: ignore[union-attr]


async def test_the_gauge_is_reported(bench: Any, message: Build) -> None:
    bench.stand_in.misbehave(usage=92)

    assert (await sent(bench, message())).usage == 92.0


async def test_a_hundred_full_messages_fit_the_declared_limits(bench: Any, message: Build) -> None:
    messages = [message(number, custom={"antavo_text": "x" * 1900}) for number in range(100)]

    assert outcomes(await sent(bench, *messages)) == [Delivered] * 100


async def test_more_than_a_request_holds_is_isolated(bench: Any, message: Build) -> None:
    too_many = [message(number) for number in range(101)]
    too_large = [message(number, custom={"a": "x" * 4096}) for number in range(70)]

    assert set(outcomes(await sent(bench, *too_many))) == {Isolate}
    assert set(outcomes(await sent(bench, *too_large))) == {Isolate}
