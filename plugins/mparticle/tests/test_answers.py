"""mParticle's answers → outcomes."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import Delivered, HttpAnswer, Isolate, Rejected, Retry, Stop, dumps
from host_mparticle.answers import read_answer

THREE = (b'{"a":"\xc5\x90\xf0\x9f\x8e\x81"}', b'{"b":1}', b'{"c":22}')
"""Batches of 10, 7 and 8 characters (11 for .NET in the first: an emoji), more bytes."""


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> HttpAnswer:
    return HttpAnswer(status=status, headers=headers or {}, body=body, received_at=NOW)


NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def errors(*texts: str) -> bytes:
    listed = [{"code": "BAD_REQUEST", "message": html.escape(text)} for text in texts]
    return dumps({"errors": listed})


def kinds(status: int, body: bytes = b"", texts: Sequence[bytes] = THREE) -> list[type]:
    return [type(outcome) for outcome in read_answer(answer(status, body), texts).outcomes]


@pytest.mark.parametrize(
    ("status", "alone", "company"),
    [
        (202, Delivered, Delivered),
        (200, Delivered, Delivered),
        (299, Delivered, Delivered),
        (302, Stop, Stop),
        (400, Rejected, Isolate),
        (401, Stop, Stop),
        (403, Stop, Stop),
        (404, Stop, Stop),
        (405, Stop, Stop),
        (407, Stop, Stop),
        (408, Retry, Retry),
        (413, Rejected, Isolate),
        (418, Rejected, Isolate),
        (425, Retry, Retry),
        (429, Retry, Retry),
        (500, Retry, Retry),
        (503, Retry, Retry),
        (599, Retry, Retry),
        (999, Retry, Retry),
    ],
)
def test_a_status_decides_the_outcome(status: int, alone: type, company: type) -> None:
    assert kinds(status, texts=THREE[:1]) == [alone]
    assert kinds(status) == [company] * 3


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("Wrong. Path '[1].device_info.x'.", [Delivered, Rejected, Delivered]),
        (
            "Wrong. Path '[2].user_attributes', line 1, position 3.",
            [Delivered, Delivered, Rejected],
        ),
        ("Value \"Path '[0]'\" is wrong. Path '[1].x'.", [Delivered, Rejected, Delivered]),
        ("Path 'data.x', line 1, position 2.", [Rejected, Delivered, Delivered]),
        ("Path 'data.x', line 1, position 11.", [Rejected, Delivered, Delivered]),
        ("Path 'data.x', line 1, position 15.", [Delivered, Rejected, Delivered]),
        ("Path 'data.x', line 1, position 25.", [Delivered, Delivered, Rejected]),
        ("Path 'data.x', line 1, position 12.", [Isolate] * 3),  # where the countings differ
        ("Path 'data.x', line 1, position 900.", [Isolate] * 3),
        ("Path 'data.x', line 2, position 15.", [Isolate] * 3),
        ("Path '[7].x'.", [Isolate] * 3),
        ("Required event field event_name is missing.", [Isolate] * 3),
    ],
)
def test_an_error_behind_a_202_is_located(error: str, expected: list[type]) -> None:
    assert kinds(202, errors(error)) == expected


def test_located_and_unlocated_errors_together_send_the_rest_out_apart() -> None:
    body = errors("Wrong. Path '[1].x'.", "Required event field is missing.")

    assert kinds(202, body) == [Isolate, Rejected, Isolate]


@pytest.mark.parametrize("error", ["Wrong. Path '[0].x'.", "Field is missing.", "Path '[5].x'."])
def test_any_error_of_a_message_alone_rejects_it(error: str) -> None:
    assert kinds(202, errors(error), THREE[:1]) == [Rejected]


def test_a_bulk_400_isolates_even_when_every_error_is_located() -> None:
    assert kinds(400, errors(*(f"Path '[{n}].x'." for n in range(3)))) == [Isolate] * 3


@pytest.mark.parametrize(
    "body", [b"<html>", b"[1]", b"nonsense", b"\xff", b'{"errors": "x"}', b"[" * 5000]
)
def test_an_unreadable_202_counts_as_delivered_with_a_note(body: bytes) -> None:
    outcomes = read_answer(answer(202, body), THREE).outcomes

    assert len(outcomes) == 3
    assert all(isinstance(o, Delivered) and "could not be read" in o.notes[0] for o in outcomes)


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}", b'{"errors": []}', b'{"errors": null}'])
def test_a_202_without_errors_is_delivered_without_a_note(body: bytes) -> None:
    assert read_answer(answer(202, body), THREE).outcomes == (Delivered(),) * 3


@pytest.mark.parametrize("entry", [b"7", b"null", b"{}", b'"odd"', b'{"message": 5}', b"[]"])
def test_an_error_of_a_strange_shape_still_counts(entry: bytes) -> None:
    assert kinds(202, b'{"errors": [' + entry + b"]}") == [Isolate] * 3


def test_another_2xx_is_delivered_with_a_note() -> None:
    assert read_answer(answer(200), THREE[:1]).outcomes == (
        Delivered(notes=("accepted with the unusual status HTTP 200",)),
    )


def test_the_reason_holds_mparticles_words_unescaped_and_cut() -> None:
    body = errors('Error converting "x" to Int64. ' + "y" * 1000)

    (outcome,) = read_answer(answer(202, body), THREE[:1]).outcomes

    assert isinstance(outcome, Rejected)
    assert 'Error converting "x" to Int64.' in outcome.reason.text
    assert len(outcome.reason.text) < 340


@pytest.mark.parametrize("status", [202, 400])
def test_a_reason_holds_nothing_that_a_page_or_a_database_cannot(status: int) -> None:
    (outcome,) = read_answer(answer(status, errors("a\x00b\nc" + "y" * 5000)), THREE[:1]).outcomes

    assert isinstance(outcome, Rejected)
    assert "a b c" in outcome.reason.text
    assert len(outcome.reason.text) < 400


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["errors", "message"]), inner),
)
_HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-mp-rate-limit-exceeded", "x-mp-rate-limit-percentage-used"]),
    st.text(),
)


@given(
    status=st.integers(100, 999),
    body=st.binary() | _JSON.map(dumps) | _JSON.map(lambda value: dumps({"errors": [value]})),
    headers=_HEADERS,
    count=st.integers(1, 3),
)
def test_no_answer_is_too_strange_to_read(
    status: int, body: bytes, headers: Mapping[str, str], count: int
) -> None:
    report = read_answer(answer(status, body, headers), THREE[:count])

    assert len(report.outcomes) == count
    assert report.usage is None or report.usage >= 0


@pytest.mark.parametrize(
    ("status", "field"), [(401, "api_key"), (403, "api_key"), (404, "api_url"), (302, "api_url")]
)
def test_a_stop_names_the_setting_to_look_at(status: int, field: str) -> None:
    outcome = read_answer(answer(status), THREE).outcomes[0]

    assert isinstance(outcome, Stop)
    assert outcome.field == field


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("2", 2.0),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("999999", 3600.0),
    ],
)
def test_a_429_tells_how_long_and_which_limit(header: str, after: float | None) -> None:
    headers = {"retry-after": header, "x-mp-rate-limit-exceeded": '"feed"'}

    outcome = read_answer(answer(429, headers=headers), THREE).outcomes[0]

    assert isinstance(outcome, Retry)
    assert (outcome.reason.code, outcome.after) == ("rate_limited", after)
    assert "feed" in outcome.reason.text


@pytest.mark.parametrize(
    ("header", "usage"),
    [("92", 92.0), ('"92"', 92.0), ("92.5%", 92.5), ("", None), ("many", None), ("nan", None)],
)
def test_the_usage_header_becomes_the_gauge(header: str, usage: float | None) -> None:
    headers = {"x-mp-rate-limit-percentage-used": header}

    assert read_answer(answer(202, headers=headers), THREE).usage == usage
