"""HTTP status → outcome: the table is these tests' parameters."""

from __future__ import annotations

from typing import get_args

import pytest

from host.errors import FailureKind, RequestFailed
from host.outcome import (
    STATUS_OUTCOMES,
    Delivered,
    Isolate,
    Outcome,
    Rejected,
    Retry,
    Stop,
    outcome_for_failure,
    outcome_for_status,
)

# status: (alone, in company)
DECIDED: dict[int, tuple[type[Outcome], type[Outcome]]] = {
    200: (Delivered, Delivered),
    201: (Delivered, Delivered),
    202: (Delivered, Delivered),
    203: (Delivered, Delivered),
    204: (Delivered, Delivered),
    207: (Delivered, Delivered),
    301: (Stop, Stop),
    302: (Stop, Stop),
    304: (Stop, Stop),
    307: (Stop, Stop),
    308: (Stop, Stop),
    400: (Rejected, Isolate),
    401: (Stop, Stop),
    403: (Stop, Stop),
    404: (Stop, Stop),
    405: (Stop, Stop),
    407: (Stop, Stop),
    408: (Retry, Retry),
    409: (Rejected, Isolate),
    413: (Rejected, Isolate),
    422: (Rejected, Isolate),
    425: (Retry, Retry),
    429: (Retry, Retry),
    451: (Rejected, Isolate),
    500: (Retry, Retry),
    501: (Retry, Retry),
    502: (Retry, Retry),
    503: (Retry, Retry),
    504: (Retry, Retry),
    511: (Retry, Retry),
    599: (Retry, Retry),
    100: (Retry, Retry),
    999: (Retry, Retry),
    0: (Retry, Retry),
}


@pytest.mark.parametrize(("status", "kinds"), DECIDED.items())
def test_a_status_means_what_was_decided(
    status: int, kinds: tuple[type[Outcome], type[Outcome]]
) -> None:
    alone = outcome_for_status(status, alone=True)
    company = outcome_for_status(status, alone=False)

    assert (type(alone), type(company)) == kinds


def test_no_status_of_the_table_is_left_out_here() -> None:
    assert set(STATUS_OUTCOMES) <= set(DECIDED)


@pytest.mark.parametrize("status", [401, 302, 404, 413, 429, 503])
def test_the_reason_tells_the_status_and_the_destinations_own_words(status: int) -> None:
    outcome = outcome_for_status(status, alone=True, words="no thanks")

    assert not isinstance(outcome, Delivered)
    assert outcome.reason.text.endswith(f"(HTTP {status}): no thanks")
    assert outcome.reason.code


def test_an_unusual_success_is_noted_and_a_usual_one_is_not() -> None:
    assert outcome_for_status(202, alone=True) == Delivered()
    unusual = outcome_for_status(206, alone=True)
    assert isinstance(unusual, Delivered)
    assert unusual.notes == ("accepted with an unusual status (HTTP 206)",)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_the_destinations_wish_goes_along(status: int) -> None:
    outcome = outcome_for_status(status, alone=False, after=7.0)

    assert isinstance(outcome, Retry)
    assert outcome.after == 7.0


FAILURES: dict[FailureKind, type[Outcome]] = {
    "timeout": Retry,
    "connection_lost": Retry,
    "oversized_answer": Retry,
    "tls": Stop,
    "address": Stop,
    "refused_address": Stop,
}


@pytest.mark.parametrize(("kind", "expected"), FAILURES.items())
def test_a_request_without_answer_passes_or_needs_a_person(
    kind: FailureKind, expected: type[Outcome]
) -> None:
    outcome = outcome_for_failure(RequestFailed(kind, "what happened"))

    assert type(outcome) is expected
    assert not isinstance(outcome, Delivered)
    assert (outcome.reason.code, outcome.reason.text) == (kind, "what happened")


def test_no_kind_of_failure_is_left_out_here() -> None:
    assert set(get_args(FailureKind)) == set(FAILURES)
