"""Keys of rows, and the ids that the outside sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.store.keys import (
    Keys,
    first_key_at,
    key_from_text,
    key_text,
    message_id,
    message_key,
    ms_of,
)

NOW = 1_800_000_000_000
any_key = st.integers(0, 2**63 - 2)


@given(any_key)
def test_a_key_comes_back_from_its_text(key: int) -> None:
    assert key_from_text(key_text(key)) == key
    assert len(key_text(key)) == 13


@given(any_key, any_key)
def test_texts_sort_as_the_keys_do(one: int, other: int) -> None:
    assert (one < other) == (key_text(one) < key_text(other))


@pytest.mark.parametrize(
    "text",
    ["", "0", "0" * 12, "0" * 14, "000000000000I", "000000000000u", "00000 0000000", "é" * 13],
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert key_from_text(text) is None


def test_keys_grow_even_when_the_clock_goes_back_or_stands_still() -> None:
    keys = Keys()

    taken = [
        keys.take(3, NOW),
        keys.take(1, NOW),
        keys.take(1, NOW - 10_000),
        keys.take(1, NOW + 1),
    ]

    assert taken == sorted(taken)
    assert taken[1] == taken[0] + 3
    assert taken[2] == taken[1] + 1
    assert taken[3] == first_key_at(NOW + 1)


def test_more_keys_than_a_millisecond_holds_run_on_into_the_next() -> None:
    keys = Keys()
    first = keys.take(2**20 + 5, NOW)

    assert keys.take(1, NOW) == first + 2**20 + 5
    assert keys.take(1, NOW + 1) == first + 2**20 + 6


def test_keys_go_on_above_what_a_database_already_holds() -> None:
    keys = Keys()
    keys.at_least(first_key_at(NOW + 5000))
    keys.at_least(7)

    assert keys.take(1, NOW) == first_key_at(NOW + 5000) + 1


def test_a_key_tells_its_time_and_stays_within_what_a_database_holds() -> None:
    assert ms_of(Keys().take(1, NOW)) == NOW
    assert first_key_at(0) == 0
    assert first_key_at(4_102_444_800_000) < 2**63  # the year 2100


@given(any_key, st.integers(1, 9))
def test_a_message_is_found_by_the_id_of_any_of_its_editions(key: int, edition: int) -> None:
    id_ = message_id("0a1b2c3d", key, edition)

    assert message_key(id_) == key
    assert id_.endswith(f".{edition}") is (edition > 1)


@pytest.mark.parametrize("text", ["", "-", "nonsense", "0a1b2c3d-", "0a1b2c3d-x.2", "a-b-c"])
def test_an_id_that_is_none_finds_nothing(text: str) -> None:
    assert message_key(text) is None
