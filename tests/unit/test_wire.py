"""JSON text ↔ values, with every number spelled as it came."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import wire

SPELLINGS = [
    "0",
    "-0",
    "10.0",
    "19.995",
    "0.1",
    "1.10",
    "123456789012345678901234567890",
    "-9223372036854775809",
    "100000000000000000000.5",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_number_comes_out_as_it_went_in(text: str) -> None:
    assert wire.dumps(wire.loads(f'{{"n":{text}}}')) in (
        f'{{"n":{text}}}'.encode(),
        f'{{"n":{text.replace("-0", "0")}}}'.encode(),
    )


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "1e-5000", "1e99999999999999999999", "NaN", "Infinity", "-Infinity"]
)
def test_a_number_that_no_reader_could_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        wire.loads(text)


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"a":1,}', "'a'", '"\\ud800"', '"\\udc00\\ud800"', b'"\xff"', "[1 2]", "01", "+1"],
)
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        wire.loads(text)


@pytest.mark.parametrize(
    "text", ["☃", "\x00", "😀", "e\u0301", "\u202e", "\u2028", "\ufeff", "\x7f"]
)
def test_text_is_unchanged_to_the_code_point(text: str) -> None:
    assert wire.loads(wire.dumps({text: text})) == {text: text}


values: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_values_come_back(value: Any) -> None:
    assert wire.loads(wire.dumps(value)) == value


@given(st.dictionaries(st.text(max_size=5), st.integers(), min_size=2, max_size=6))
def test_equal_objects_have_one_canonical_text(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))

    assert wire.canonical(value) == wire.canonical(turned)


def test_the_last_of_doubled_keys_wins() -> None:
    assert wire.loads('{"a":1,"a":2}') == {"a": 2}
