"""Operators of filters: what stands there × what was typed → whether it holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import wire
from host.model import MISSING, Json, Missing
from host.workflow.conditions import OPERATORS, is_empty, number_of, value_fault
from tests.graphs import json_values

Case = tuple[str, Json | Missing, Json, bool]

TEXTS: Final[list[Case]] = [
    ("is", "gold", "gold", True),
    ("is", "gold", "Gold", False),
    ("is", " gold", "gold", False),
    ("is", "01234", "1234", False),  # another postcode
    ("is", "\u00e9", "e\u0301", False),  # other code points
    ("is", MISSING, "gold", False),
    ("is", None, "gold", False),
    ("is", {"name": "gold"}, "gold", False),
    ("is", {"name": "gold"}, {"name": "gold"}, False),
    ("is_not", "silver", "gold", True),
    ("is_not", "gold", "gold", False),
    ("is_not", MISSING, "gold", True),
    ("is_not", None, "gold", True),
    ("contains", "golden", "gold", True),
    ("contains", "gold", "golden", False),
    ("contains", 1234, "23", True),
    ("contains", MISSING, "gold", False),
    ("contains", None, "", False),
    ("does_not_contain", "silver", "gold", True),
    ("does_not_contain", "golden", "gold", False),
    ("does_not_contain", MISSING, "gold", True),
    ("begins_with", "golden", "gold", True),
    ("begins_with", "old gold", "gold", False),
    ("begins_with", 4412, 44, True),
    ("begins_with", MISSING, "gold", False),
    ("ends_with", "old gold", "gold", True),
    ("ends_with", "golden", "gold", False),
    ("ends_with", None, "gold", False),
]

NUMBERS: Final[list[Case]] = [
    ("is", 10, 10, True),
    ("is", 10, Decimal("10.0"), True),
    ("is", "10", 10, True),
    ("is", 10, "10", True),
    ("is", Decimal("10.00"), "10", True),
    ("is", "10 points", 10, False),
    ("is", 0, False, False),
    ("is", 1, True, False),
    ("is", 2**70, str(2**70), True),
    ("is", Decimal("0.1"), "0.1", True),
    ("greater_than", "10", 9, True),
    ("greater_than", "9", 10, False),  # as numbers, not as texts
    ("greater_than", "9", "10", False),
    ("greater_than", 10, 10, False),
    ("greater_than", Decimal("10.01"), 10, True),
    ("greater_than", "much", 10, False),
    ("greater_than", True, 0, False),
    ("greater_than", None, 0, False),
    ("greater_than", MISSING, 0, False),
    ("greater_than", "", -1, False),
    ("greater_than", " 10", 9, False),
    ("greater_than", "1e3", 999, True),
    ("greater_than", "-5", -6, True),
    ("greater_than", ".5", 0, True),
    ("greater_than", "１０", 9, False),  # digits of another script
    ("at_least", 10, 10, True),
    ("at_least", "9.99", 10, False),
    ("less_than", "9", "10", True),
    ("less_than", 10, 10, False),
    ("less_than", MISSING, 10, False),
    ("at_most", 10, 10, True),
    ("at_most", Decimal("10.5"), "10", False),
]

OTHERS: Final[list[Case]] = [
    ("is", True, True, True),
    ("is", True, "true", True),
    ("is", False, "false", True),
    ("is", True, "yes", False),
    ("is", None, None, True),
    ("is", False, None, False),
    ("is_empty", MISSING, None, True),
    ("is_empty", None, None, True),
    ("is_empty", "", None, True),
    ("is_empty", [], None, True),
    ("is_empty", {}, None, True),
    ("is_empty", 0, None, False),
    ("is_empty", False, None, False),
    ("is_empty", " ", None, False),
    ("is_not_empty", MISSING, None, False),
    ("is_not_empty", 0, None, True),
    ("is_not_empty", [None], None, True),
    ("before", "2026-01-31", "2026-02-01", True),
    ("before", "2026-01-31T23:00:00-02:00", "2026-02-01", False),  # it is 01:00 in UTC
    ("before", 1_700_000_000, "2026-01-01", True),
    ("before", "soon", "2026-01-01", False),
    ("before", MISSING, "2026-01-01", False),
    ("before", True, "2026-01-01", False),
    ("after", "2026-02-01T00:00:01Z", "2026-02-01", True),
    ("after", "2026-02-01", "2026-02-01", False),
    ("after", Decimal("1900000000000"), "2026-01-01", True),
    ("after", None, "2026-01-01", False),
]

LISTS: Final[list[Case]] = [
    ("is", ["silver", "gold"], "gold", True),
    ("is", [], "gold", False),
    ("is", [["gold"]], "gold", False),
    ("is_not", ["silver", "gold"], "gold", False),
    ("is_not", [], "gold", True),
    ("contains", ["golden", "silver"], "gold", True),
    ("contains", [1, 2], 2, True),
    ("contains", [10], "10.0", True),
    ("does_not_contain", ["a", "b"], "c", True),
    ("greater_than", [1, "20"], 10, True),
    ("in_list", "gold", ["silver", "gold"], True),
    ("in_list", "10", [1, 10], True),
    ("in_list", "tin", ["silver", "gold"], False),
    ("in_list", ["tin", "gold"], ["silver", "gold"], True),
    ("in_list", MISSING, ["gold"], False),
    ("not_in_list", "tin", ["silver", "gold"], True),
    ("not_in_list", "gold", ["silver", "gold"], False),
    ("not_in_list", MISSING, ["gold"], True),
    ("not_in_list", ["gold", "tin"], ["gold"], False),
]


@pytest.mark.parametrize(
    ("operator", "found", "wanted", "holds"), [*TEXTS, *NUMBERS, *OTHERS, *LISTS]
)
def test_an_operator_holds_or_not(
    operator: str, found: Json | Missing, wanted: Json, holds: bool
) -> None:
    assert OPERATORS[operator].holds(found, wanted) is holds


def test_every_operator_stands_in_the_tables_above() -> None:
    assert {case[0] for case in (*TEXTS, *NUMBERS, *OTHERS, *LISTS)} == set(OPERATORS)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.sampled_from(sorted(OPERATORS)), json_values | st.just(MISSING), json_values)
def test_no_json_makes_an_operator_raise(
    operator: str, found: Json | Missing, wanted: Json
) -> None:
    assert OPERATORS[operator].holds(found, wanted) in (True, False)


@pytest.mark.parametrize(
    "text", ["9" * 4300, "1." + "9" * 100_000, "1e300", "-1e-300", "[" * 60 + "]" * 60]
)
@pytest.mark.parametrize("operator", OPERATORS)
def test_the_longest_values_that_events_bring_make_none_raise(operator: str, text: str) -> None:
    found = wire.loads(text)

    assert OPERATORS[operator].holds(found, "10") in (True, False)
    assert OPERATORS[operator].holds("10", found) in (True, False)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(json_values)
def test_empty_and_not_empty_are_opposites(found: Json) -> None:
    empty = OPERATORS["is_empty"].holds(found, None)

    assert OPERATORS["is_not_empty"].holds(found, None) is not empty
    assert is_empty(found) is empty


@pytest.mark.parametrize(
    ("yes", "no"),
    [("is", "is_not"), ("contains", "does_not_contain"), ("in_list", "not_in_list")],
)
@settings(derandomize=True, max_examples=60, deadline=None)
@given(found=json_values | st.just(MISSING), wanted=json_values)
def test_a_negated_operator_holds_when_the_other_does_not(
    yes: str, no: str, found: Json | Missing, wanted: Json
) -> None:
    assert OPERATORS[yes].holds(found, wanted) is not OPERATORS[no].holds(found, wanted)


@pytest.mark.parametrize(
    ("text", "number"),
    [("10", 10), ("+1.50", Decimal("1.50")), ("1e2", 100), (".5", Decimal("0.5"))],
)
def test_texts_that_read_as_numbers(text: str, number: Decimal | int) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ten",
        "1,000",
        "1.",
        "0x10",
        "1_000",
        "NaN",
        "Infinity",
        "1e99999",
        " 1",
        "1\n",
        "1" * 401,
    ],
)
def test_texts_that_read_as_no_numbers(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("operator", "wanted", "fault"),
    [
        ("is", "gold", ""),
        ("is", 0, ""),
        ("is", False, ""),
        ("is", None, "a value is missing: give it"),
        ("is", "", "a value is missing: give it"),
        ("is", ["gold"], "must be one value"),
        ("in_list", ["gold", 1], ""),
        ("in_list", [], "a value is missing: give it"),
        ("in_list", "gold", "must be a list of values"),
        ("is_empty", None, ""),
        ("is_empty", "gold", "“is empty” takes no value: remove it"),
        ("at_least", "10", ""),
        ("at_least", "ten", "must be a number"),
        ("at_least", True, "must be a number"),
        ("at_least", "{{ customer.score }}", ""),
        ("after", "2026-01-31", ""),
        (
            "after",
            "31.1.2026",
            "must be a date or a time, such as 2026-01-31 or 2026-01-31T12:00:00Z",
        ),
        ("after", "{{ customer.joined }}", ""),
    ],
)
def test_what_is_wrong_with_a_typed_value_is_told(operator: str, wanted: Json, fault: str) -> None:
    assert value_fault(OPERATORS[operator], wanted) == fault
