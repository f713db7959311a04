"""The stand-in itself: what it refuses, how it misbehaves, what it shows."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from host import Message, RequestFailed
from host.http import DestinationPolicy, Http
from host.model import Connection
from host_mparticle.manifest import stand_in_settings
from host_mparticle.plugin import deliver
from host_mparticle.standin import StandIn, create_app
from host_mparticle.standin.validation import fault_of

NOW = 1_795_526_400_000
AUTH = ("demo-key", "demo-secret")


def batch(**changes: Any) -> dict[str, Any]:
    return {
        "schema_version": 2,
        "environment": "production",
        "source_request_id": "r-1",
        "user_identities": {"customer_id": "c-1"},
        "user_attributes": {"$firstname": "Ann", "labels": ["a", 1, True, None]},
        "events": [event()],
        **changes,
    }


def event(**changes: Any) -> dict[str, Any]:
    found = {
        "event_name": "point_add",
        "custom_event_type": "transaction",
        "timestamp_unixtime_ms": NOW,
        "source_message_id": "e-1",
        "custom_attributes": {"a": 1, "b": "x", "c": None, "d": True},
    }
    return {"event_type": "custom_event", "data": {**found, **changes}}


def test_a_good_batch_has_no_fault() -> None:
    assert fault_of(batch(), "", NOW) is None


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        ([], "Batch"),
        (batch(unknown=1), 'member "unknown"'),
        (batch(environment="test"), "Environment"),
        (batch(schema_version=3), "schema version"),
        (batch(source_request_id=7), "string"),
        (batch(user_identities={"email_address": "a"}), "email_address"),
        (batch(user_identities={"other": 7}), "string"),
        (batch(user_identities=[]), "object"),
        (batch(user_attributes={"a": {"b": 1}}), "parsing value"),
        (batch(user_attributes={"a": [[1]]}), "parsing value"),
        (batch(user_attributes={"n" * 257: 1}), "256"),
        (batch(user_attributes={"a": "x" * 4097}), "4096"),
        (batch(user_attributes={"a": ["x" * 513]}), "512"),
        (batch(user_attributes={"a": [1] * 1001}), "1000"),
        (batch(user_attributes={str(n): n for n in range(101)}), "100"),
        (batch(user_attributes={"a": 1}, deleted_user_attributes=["a"]), "Both set and deleted"),
        (batch(deleted_user_attributes=[1]), "strings"),
        (batch(events={}), "list"),
        (batch(events=[{"event_type": "custom_event"}]), "data is missing"),
        (batch(events=[{**event(), "event_type": "loyalty"}]), "Unknown event type"),
        (batch(events=[{**event(), "points": 1}]), "points"),
        (batch(events=[event(event_name="")]), "event_name is missing"),
        (batch(events=[event(event_name="n" * 257)]), "256"),
        (batch(events=[event(custom_event_type="loyalty")]), "CustomEventType"),
        (batch(events=[event(timestamp_unixtime_ms="today")]), "Int64"),
        (batch(events=[event(source_message_id=1)]), "string"),
        (batch(events=[event(custom_attributes={"a": {"b": 1}})]), "parsing value"),
        (batch(events=[event(custom_attributes={"a": [1]})]), "parsing value"),
        (batch(events=[event(custom_attributes={str(n): n for n in range(101)})]), "100"),
        (batch(events=[event()] * 700), "128 KB"),
    ],
)
def test_a_faulty_batch_is_refused(faulty: object, words: str) -> None:
    fault = fault_of(faulty, "", NOW)

    assert fault is not None
    assert words in fault.words


@pytest.mark.parametrize(
    ("events", "refused"),
    [
        ([], True),
        ([event(timestamp_unixtime_ms=None)], True),
        ([event(timestamp_unixtime_ms=NOW - 71 * 3_600_000)], True),
        ([event(timestamp_unixtime_ms=NOW - 73 * 3_600_000)], False),
    ],
)
def test_the_historical_call_has_rules_of_its_own(events: list[Any], refused: bool) -> None:
    assert (fault_of(batch(events=events), "historical", NOW) is not None) == refused


@pytest.fixture
async def client(anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://stand-in") as made:
        yield made


@pytest.mark.anyio
@pytest.mark.parametrize("base", ["/v2", "/s2s/v2"])
@pytest.mark.parametrize(
    ("auth", "status"), [(None, 401), (("demo-key", "wrong"), 403), (AUTH, 202)]
)
async def test_only_the_right_pair_is_let_in(
    client: httpx.AsyncClient, base: str, auth: Any, status: int
) -> None:
    answer = await client.post(f"{base}/bulkevents", json=[batch()], auth=auth)

    assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.anyio
async def test_a_bulk_answer_holds_one_escaped_error_for_each_bad_batch(
    client: httpx.AsyncClient,
) -> None:
    some = await client.post("/v2/bulkevents", json=[batch(), batch(x=1), batch(y=1)], auth=AUTH)
    all_bad = await client.post("/v2/bulkevents", json=[batch(x=1), batch(y=1)], auth=AUTH)
    single = await client.post("/v2/events", json=batch(x=1), auth=AUTH)

    assert (some.status_code, all_bad.status_code, single.status_code) == (202, 400, 400)
    assert [error["message"] for error in some.json()["errors"]] == [
        "Could not find member &quot;x&quot; on type Batch. Path &#x27;[1].x&#x27;.",
        "Could not find member &quot;y&quot; on type Batch. Path &#x27;[2].y&#x27;.",
    ]
    assert "Path &#x27;x&#x27;" in single.text


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"", b"nonsense", b"{}", b"7"])
async def test_a_body_of_another_shape_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v2/bulkevents", content=body, auth=AUTH)

    assert answer.status_code == 400


@pytest.mark.anyio
@pytest.mark.parametrize("well_again", [{}, {"reset": True}])
async def test_the_control_makes_it_unwell_so_many_times_and_well_again(
    client: httpx.AsyncClient, well_again: dict[str, bool]
) -> None:
    await client.post("/_control", json={"status": 429, "retry_after": 2, "times": 2})
    statuses = [(await client.post("/v2/bulkevents", json=[batch()], auth=AUTH)) for _ in range(3)]
    await client.post("/_control", json={"status": 503})
    unwell = await client.post("/v2/bulkevents", json=[batch()], auth=AUTH)
    await client.post("/_control", json=well_again)
    well = await client.post("/v2/bulkevents", json=[batch()], auth=AUTH)

    assert [answer.status_code for answer in statuses] == [429, 429, 202]
    assert statuses[0].headers["retry-after"] == "2"
    assert statuses[0].headers["x-mp-rate-limit-exceeded"] == '"feed"'
    assert (unwell.status_code, well.status_code) == (503, 202)
    counters = (await client.get("/counters")).json()
    assert counters == {
        "requests": 5,
        "unwell": 3,
        "accepted": 1,
        "duplicates": 1,
        "conflicting_repeats": 0,
        "refused": 0,
    }
    assert (await client.get("/requests")).json() == {
        "r-1": ["429", "429", "202", "503", "duplicate"]
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    "told",
    [
        {"statsu": 429},
        {"status": 42},
        {"status": "429"},
        {"kinds": ["earthquake"]},
        {"fail_rate": "often"},
        {"poison": {"name": "x"}},
        {"poison": {"event_name": "x", "answer": "loud"}},
        [],
    ],
)
async def test_the_control_refuses_what_it_does_not_know(
    client: httpx.AsyncClient, told: object
) -> None:
    answer = await client.post("/_control", json=told)

    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.anyio
async def test_failures_by_chance_are_the_same_for_the_same_seed(
    client: httpx.AsyncClient,
) -> None:
    async def run() -> list[int]:
        control = {"fail_rate": 0.5, "kinds": ["429", "503"], "seed": 7}
        await client.post("/_control", json=control)
        return [
            (await client.post("/v2/bulkevents", json=[], auth=AUTH)).status_code for _ in range(30)
        ]

    first = await run()

    assert set(first) == {202, 429, 503}
    assert await run() == first


@pytest.mark.anyio
async def test_arrivals_are_listed_as_the_manifest_promises_and_can_be_cleared(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/v2/bulkevents", json=[batch()], auth=AUTH)

    (arrival,) = (await client.get("/arrivals")).json()
    await client.delete("/arrivals")

    assert arrival["batch"] == batch()
    assert (arrival["id"], arrival["customer"]) == ("r-1", "c-1")
    assert (arrival["event"], arrival["environment"]) == ("point_add", "production")
    assert arrival["received_at"].endswith("Z")
    assert (await client.get("/arrivals")).json() == []
    assert (await client.get("/counters")).json()["accepted"] == 0


@pytest.mark.anyio
async def test_the_live_stream_keeps_environments_apart_and_escapes_everything(
    client: httpx.AsyncClient,
) -> None:
    evil = "<script>alert('$x')</script>"
    await client.post(
        "/v2/bulkevents",
        json=[
            batch(
                source_request_id="p", user_attributes={evil: evil}, events=[event(event_name=evil)]
            ),
            batch(source_request_id="d", environment="development", events=[]),
        ],
        auth=AUTH,
    )

    page = (await client.get("/")).text

    development, production = page.split('<section class="production">')
    assert "<footer>d</footer>" in development
    assert "<footer>p</footer>" in production
    assert "only. An empty Live Stream there is normal in production." in production
    assert evil not in page
    assert "&lt;script&gt;alert(&#x27;$x&#x27;)" in page


def test_memory_is_bounded_and_counters_are_complete() -> None:
    stand_in = StandIn(kept_arrivals=3, kept_ids=5)

    for number in range(10):
        stand_in.take([batch(source_request_id=str(number))], "", "", lost=False)

    assert [arrival["id"] for arrival in stand_in.arrivals] == ["7", "8", "9"]
    assert list(stand_in.requests) == ["5", "6", "7", "8", "9"]
    assert stand_in.counters["accepted"] == 10


@pytest.fixture
def served() -> Iterator[tuple[str, StandIn]]:
    """The stand-in on a real socket: a lost connection cannot be seen without one."""
    app = create_app()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", app.state.stand_in
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("misbehaviour", "kind"),
    [
        ({"cut_off": True, "times": 1}, "connection_lost"),
        ({"fail_rate": 1, "kinds": ["cut_off"]}, "connection_lost"),
        ({"fail_rate": 1, "kinds": ["timeout"]}, "timeout"),
        ({"slow": 30, "times": 1}, "timeout"),
    ],
)
async def test_a_lost_answer_is_seen_as_such_and_the_resend_is_recognised(
    served: tuple[str, StandIn],
    message: Callable[..., Message],
    misbehaviour: dict[str, Any],
    kind: str,
) -> None:
    base, stand_in = served
    settings = stand_in_settings(base)
    connection = Connection(id="m", module="mparticle", settings=settings)
    stand_in.misbehave(**misbehaviour)

    async with Http(DestinationPolicy(allow_private=True), timeout=0.5) as http:
        with pytest.raises(RequestFailed) as caught:
            await deliver(connection=connection, messages=[message()], http=http)
        stand_in.misbehave()
        report = await deliver(connection=connection, messages=[message()], http=http)

    assert caught.value.kind == kind
    assert report.status == 202
    assert stand_in.counters["accepted"] == 1
    assert stand_in.counters["duplicates"] == 1
    assert stand_in.requests["message-1"][1] == "duplicate"
