"""Times as they are written in events and profiles → aware UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from host.model import EPOCH

MILLISECONDS_FROM: Final = 100_000_000_000
"""From here on a number counts milliseconds, below it seconds: 5138 against March 1973."""

_FIRST: Final = -62_135_596_800  # 0001-01-01 in seconds
_LAST: Final = 253_402_300_799_000  # 9999-12-31T23:59:59 in milliseconds
_SEPARATORS: Final = ("T", " ", "t", "")


def read_moment(value: object) -> datetime | None:
    """The time that a JSON value tells, or None when it tells none.

    ISO 8601 text (without a zone: UTC; a date alone: its midnight), or a number of seconds or
    milliseconds since 1970. Finer than a microsecond is cut off.
    """
    if type(value) is str:
        return _from_text(value)
    if type(value) is int or type(value) is Decimal:
        return _from_number(value)
    return None


def _from_text(text: str) -> datetime | None:
    # fromisoformat takes any character between date and time; ISO 8601 has T, people a space.
    if text[10 if text[4:5] == "-" else 8 :][:1] not in _SEPARATORS or text.isdigit():
        return None
    try:
        moment = datetime.fromisoformat(text[:-1] + "Z" if text.endswith("z") else text)
        zone = moment.tzinfo
        if zone is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if zone is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _from_number(value: int | Decimal) -> datetime | None:
    if not _FIRST <= value <= _LAST:
        return None
    unit = 1_000_000 if value < MILLISECONDS_FROM else 1_000
    return EPOCH + timedelta(microseconds=int(value * unit))
