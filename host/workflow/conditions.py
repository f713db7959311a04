"""Operators of filters: what stands there, compared with what was typed. Nothing here raises.

A text that reads as a number is compared with numbers as one (the platform writes points as
"10"), and a list holds a condition when one of its values does. What cannot be compared does
not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from host.model import Json, Missing
from host.reading.times import read_moment

Takes: TypeAlias = Literal["none", "one", "list"]
Compare: TypeAlias = Callable[[Json, Json], bool]

_MOST_DIGITS: Final = 400  # of a text that is read as a number
_NUMBER: Final = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator. `reads`: what a typed value has to be; `negated`: holds when it does not."""

    label: str
    takes: Takes
    compare: Compare
    reads: Literal["anything", "number", "time"] = "anything"
    negated: bool = False

    def holds(self, found: Json | Missing, wanted: Json) -> bool:
        """Whether it holds for what stands there (MISSING: nothing)."""
        if self.takes == "none":
            return is_empty(found) is not self.negated
        if isinstance(found, Missing):
            return self.negated
        values = found if isinstance(found, (list, tuple)) else (found,)
        wants = wanted if isinstance(wanted, (list, tuple)) else (wanted,)
        return any(self.compare(value, want) for value in values for want in wants) is not (
            self.negated
        )


def is_empty(found: Json | Missing) -> bool:
    """Nothing there, null, an empty text, list or object."""
    if isinstance(found, Missing) or found is None:
        return True
    return isinstance(found, (str, list, tuple, Mapping)) and len(found) == 0


def number_of(value: Json) -> Decimal | None:
    """The number that a value is or reads as; None: it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def time_of(value: Json) -> datetime | None:
    """The time that a value tells; None: it tells none."""
    return read_moment(value)


def _text(value: Json) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float, Decimal)) else None


def _same(found: Json, wanted: Json) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found == wanted  # 01234 is another postcode than 1234
    if found is None or wanted is None:
        return found is wanted
    number = number_of(wanted)
    if number is not None and number == number_of(found):
        return True
    text = _text(found)
    return text is not None and text == _text(wanted)


def _texts(compare: Callable[[str, str], bool]) -> Compare:
    def both(found: Json, wanted: Json) -> bool:
        here, there = _text(found), _text(wanted)
        return here is not None and there is not None and compare(here, there)

    return both


def _numbers(compare: Callable[[Decimal, Decimal], bool]) -> Compare:
    def both(found: Json, wanted: Json) -> bool:
        here, there = number_of(found), number_of(wanted)
        return here is not None and there is not None and compare(here, there)

    return both


def _times(compare: Callable[[datetime, datetime], bool]) -> Compare:
    def both(found: Json, wanted: Json) -> bool:
        here, there = time_of(found), time_of(wanted)
        return here is not None and there is not None and compare(here, there)

    return both


def _contains(found: Json, wanted: Json) -> bool:
    return _HAS(found, wanted) or _same(found, wanted)


_HAS: Final = _texts(lambda found, wanted: wanted in found)
_NEVER: Final[Compare] = lambda found, wanted: False  # noqa: E731

OPERATORS: Final[Mapping[str, Operator]] = {
    "is": Operator(label="is", takes="one", compare=_same),
    "is_not": Operator(label="is not", takes="one", compare=_same, negated=True),
    "contains": Operator(label="contains", takes="one", compare=_contains),
    "does_not_contain": Operator(
        label="does not contain", takes="one", compare=_contains, negated=True
    ),
    "begins_with": Operator(label="begins with", takes="one", compare=_texts(str.startswith)),
    "ends_with": Operator(label="ends with", takes="one", compare=_texts(str.endswith)),
    "in_list": Operator(label="is in the list", takes="list", compare=_same),
    "not_in_list": Operator(label="is not in the list", takes="list", compare=_same, negated=True),
    "is_empty": Operator(label="is empty", takes="none", compare=_NEVER),
    "is_not_empty": Operator(label="is not empty", takes="none", compare=_NEVER, negated=True),
    "greater_than": Operator(
        label="is greater than", takes="one", compare=_numbers(Decimal.__gt__), reads="number"
    ),
    "at_least": Operator(
        label="is at least", takes="one", compare=_numbers(Decimal.__ge__), reads="number"
    ),
    "less_than": Operator(
        label="is less than", takes="one", compare=_numbers(Decimal.__lt__), reads="number"
    ),
    "at_most": Operator(
        label="is at most", takes="one", compare=_numbers(Decimal.__le__), reads="number"
    ),
    "before": Operator(
        label="is before", takes="one", compare=_times(datetime.__lt__), reads="time"
    ),
    "after": Operator(label="is after", takes="one", compare=_times(datetime.__gt__), reads="time"),
}
"""Name → operator, in the order a picker shows them."""


def value_fault(operator: Operator, wanted: Json) -> str:
    """What is wrong with a typed value, in words; "" when nothing."""
    if operator.takes == "none":
        return "" if wanted is None else f"“{operator.label}” takes no value: remove it"
    if wanted is None or wanted == "" or wanted == []:
        return "a value is missing: give it"
    many = isinstance(wanted, (list, tuple))
    if many is not (operator.takes == "list"):
        return "must be a list of values" if operator.takes == "list" else "must be one value"
    if isinstance(wanted, str) and "{{" in wanted:
        return ""  # told when it is looked up
    if operator.reads == "number" and number_of(wanted) is None:
        return "must be a number"
    if operator.reads == "time" and time_of(wanted) is None:
        return "must be a date or a time, such as 2026-01-31 or 2026-01-31T12:00:00Z"
    return ""
