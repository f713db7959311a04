"""Events handed in: what is taken, what is refused and how it is said, what arrives of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from host.api.answers import HANDLERS
from host.api.doors import Doors
from host.api.intake import intake_routes
from host.app import workbench
from host.config import Environment
from host.intake.intake import Intake
from host.intake.planner import Planner
from host.metrics import Metrics
from host.store.tokens import create_token
from tests.harness import Scene, eventually

NDJSON: Final = {"Content-Type": "application/x-ndjson"}
TOO_LARGE: Final = (
    b'{"id": "m-10", "customer": "m", "action": "point_add", "data": {"t": "%b"}}'
    % (b"x" * 1024 * 1024)
)

MIXED: Final = (
    (b'{"id": "m-1", "customer": "m", "action": "point_add", "data": {"points": 1}}', None),
    (b'{"id": "m-2", "customer": 77, "action": "point_add", "data": []}', None),
    (b"", None),
    (b'{"id": "m-4", "customer": "m", "action": ', "invalid_json"),
    (b'{"id": "m-5", "customer": true, "action": "point_add"}', "invalid_event"),
    (
        b'{"id": "m-6", "customer": "m", "action": "point_add", "timestamp": "soon"}',
        "invalid_time",
    ),
    (
        b'{"id": "m-7", "customer": "m", "action": "point_add", "data": {"n": 1e400}}',
        "invalid_number",
    ),
    (
        b'{"id": "m-8", "customer": "m", "action": "point_add", "data": {"t": "\\ud800"}}',
        "invalid_text",
    ),
    (b'{"id": "m-1", "customer": "m", "action": "point_add", "data": {"points": 2}}', "conflict"),
    (TOO_LARGE, "too_large"),
    (
        b'{"id": "m-11", "customer": "m", "action": "point_add", "guest": true}',
        "guest_with_customer",
    ),
    (b'{"id": "m-12", "action": "point_add", "guest": true}', None),
    (b'{"customer": "m", "action": "point_add", "data": null}', None),
)
"""A file with one line of each kind, and the code under which a line is refused."""

FILE: Final = b"\n".join(line for line, _ in MIXED) + b"\n"
REFUSED: Final = {line: code for line, (_, code) in enumerate(MIXED, 1) if code}


def event(customer: object, id_: str | None = None, **more: Any) -> dict[str, Any]:
    """An event that is taken and delivered."""
    told = {"customer": customer, "action": "point_add", **more}
    return told if id_ is None else {"id": id_, **told}


def post(shared: Scene, body: object, **headers: str) -> httpx.Response:
    """Hand in a body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return shared.host.client.post("/api/events", content=content, headers=headers)


def test_one_bad_line_of_each_kind_is_refused_by_itself_and_the_rest_arrives(
    shared: Scene, tmp_path: Path
) -> None:
    answer = shared.host.client.post("/api/events", content=FILE, headers=NDJSON)

    told = answer.json()
    assert answer.status_code == 202
    assert (told["taken"], told["duplicates"], told["skipped"]) == (4, 0, 1)
    assert {one["line"]: one["error"]["code"] for one in told["refused"]} == REFUSED
    assert {one["line"]: one["id"] for one in told["refused"]} == {
        **{line: f"m-{line}" for line in REFUSED},
        4: None,  # the line is cut off: it shows no id
        9: "m-1",
    }
    assert all(set(one) == {"line", "id", "error"} for one in told["refused"])
    assert all(one["error"]["message"] for one in told["refused"])
    fresh = told["ids"][12]
    assert fresh
    assert told["ids"] == ["m-1", "m-2", *[None] * 9, "m-12", fresh]
    shared.host.settle()
    arrived = [effect for effect in shared.destination.effects() if effect[0] in ("m", "77")]
    assert sorted(arrived) == sorted([("m", "m-1"), ("77", "m-2"), ("m", fresh)])


def test_a_file_that_is_sent_again_says_the_same_and_delivers_nothing_new(
    shared: Scene, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(FILE.replace(b'"m-', b'"n-').replace(b'"m"', b'"n"'))
    lines = [f"line {line}: {code}: " for line, code in REFUSED.items()]

    first = shared.host.run("send", str(file))
    shared.host.settle()
    arrived = len(shared.destination.batches("n"))
    second = shared.host.run("send", str(file), "--json")

    assert first.returncode == 1
    assert first.stdout.splitlines()[-1] == "taken 4, duplicates 0, skipped 1, refused 8"
    said = [line for line in first.stderr.splitlines() if line.startswith("line ")]
    assert len(said) == len(lines)
    assert all(line.startswith(start) for line, start in zip(said, lines, strict=True))
    told = json.loads(second.stdout)
    assert second.returncode == 1
    assert (told["taken"], told["duplicates"], told["skipped"]) == (0, 4, 1)
    assert {one["line"]: one["error"]["code"] for one in told["refused"]} == REFUSED
    assert len(told["ids"]) == len(MIXED)
    shared.host.settle()
    assert len(shared.destination.batches("n")) == arrived == 2


def test_items_of_an_array_are_named_by_index_and_one_object_needs_no_array(shared: Scene) -> None:
    array = post(shared, [event("a", "a-0"), event(""), event("a", "a-2"), 3]).json()
    alone = post(shared, event("a", "a-3"))

    assert array["ids"] == ["a-0", None, "a-2", None]
    assert [one["index"] for one in array["refused"]] == [1, 3]
    assert {one["error"]["code"] for one in array["refused"]} == {"invalid_event"}
    assert (alone.status_code, alone.json()["ids"]) == (202, ["a-3"])
    assert post(shared, []).status_code == 202


@pytest.mark.parametrize(
    "fault",
    [
        {"customer": None},
        {"customer": ""},
        {"customer": False},
        {"customer": 1.5},
        {"customer": ["c"]},
        {"customer": {"id": "c"}},
        {"customer": "c" * 513},
        {"action": None},
        {"action": ""},
        {"action": 5},
        {"data": "text"},
        {"data": [1]},
    ],
    ids=repr,
)
def test_an_event_that_is_no_event_is_refused(shared: Scene, fault: dict[str, Any]) -> None:
    answer = post(shared, {**event("refused"), **fault})

    assert answer.status_code == 422
    assert answer.json()["taken"] == 0
    assert [one["error"]["code"] for one in answer.json()["refused"]] == ["invalid_event"]


@pytest.mark.parametrize(
    ("timestamp", "arrives"),
    [
        ("2026-01-02T03:04:05.678Z", 1767323045678),
        ("2026-01-02T05:04:05.678+02:00", 1767323045678),
        ("2026-01-02T03:04:05", 1767323045000),
        (1767323045, 1767323045000),
        (1767323045678, 1767323045678),
        (99_999_999_999, None),
        ("1999-12-31T23:59:59Z", None),
        (0, None),
        ("yesterday", None),
        (True, None),
        ({}, None),
    ],
    ids=repr,
)
def test_a_time_is_read_as_written_or_refused(
    shared: Scene, timestamp: object, arrives: int | None
) -> None:
    id_ = f"time-{timestamp!r}"

    told = post(shared, event("time", id_, timestamp=timestamp)).json()

    if arrives is None:
        assert [one["error"]["code"] for one in told["refused"]] == ["invalid_time"]
        return
    assert told["ids"] == [id_]
    shared.host.settle()
    assert shared.destination.event(id_)["timestamp_unixtime_ms"] == arrives


def test_a_valid_effective_timestamp_wins_and_an_invalid_one_is_an_ordinary_value(
    shared: Scene,
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    earlier = now - timedelta(days=3)
    far = now + timedelta(hours=25)

    told = post(
        shared,
        [
            event("eff", "eff-1", timestamp=now.isoformat(), data=effective(earlier)),
            event("eff", "eff-2", timestamp=now.isoformat(), data=effective(far)),
            event("eff", "eff-3", timestamp=far.isoformat()),
        ],
    ).json()

    assert told["ids"] == ["eff-1", "eff-2", None]
    shared.host.settle()
    times = [shared.destination.event(id_)["timestamp_unixtime_ms"] for id_ in ("eff-1", "eff-2")]
    assert times == [int(earlier.timestamp() * 1000), int(now.timestamp() * 1000)]


def effective(moment: datetime) -> dict[str, str]:
    """The data of a backdated event."""
    return {"effective_timestamp": moment.isoformat()}


def test_numbers_arrive_spelled_as_they_came(shared: Scene) -> None:
    numbers = "123456789012345678901234567890", "10.0", "19.995", "-0.10", "1", "9007199254740993"
    data = ", ".join(f'"n{place}": {number}' for place, number in enumerate(numbers))
    body = f'{{"id": "num", "customer": "num", "action": "point_add", "data": {{{data}}}}}'

    assert post(shared, body.encode()).status_code == 202

    shared.host.settle()
    sent = next(raw for raw in shared.destination.recorder.bodies if b'"num"' in raw).decode()
    for place, number in enumerate(numbers):
        assert f'"antavo_n{place}":{number}' in sent.replace(": ", ":")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
def test_what_is_no_number_is_refused(shared: Scene, number: str) -> None:
    body = f'{{"customer": "num", "action": "point_add", "data": {{"n": {number}}}}}'

    answer = post(shared, body.encode())

    assert answer.status_code == 422
    assert answer.json()["refused"][0]["error"]["code"] == "invalid_number"


def test_text_arrives_to_the_code_point(shared: Scene) -> None:
    text = "Łoś \u0000 é e\u0301 👩‍👧 \u2028 \\ \" ' ﷽ \ufeff end"
    long_id = "ж" * 300

    told = post(shared, event(long_id, long_id, data={"text": text, "text ": "own key"})).json()

    assert told["ids"] == [long_id]
    shared.host.settle()
    assert shared.destination.event(long_id)["custom_attributes"] == {
        "antavo_text": text,
        "antavo_text ": "own key",
    }
    assert shared.host.messages(customer=long_id)[0]["event"] == long_id


def test_data_overwrites_neither_identity_nor_name_nor_environment(shared: Scene) -> None:
    data = {
        "event_name": "forged",
        "event_type": "forged",
        "environment": "production",
        "user_identities": {"customer_id": "somebody else"},
        "user_attributes": {"$firstname": "forged"},
        "customer": "somebody else",
        "customer_id": "somebody else",
        "id": "forged",
        "action": "forged",
        "source_request_id": "forged",
        "source_message_id": "forged",
        "timestamp_unixtime_ms": 1,
        "__proto__": "forged",
    }

    post(shared, event("guarded", "guarded-1", data=data, environment="production"))

    shared.host.settle()
    batch = shared.destination.batches("guarded")[0]
    seen = shared.destination.event("guarded-1")
    message = shared.host.messages(customer="guarded")[0]
    assert batch["user_identities"] == {"customer_id": "guarded"}
    assert "user_attributes" not in batch
    assert batch["environment"] == "development"
    assert batch["source_request_id"] == message["dedupe_id"]
    assert (seen["event_name"], seen["source_message_id"]) == ("point_add", "guarded-1")
    assert set(seen["custom_attributes"]) == {f"antavo_{name}" for name in data}
    assert (message["customer"], message["action"]) == ("guarded", "point_add")


def nested(levels: int) -> dict[str, Any]:
    """An object of so many levels."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


def test_nesting_is_taken_to_64_levels_and_an_event_to_a_megabyte(shared: Scene) -> None:
    whole = json.dumps(event("big", "big-1", data={"text": ""}))
    room = 1024 * 1024 - len(whole)

    deep = post(shared, event("deep", "deep-1", data=nested(63)))
    deeper = post(shared, event("deep", "deep-2", data=nested(64)))
    big = post(shared, event("big", "big-1", data={"text": "x" * room}))
    bigger = post(shared, event("big", "big-2", data={"text": "x" * (room + 1)}))
    absurd = post(shared, b"[" * 100_000 + b"]" * 100_000)

    assert (deep.status_code, big.status_code) == (202, 202)
    assert deeper.json()["refused"][0]["error"]["code"] == "invalid_event"
    assert bigger.json()["refused"][0]["error"]["code"] == "too_large"
    assert absurd.status_code == 422
    books = shared.host.settle()
    assert books["undelivered"] == 0
    assert [one["customer"] for one in shared.destination.arrivals].count("big") == 1


def test_the_last_of_two_equal_keys_counts_and_unknown_fields_are_kept(shared: Scene) -> None:
    body = b'{"id": "k-1", "customer": "x", "customer": "k", "action": "point_add", "flag": "blue"}'

    post(shared, body)
    again = post(shared, body.replace(b"blue", b"red")).json()

    shared.host.settle()
    assert len(shared.destination.batches("k")) == 1
    assert [one["error"]["code"] for one in again["refused"]] == ["conflict"]


def test_an_action_is_neither_folded_nor_trimmed(shared: Scene) -> None:
    told = post(
        shared,
        [
            {"customer": "fold", "action": action}
            for action in ("Point_Add", " point_add", "point_add ")
        ],
    ).json()

    assert told["taken"] == 3
    assert shared.host.messages(customer="fold") == []


def test_an_id_is_compared_exactly_and_remembered_with_its_content(shared: Scene) -> None:
    one = event("same", "Same-1", data={"points": 10.0})

    first = post(shared, one).json()
    again = post(shared, {"data": {"points": 10.0}, **one}).json()
    others = post(
        shared,
        [{**one, "id": "same-1"}, {**one, "id": "Same-1 "}, {**one, "id": 5}, {**one, "id": "5"}],
    ).json()
    other = post(shared, {**one, "data": {"points": 11}})

    assert (first["taken"], again["taken"], again["duplicates"]) == (1, 0, 1)
    assert again["ids"] == ["Same-1"]
    assert (others["taken"], others["duplicates"]) == (3, 1)
    assert others["ids"] == ["same-1", "Same-1 ", "5", "5"]
    assert other.status_code == 422
    assert other.json()["refused"][0]["error"]["code"] == "conflict"
    assert other.json()["refused"][0]["id"] == "Same-1"
    shared.host.settle()
    assert len(shared.destination.batches("same")) == 4


def test_without_ids_the_idempotency_key_recognises_a_repeat(shared: Scene) -> None:
    items = [event("idem", data={"n": 1}), event("idem", data={"n": 1}), event("idem", "idem-own")]
    key = {"Idempotency-Key": "request-1"}

    first = post(shared, items, **key).json()
    again = post(shared, items, **key).json()
    other_key = post(shared, items, **{"Idempotency-Key": "request-2"}).json()
    changed = post(shared, [event("idem", data={"n": 2})], **key).json()
    without = [post(shared, items[:1]).json()["ids"][0] for _ in range(2)]

    assert (first["taken"], again["taken"], again["duplicates"]) == (3, 0, 3)
    assert first["ids"] == again["ids"]
    assert len({*first["ids"]}) == 3
    assert (other_key["taken"], other_key["duplicates"]) == (2, 1)
    assert [one["error"]["code"] for one in changed["refused"]] == ["conflict"]
    assert without[0] != without[1]
    shared.host.settle()
    assert len(shared.destination.batches("idem")) == 7


@pytest.mark.parametrize(
    ("dress", "headers"),
    [
        (gzip.compress, {"Content-Encoding": "gzip"}),
        (lambda body: b"\xef\xbb\xbf" + body, {}),
        (lambda body: body.replace(b"\n", b"\r\n"), {}),
        (lambda body: body.replace(b"\n", b"\n \t\r\n\n"), {}),
        (lambda body: gzip.compress(b"\xef\xbb\xbf" + body), {"Content-Encoding": "gzip"}),
    ],
    ids=["gzip", "bom", "crlf", "blank lines", "gzip and bom"],
)
def test_lines_are_read_however_they_are_dressed(
    shared: Scene,
    request: pytest.FixtureRequest,
    dress: Callable[[bytes], bytes],
    headers: Mapping[str, str],
) -> None:
    name = f"dress {request.node.name}"
    rows = [event(name, f"{name} {number}", data={"t": "a\u2028b\u0085c"}) for number in range(3)]
    body = b"\n".join(json.dumps(row, ensure_ascii=False).encode() for row in rows)

    answer = post(shared, dress(body), **NDJSON, **headers)

    told = answer.json()
    assert answer.status_code == 202, answer.text
    assert [id_ for id_ in told["ids"] if id_] == [row["id"] for row in rows]
    assert told["taken"] + told["skipped"] == len(told["ids"])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b'[{"customer": "c", "action": "point_add"}', {}),
        (b'{"customer": "c", "action": "point_add"} trailing', {}),
        (b"hello", {}),
        (b'"text"', {}),
        (b"not gzip", {"Content-Encoding": "gzip"}),
        (
            gzip.compress(b'{"customer": "c", "action": "a"}', mtime=0)[:-9],
            {"Content-Encoding": "gzip"},
        ),
        (b"{}", {"Content-Encoding": "br"}),
        (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}),
    ],
    ids=repr,
)
def test_a_body_that_cannot_be_read_is_answered_400(
    shared: Scene, body: bytes, headers: Mapping[str, str]
) -> None:
    answer = post(shared, body, **headers)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message", "details"}


def test_a_body_over_32_megabytes_unpacked_is_answered_413(shared: Scene) -> None:
    limit = 32 * 1024 * 1024
    line = b'{"customer": "bomb", "action": "ignored"}\n'
    bomb = gzip.compress(line + b" " * limit, compresslevel=1)
    fits = gzip.compress(line + b" " * (limit - len(line)), compresslevel=1)

    refused = post(shared, bomb, **NDJSON, **{"Content-Encoding": "gzip"})
    taken = post(shared, fits, **NDJSON, **{"Content-Encoding": "gzip"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")
    assert (taken.status_code, taken.json()["taken"]) == (202, 1)


def test_a_guest_is_kept_without_message_and_refused_with_a_customer(shared: Scene) -> None:
    told = post(
        shared,
        [
            {"id": "g-1", "action": "checkout", "guest": True},
            {"id": "g-2", "action": "checkout", "guest": True, "customer": "g"},
            {"id": "g-3", "action": "checkout", "guest": False, "customer": "g"},
        ],
    ).json()

    assert told["ids"] == ["g-1", None, "g-3"]
    assert told["refused"][0]["error"]["code"] == "guest_with_customer"
    shared.host.settle()
    arrived = {id_ for _, id_ in shared.destination.effects()}
    assert "g-3" in arrived
    assert not arrived & {"g-1", "g-2"}


def test_the_order_of_a_customer_is_kept_over_array_lines_and_requests(shared: Scene) -> None:
    ids = [f"order-{number}" for number in range(30)]
    rows = [event("order", id_) for id_ in ids]

    post(shared, rows[:10])
    post(shared, b"\n".join(json.dumps(row).encode() for row in rows[10:20]), **NDJSON)
    for row in rows[20:]:
        post(shared, row)

    shared.host.settle()
    assert [id_ for who, id_ in shared.destination.effects() if who == "order"] == ids


def test_doors_open_by_scope_alone(shared: Scene) -> None:
    url = shared.host.environment["LOYALTY_HOST_URL"]
    token = shared.host.do("tokens", "create", "feed", "--scope", "events").strip()
    shop = {"Authorization": f"Bearer {token}"}
    row = json.dumps(event("doors"))

    def status(method: str, path: str, headers: Mapping[str, str], body: str = "") -> int:
        return httpx.request(method, url + path, headers=headers, content=body).status_code

    assert status("POST", "/api/events", {}, row) == 401
    assert status("POST", "/api/events", {"Authorization": "Bearer nonsense"}, row) == 401
    assert status("POST", "/api/events", {"Authorization": f"Basic {token}"}, row) == 401
    eventually(lambda: status("POST", "/api/events", shop, row) == 202, patience=0.5)
    assert status("POST", "/api/customers", shop, '{"id": "doors"}') == 202
    for method, path in (
        ("GET", "/api/ledger"),
        ("GET", "/api/customers/doors"),
        ("PUT", "/api/customers/doors"),
        ("DELETE", "/api/customers/doors"),
        ("GET", "/api/connections"),
        ("GET", "/api/messages"),
        ("GET", "/api/stream"),
        ("POST", "/api/modules/mparticle/disable"),
    ):
        assert status(method, path, shop, "{}") == 403, path
        assert status(method, path, {}, "{}") == 401, path
    listed = json.loads(shared.host.do("tokens", "list", "--json"))
    assert {"feed": "events", "tests": "admin"}.items() <= {
        one["name"]: one["scope"] for one in listed
    }.items()
    assert token not in json.dumps(listed)


@asynccontextmanager
async def full_host(home: Path, **limits: int) -> AsyncIterator[httpx.AsyncClient]:
    """The way in of a host that is full by these limits."""
    (home / "plugins.toml").write_text("[plugins]\n")
    environment = Environment.read(
        {"LOYALTY_HOST_HOME": str(home), "LOYALTY_HOST_PLUGINS": str(home / "plugins.toml")}
    )
    async with workbench(environment) as bench, anyio.create_task_group() as tasks:
        intake = Intake(bench.store, Planner(bench.routing.read), home, **limits)
        tasks.start_soon(intake.run)
        token = await bench.store.write(lambda tx: create_token(tx, "tests", "events"))
        app = Starlette(
            routes=intake_routes(intake, Doors(bench.store), Metrics()),
            exception_handlers=dict(HANDLERS),
        )
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://host",
            headers={"Authorization": f"Bearer {token.reveal()}"},
        ) as client:
            yield client
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("limits", "word"),
    [({"max_waiting": -1}, "wait"), ({"min_free_bytes": 1 << 62}, "disk")],
    ids=["too many waiting", "too little disk"],
)
def test_a_full_host_says_so_and_when_to_come_again(
    tmp_path: Path, limits: dict[str, int], word: str
) -> None:
    async def hand_in() -> httpx.Response:
        async with full_host(tmp_path, **limits) as client:
            return await client.post("/api/events", json=event("c"))

    answer = anyio.run(hand_in)

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "host_full")
    assert int(answer.headers["Retry-After"]) > 0
    assert word in answer.json()["error"]["message"]
