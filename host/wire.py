"""JSON text ↔ values, with every number spelled as it came."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from host.model import Json


class NotANumber(ValueError):
    """A number that no JSON reader could hold (1e400, thousands of digits)."""


_SMALLEST: Final = -400  # power of ten; below it a reader of the far side sees zero anyway


def _fraction(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        raise NotANumber(f"{text[:40]} is beyond what a number can hold") from None
    if float(value) in (float("inf"), float("-inf")) or (value and value.adjusted() < _SMALLEST):
        raise NotANumber(f"{text[:40]} is beyond what a number can hold")
    return value


_decoder: Final = msgspec.json.Decoder(float_hook=_fraction)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_canonical: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")

loads: Final = _decoder.decode
"""Value of a JSON text (bytes or str). Fractions become Decimal, integers keep any size.

Raises ValueError (msgspec.DecodeError and UnicodeDecodeError are such) or RecursionError.
"""


dumps: Final = _encoder.encode
"""The JSON text of a value, UTF-8, without spaces."""


pieces: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
"""The texts of a JSON array's elements, each still to be read."""


def canonical(value: Json | Any) -> bytes:
    """The one JSON text of a value: keys sorted, so that equal contents have equal texts."""
    return _canonical.encode(value)
