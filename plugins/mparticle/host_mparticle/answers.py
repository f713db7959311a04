"""mParticle's answer → one outcome per message. Pure, and no answer is too strange to read.

A 202 may carry errors: one per refused batch, located by the batch's index, by a character
position in the whole body, or not at all. The texts are HTML-escaped. (Documented is only
that a 202 may carry errors; their form was seen on the live service.)
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from host import (
    Delivered,
    HttpAnswer,
    Isolate,
    Outcome,
    Reason,
    Rejected,
    Report,
    Stop,
    loads,
    outcome_for_status,
)

ACCEPTED: Final = 202
WORDS_LENGTH: Final = 300
LIMIT_HEADER: Final = "x-mp-rate-limit-exceeded"
USAGE_HEADER: Final = "x-mp-rate-limit-percentage-used"

UNREADABLE: Final = "accepted by mParticle, with an answer that could not be read"
REFUSED: Final = "mParticle refuses this batch"
REFUSED_NEIGHBOUR: Final = "mParticle refuses a batch of this request without saying which"

_FIELDS: Final = {"credentials": "api_key", "address": "api_url", "redirect": "api_url"}
"""Reason code of a `Stop` → the setting to look at."""

_INDEX: Final = re.compile(r"Path '\[(\d{1,6})\]")
_POSITION: Final = re.compile(r"line 1, position (\d{1,9})")


def read_answer(answer: HttpAnswer, texts: Sequence[bytes]) -> Report:
    """What the answer means for each batch; `texts` are the batches as they were sent."""
    return Report(
        outcomes=_outcomes(answer, texts),
        status=answer.status,
        usage=_usage(answer.headers.get(USAGE_HEADER)),
    )


def _outcomes(answer: HttpAnswer, texts: Sequence[bytes]) -> tuple[Outcome, ...]:
    count = len(texts)
    errors = error_texts(answer.body)
    if answer.status // 100 == 2:
        if errors:
            return _refusals(errors, texts)
        return (_accepted(answer.status, errors),) * count
    outcome = outcome_for_status(
        answer.status,
        alone=count == 1,
        after=answer.retry_after,
        words=_words(answer, errors),
    )
    if isinstance(outcome, Stop):
        outcome = replace(outcome, field=_FIELDS.get(outcome.reason.code))
    return (outcome,) * count


def _accepted(status: int, errors: list[str] | None) -> Outcome:
    told = () if errors is not None else (UNREADABLE,)
    unusual = () if status == ACCEPTED else (f"accepted with the unusual status HTTP {status}",)
    return Delivered(notes=(*unusual, *told))


def _words(answer: HttpAnswer, errors: list[str] | None) -> str:
    limit = answer.headers.get(LIMIT_HEADER, "").strip().strip('"')
    if limit:
        return f"the limit of {_cut(limit)}"
    return _cut(errors[0]) if errors else ""


def _cut(words: str) -> str:
    """The destination's own words, short and fit for a page, a log and every database."""
    return "".join(c if c.isprintable() else " " for c in words[:WORDS_LENGTH])


def error_texts(body: bytes) -> list[str] | None:
    """The texts of the errors in an answer's body; None if it cannot be read as such."""
    if not body.strip():
        return []
    try:
        value = loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Mapping):
        return None
    errors = value.get("errors") or []
    return [_error_text(error) for error in errors] if isinstance(errors, list) else None


def _error_text(error: object) -> str:
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("code")
    return html.unescape(error) if isinstance(error, str) else "no reason given"


def _refusals(errors: Sequence[str], texts: Sequence[bytes]) -> tuple[Outcome, ...]:
    refused: dict[int, str] = {}
    unlocated = ""
    for error in errors:
        index = 0 if len(texts) == 1 else locate(error, texts)
        if index is None:
            unlocated = unlocated or error
        else:
            refused.setdefault(index, error)
    rest: Outcome = Delivered()
    if unlocated:
        rest = Isolate(reason=_reason(REFUSED_NEIGHBOUR, unlocated))
    return tuple(
        Rejected(reason=_reason(REFUSED, refused[index])) if index in refused else rest
        for index in range(len(texts))
    )


def _reason(text: str, words: str) -> Reason:
    return Reason(code="rejected", text=f"{text}: {_cut(words)}")


def locate(error: str, texts: Sequence[bytes]) -> int | None:
    """The index of the batch that an error speaks of, or None.

    The place stands at the end of the text; what comes before may quote a customer's value,
    so the last mention counts.
    """
    if indexes := _INDEX.findall(error):
        index = int(indexes[-1])
        return index if index < len(texts) else None
    if positions := _POSITION.findall(error):
        return _batch_at(int(positions[-1]), texts)
    return None


def _batch_at(position: int, texts: Sequence[bytes]) -> int | None:
    # .NET counts an emoji as two characters where others count one. Where the two ways of
    # counting point at different batches, nothing is certain and the batches go out apart.
    found = {_index_at(position, [_length(text, wide) for text in texts]) for wide in (False, True)}
    return found.pop() if len(found) == 1 else None


def _length(text: bytes, wide: bool) -> int:
    read = text.decode()
    return len(read.encode("utf-16-le")) // 2 if wide else len(read)


def _index_at(position: int, lengths: Sequence[int]) -> int | None:
    start = 2  # the first character of the first batch, after the bracket, counted from 1
    for index, length in enumerate(lengths):
        if start <= position < start + length:
            return index
        start += length + 1
    return None


def _usage(header: str | None) -> float | None:
    """The gauge in percent; mParticle puts its header values in quotes."""
    text = (header or "").strip().strip('"').rstrip("%")
    return float(text) if re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text, re.ASCII) else None
