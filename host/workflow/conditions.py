"""Operators of filters: what stands there, compared with what was typed. Nothing here raises.

A text that reads as a number is compared with numbers as one (the platform writes points as
"10"), and a list holds a condition when one of its values does. What cannot be compared does
not hold.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from host.model import Json, Missing
from host.reading.times import read_moment

Takes: TypeAlias = Literal["none", "one", "list"]
Test: TypeAlias = Callable[[Json], bool]

_MOST_DIGITS: Final = 400  # of a text that is read as a number
_NUMBER: Final = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator. `reads`: what a typed value has to be; `negated`: holds when it does not.

    `against` makes of one typed value the test of one value that stands there.
    """

    label: str
    takes: Takes
    against: Callable[[Json], Test]
    reads: Literal["anything", "number", "time"] = "anything"
    negated: bool = False

    def test(self, wanted: Json) -> Callable[[Json | Missing], bool]:
        """What tells whether it holds for what stands there (MISSING: nothing)."""
        negated = self.negated
        if self.takes == "none":
            return lambda found: is_empty(found) is not negated
        wants = wanted if isinstance(wanted, (list, tuple)) else (wanted,)
        tests = [self.against(want) for want in wants]
        one = tests[0] if len(tests) == 1 else lambda found: any(test(found) for test in tests)

        def holds(found: Json | Missing) -> bool:
            if type(found) is str or type(found) is int:  # as most are, so it is asked first
                return one(found) is not negated
            if isinstance(found, Missing):
                return negated
            if isinstance(found, (list, tuple)):
                return any(one(value) for value in found) is not negated
            return one(found) is not negated

        return holds

    def holds(self, found: Json | Missing, wanted: Json) -> bool:
        """Whether it holds for what stands there (MISSING: nothing)."""
        return self.test(wanted)(found)


def is_empty(found: Json | Missing) -> bool:
    """Nothing there, null, an empty text, list or object."""
    if isinstance(found, Missing) or found is None:
        return True
    return isinstance(found, (str, list, tuple, Mapping)) and len(found) == 0


def number_of(value: Json) -> int | Decimal | None:
    """The number that a value is or reads as; None: it is none."""
    if type(value) is int or isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def time_of(value: Json) -> datetime | None:
    """The time that a value tells; None: it tells none."""
    return read_moment(value)


def _text(value: Json) -> str | None:
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float, Decimal)) else None


def _same(wanted: Json) -> Test:
    number, text = number_of(wanted), _text(wanted)
    typed = isinstance(wanted, str)

    def test(found: Json) -> bool:
        if typed and isinstance(found, str):
            return found == wanted  # 01234 is another postcode than 1234
        if found is None or wanted is None:
            return found is wanted
        if number is not None and number == number_of(found):
            return True
        return text is not None and text == _text(found)

    return test


def _contains(wanted: Json) -> Test:
    has, same = _text_test(operator.contains)(wanted), _same(wanted)
    return lambda found: has(found) or same(found)


def _test(
    read: Callable[[Any], Any], compare: Callable[[Any, Any], bool], plain: type | None = None
) -> Callable[[Json], Test]:
    """Both sides read in one way; what cannot be read so does not hold.

    `plain`: a type that is read as it is, and that most values have.
    """

    def against(wanted: Json) -> Test:
        there = read(wanted)
        if there is None:
            return _never

        def test(found: Any) -> bool:
            here = found if type(found) is plain else read(found)
            return here is not None and compare(here, there)

        return test

    return against


def _never(found: Json) -> bool:
    return False


def _text_test(compare: Callable[[str, str], bool]) -> Callable[[Json], Test]:
    return _test(_text, compare, str)


def _number_test(compare: Callable[[Any, Any], bool]) -> Callable[[Json], Test]:
    return _test(number_of, compare, int)


def _time_test(compare: Callable[[datetime, datetime], bool]) -> Callable[[Json], Test]:
    return _test(time_of, compare)


def _unasked(wanted: Json) -> Test:
    return _never


OPERATORS: Final[Mapping[str, Operator]] = {
    "is": Operator(label="is", takes="one", against=_same),
    "is_not": Operator(label="is not", takes="one", against=_same, negated=True),
    "contains": Operator(label="contains", takes="one", against=_contains),
    "does_not_contain": Operator(
        label="does not contain", takes="one", against=_contains, negated=True
    ),
    "begins_with": Operator(label="begins with", takes="one", against=_text_test(str.startswith)),
    "ends_with": Operator(label="ends with", takes="one", against=_text_test(str.endswith)),
    "in_list": Operator(label="is in the list", takes="list", against=_same),
    "not_in_list": Operator(label="is not in the list", takes="list", against=_same, negated=True),
    "is_empty": Operator(label="is empty", takes="none", against=_unasked),
    "is_not_empty": Operator(label="is not empty", takes="none", against=_unasked, negated=True),
    "greater_than": Operator(
        label="is greater than", takes="one", against=_number_test(operator.gt), reads="number"
    ),
    "at_least": Operator(
        label="is at least", takes="one", against=_number_test(operator.ge), reads="number"
    ),
    "less_than": Operator(
        label="is less than", takes="one", against=_number_test(operator.lt), reads="number"
    ),
    "at_most": Operator(
        label="is at most", takes="one", against=_number_test(operator.le), reads="number"
    ),
    "before": Operator(
        label="is before", takes="one", against=_time_test(operator.lt), reads="time"
    ),
    "after": Operator(label="is after", takes="one", against=_time_test(operator.gt), reads="time"),
}
"""Name → operator, in the order a picker shows them."""


def value_fault(chosen: Operator, wanted: Json) -> str:
    """What is wrong with a typed value, in words; "" when nothing."""
    if chosen.takes == "none":
        return "" if wanted is None else f"“{chosen.label}” takes no value: remove it"
    if wanted is None or wanted == "" or wanted == []:
        return "a value is missing: give it"
    many = isinstance(wanted, (list, tuple))
    if many is not (chosen.takes == "list"):
        return "must be a list of values" if chosen.takes == "list" else "must be one value"
    if isinstance(wanted, str) and "{{" in wanted:
        return ""  # told when it is looked up
    if chosen.reads == "number" and number_of(wanted) is None:
        return "must be a number"
    if chosen.reads == "time" and time_of(wanted) is None:
        return "must be a date or a time, such as 2026-01-31 or 2026-01-31T12:00:00Z"
    return ""
