"""The client commands against a small host of the test's own."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from host.client import Progress, SendFailed, Summary, refusal_lines, send_file, summary_line
from host.client.sending import Clock
from host.errors import RefusedItem
from host.reading.bodies import read_items
from host.reading.items import read_key, read_object

pytestmark = pytest.mark.anyio

Failure = Response | Exception


@dataclass
class Host:
    """Takes what has an id or a customer, knows a repeat by its key, fails as it is told."""

    failures: list[Failure] = field(default_factory=list)  # one for each request to come
    lose_answers: int = 0  # so many requests are taken and their answers lost
    requests: list[tuple[str, str, str, int]] = field(default_factory=list)
    taken: dict[str, bytes] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        key = request.headers["idempotency-key"]
        self.tokens.add(request.headers["authorization"])
        self.requests.append((request.url.path, key, request.headers["content-type"], len(body)))
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        answer = self._answer(key, read_items(body, request.headers["content-type"]))
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadError("connection reset")
        nothing = answer["refused"] and not answer["taken"] and not answer["duplicates"]
        return JSONResponse(answer, status_code=422 if nothing else 202)

    def _answer(self, key: str, items: Any) -> dict[str, Any]:
        answer: dict[str, Any] = {"taken": 0, "duplicates": 0, "skipped": 0}
        answer |= {"unchanged": 0, "stale": 0, "refused": [], "ids": []}
        for position, raw in enumerate(items.items):
            id = None
            if raw is None:
                answer["skipped"] += 1
            else:
                try:
                    given = read_object(raw, "event").get("id")
                    id = f"{key}#{position}" if given is None else read_key(given, "id")
                    answer["duplicates" if id in self.taken else "taken"] += 1
                    self.taken[id] = raw
                except RefusedItem as error:
                    words = {"code": error.code, "message": str(error)}
                    place = {items.by: items.number(position)}
                    answer["refused"].append({**place, "id": None, "error": words})
            answer["ids"].append(id)
        return answer

    def transport(self) -> httpx.ASGITransport:
        routes = [Route(f"/api/{kind}", self.take, methods=["POST"]) for kind in KINDS]
        return httpx.ASGITransport(Starlette(routes=routes))


KINDS = ("events", "customers")


@dataclass
class FakeTime:
    """A clock that moves only when somebody sleeps."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, sleep=self.sleep, dice=random.Random(1))


Send = Callable[..., Any]


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def send(host: Host, fake_time: FakeTime, tmp_path: Path) -> Send:
    async def run(
        content: bytes | Iterable[bytes], name: str = "items.ndjson", **options: Any
    ) -> Summary:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else b"".join(content))
        given = {
            "kind": "events",
            "url": "http://host.test/",
            "token": "t0ken",
            "transport": host.transport(),
            "clock": fake_time.clock(),
            **options,
        }
        return await send_file(path, **given)

    return run


def lines(count: int, text: str = "") -> list[bytes]:
    return [json.dumps({"id": f"e{n}", "text": text}).encode() + b"\n" for n in range(count)]


def unavailable(status: int, retry_after: str | None = None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return JSONResponse({"error": {"code": "x", "message": "busy"}}, status, headers)


async def test_a_file_goes_in_requests_of_500_lines_with_a_key_for_each(
    host: Host, send: Send
) -> None:
    content = lines(1201)

    summary = await send(content)

    assert summary_line(summary) == "taken 1201, duplicates 0, skipped 0, refused 0"
    assert summary.ids == [f"e{n}" for n in range(1201)]
    assert [request[3] for request in host.requests] == [
        len(b"".join(content[start : start + 500])) for start in (0, 500, 1000)
    ]
    keys = [request[1].split("-") for request in host.requests]
    assert len({key[0] for key in keys}) == 1
    assert len(keys[0][0]) == 32
    assert [int(key[1]) for key in keys] == [
        len(b"".join(content[:start])) for start in (0, 500, 1000)
    ]
    assert {request[0] for request in host.requests} == {"/api/events"}
    assert host.tokens == {"Bearer t0ken"}


async def test_long_lines_go_in_requests_of_4_megabytes(host: Host, send: Send) -> None:
    summary = await send(lines(9, text="x" * 1_000_000))

    assert summary.counts["taken"] == 9
    assert [request[3] // 1_000_000 for request in host.requests] == [4, 4, 1]


async def test_a_line_larger_than_a_request_goes_alone(host: Host, send: Send) -> None:
    content = [*lines(1), lines(1, text="x" * 5_000_000)[0], b'{"id": "after"}\n']

    summary = await send(content)

    assert [request[3] for request in host.requests] == [len(line) for line in content]
    assert list(refusal_lines(summary)) == [
        "line 2: too_large: the event has 5000024 bytes; at most 1048576 are taken"
    ]
    assert summary.counts["taken"] == 2


async def test_a_line_that_no_request_can_carry_is_refused_and_the_rest_is_sent(
    host: Host, send: Send
) -> None:
    content = [b'{"id": "a"}\n', b"x" * 40_000_000 + b"\n", b'{"id": "b"}\n']

    summary = await send(content)

    assert set(host.taken) == {"a", "b"}
    assert [line.split(":")[:2] for line in refusal_lines(summary)] == [["line 2", " too_large"]]


async def test_refused_lines_are_counted_through_the_whole_file(send: Send) -> None:
    content = lines(1100)
    content[0] = b"\xef\xbb\xbf" + content[0]
    content[2] = b"oops\n"
    content[600] = b'{"x": NaN}\r\n'
    content[601] = b"\n"
    content[1099] = b"[1]"

    summary = await send(content)

    assert summary_line(summary) == "taken 1096, duplicates 0, skipped 1, refused 3"
    assert [line.split(":")[:2] for line in refusal_lines(summary)] == [
        ["line 3", " invalid_json"],
        ["line 601", " invalid_number"],
        ["line 1100", " invalid_event"],
    ]
    answer = summary.to_json()
    assert answer["refused"][1]["line"] == 601
    assert len(answer["ids"]) == 1100
    assert answer["ids"][601] is None


async def test_a_request_of_which_all_is_refused_is_a_result(send: Send) -> None:
    summary = await send(b"oops\nno\n")

    assert summary_line(summary) == "taken 0, duplicates 0, skipped 0, refused 2"


async def test_the_same_file_again_is_all_duplicates_also_without_ids(
    host: Host, send: Send
) -> None:
    content = b'{"x": 1}\n' * 700

    first = await send(content)
    second = await send(content)

    assert summary_line(first) == "taken 700, duplicates 0, skipped 0, refused 0"
    assert summary_line(second) == "taken 0, duplicates 700, skipped 0, refused 0"
    assert len(host.taken) == 700


@pytest.mark.parametrize(
    "failure",
    [
        unavailable(429),
        unavailable(502),
        unavailable(503),
        unavailable(504),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("gone"),
    ],
    ids=["429", "502", "503", "504", "refused", "timeout", "gone"],
)
async def test_what_passes_is_waited_for_under_the_same_key(
    host: Host, send: Send, fake_time: FakeTime, failure: Failure
) -> None:
    host.failures = [failure] * 3
    seen: list[Progress] = []

    summary = await send(lines(3), progress=seen.append)

    assert summary.counts["taken"] == 3
    assert len(host.requests) == 4
    assert len({request[1] for request in host.requests}) == 1
    assert fake_time.slept == sorted(fake_time.slept)
    assert [bool(step.waiting) for step in seen] == [True, True, True, False]
    assert seen[-1].sent == seen[-1].total


async def test_retry_after_is_obeyed(host: Host, send: Send, fake_time: FakeTime) -> None:
    host.failures = [unavailable(429, "17")]

    await send(lines(1))

    assert fake_time.slept == [17.0]


async def test_a_lost_answer_takes_nothing_twice(host: Host, send: Send) -> None:
    host.lose_answers = 1

    summary = await send(b'{"x": 1}\n{"x": 2}\n')

    assert summary_line(summary) == "taken 0, duplicates 2, skipped 0, refused 0"
    assert len(host.taken) == 2


async def test_a_host_that_stays_away_is_given_up_and_the_file_can_be_sent_again(
    host: Host, send: Send, fake_time: FakeTime
) -> None:
    host.failures = [httpx.ConnectError("refused")] * 1000

    with pytest.raises(SendFailed, match="cannot be reached for too long"):
        await send(lines(600))
    waited = fake_time.seconds
    host.failures = []
    summary = await send(lines(600))

    assert 200 < waited <= 300
    assert summary.counts["taken"] == 600


async def test_giving_up_in_the_middle_tells_where_and_keeps_what_was_answered(
    host: Host, send: Send
) -> None:
    host.failures = []
    seen: list[Progress] = []

    def fail_from_now_on(step: Progress) -> None:
        seen.append(step)
        host.failures = [unavailable(503)] * 1000

    with pytest.raises(SendFailed, match=r"line 501 .* send the same file again") as caught:
        await send(lines(600), progress=fail_from_now_on)

    assert caught.value.summary.counts["taken"] == 500


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (unavailable(401), "tokens create"),
        (unavailable(403), "scope"),
        (unavailable(404), "check the URL"),
        (unavailable(500), r"HTTP 500: busy"),
        (unavailable(400), r"HTTP 400: busy"),
        (unavailable(422), r"HTTP 422: busy"),
        (Response("<html>", 413), "proxy"),
        (Response("<html>welcome", 200), "no Loyalty Host"),
        (JSONResponse({"refused": [{"line": "x"}]}, 202), "no Loyalty Host"),
        (Response(status_code=302, headers={"Location": "/login"}), "HTTP 302"),
    ],
    ids=range(10),
)
async def test_a_refused_request_is_an_error_that_says_what_to_do_and_not_repeated(
    host: Host, send: Send, fake_time: FakeTime, answer: Response, says: str
) -> None:
    host.failures = [answer]

    with pytest.raises(SendFailed, match=says) as caught:
        await send(lines(1))

    assert len(host.requests) == 1
    assert fake_time.slept == []
    assert "t0ken" not in str(caught.value)
    assert (await send(lines(1))).counts["taken"] == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"token": ""}, "LOYALTY_HOST_TOKEN"),
        ({"token": "t0ken\n"}, "LOYALTY_HOST_TOKEN"),
        ({"token": "tökén"}, "LOYALTY_HOST_TOKEN"),
        ({"url": ""}, "LOYALTY_HOST_URL"),
        ({"url": "localhost:8080"}, "LOYALTY_HOST_URL"),
        ({"url": "ftp://x"}, "LOYALTY_HOST_URL"),
        ({"url": "http://[::"}, "LOYALTY_HOST_URL"),
    ],
)
async def test_a_wrong_address_or_token_is_said_before_anything_is_sent(
    host: Host, send: Send, options: dict[str, str], says: str
) -> None:
    with pytest.raises(SendFailed, match=says):
        await send(lines(1), **options)

    assert host.requests == []


async def test_customers_are_counted_in_their_own_words(host: Host, send: Send) -> None:
    summary = await send(b'{"id": "a"}\noops\n', kind="customers")

    assert summary_line(summary) == "taken 1, unchanged 0, stale 0, refused 1"
    assert set(summary.to_json()) == {"taken", "unchanged", "stale", "refused"}
    assert host.requests[0][0] == "/api/customers"


async def test_an_array_goes_as_it_is_and_its_items_are_numbered(host: Host, send: Send) -> None:
    summary = await send(
        b'\xef\xbb\xbf\n [{"id": "a"},\n oops,\n {"id": "b"}]\n', name="items.json"
    )

    assert host.requests[0][2] == "application/json"
    assert summary_line(summary) == "taken 2, duplicates 0, skipped 0, refused 1"
    assert summary.to_json()["refused"][0]["index"] == 1
    assert next(iter(refusal_lines(summary))).startswith("item 2: invalid_json: ")


async def test_an_array_too_large_for_one_request_is_refused_with_advice(
    host: Host, send: Send
) -> None:
    with pytest.raises(SendFailed, match="NDJSON"):
        await send(b"[" + b" " * 33 * 1024 * 1024 + b"]", name="items.json")

    assert host.requests == []


@pytest.mark.parametrize(
    ("name", "first"), [("items.txt", b'[{"id": "x"}]'), ("items.ndjson", b'[{"id": "x"')]
)
async def test_lines_are_lines_also_when_the_first_is_an_array(
    host: Host, send: Send, name: str, first: bytes
) -> None:
    summary = await send(b"\n" + first + b'\n{"id": "a"}\n', name=name)

    assert summary_line(summary) == "taken 1, duplicates 0, skipped 1, refused 1"
    assert set(host.taken) == {"a"}


async def test_an_array_on_one_line_is_an_array(host: Host, send: Send) -> None:
    await send(b'[{"id": "a"}, {"id": "b"}]\n\n', name="items.json")

    assert set(host.taken) == {"a", "b"}


async def test_standard_input_is_sent_like_a_file(host: Host, fake_time: FakeTime) -> None:
    summary = await send_file(
        "-",
        kind="events",
        url="http://host.test",
        token="t",
        transport=host.transport(),
        clock=fake_time.clock(),
        keep_ids=False,
        stdin=io.BytesIO(b'{"id": "a"}\n'),
    )

    assert set(host.taken) == {"a"}
    assert summary.ids == []


@pytest.mark.parametrize(("content", "skipped"), [(b"", 0), (b"\n\n", 2)])
async def test_an_empty_file_is_nothing_to_send(send: Send, content: bytes, skipped: int) -> None:
    summary = await send(content)

    assert summary_line(summary) == f"taken 0, duplicates 0, skipped {skipped}, refused 0"


async def test_a_file_that_is_not_there_is_an_error_of_the_file(host: Host) -> None:
    with pytest.raises(FileNotFoundError):
        await send_file("/no/such/file", kind="events", url="http://x", token="t")
