"""Claimed messages → requests that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.carried import Payload
from host.delivery.requests import cut, halves
from host.manifest import Limits
from host.store.lanes import Claimed
from host.testing.builders import message


def claimed(key: int, size: int = 10, route: str = "") -> Claimed:
    payload = Payload(event={"n": key}, profile=None, route=route)
    return Claimed(
        customer=key,
        seq=1,
        key=key,
        event=None,
        edition=1,
        message=message(payload=payload),
        size=size,
    )


def keys(groups: list[list[Claimed]]) -> list[list[int]]:
    return [[one.key for one in group] for group in groups]


def test_nothing_makes_no_request() -> None:
    assert list(cut([], Limits(items_per_request=100))) == []


def test_items_are_counted() -> None:
    found = list(cut([claimed(n) for n in range(5)], Limits(items_per_request=2)))

    assert keys(found) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("most", "expected"),
    [(2 + 3 * 16, [[0, 1, 2]]), (2 + 3 * 16 - 1, [[0, 1], [2]]), (5, [[0], [1], [2]])],
    ids=["fits exactly", "one byte over", "each too large"],
)
def test_bytes_are_counted_with_what_delivering_adds(most: int, expected: list[list[int]]) -> None:
    limits = Limits(items_per_request=100, bytes_per_request=most, bytes_added_per_item=5)

    assert keys(list(cut([claimed(n, 10) for n in range(3)], limits))) == expected


def test_routes_never_share_a_request() -> None:
    mixed = [claimed(1, route="a"), claimed(2, route="b"), claimed(3, route="a")]

    assert keys(list(cut(mixed, Limits(items_per_request=100)))) == [[1, 3], [2]]


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.sampled_from("ab")), max_size=60),
    st.integers(1, 20),
    st.integers(1, 9000),
)
def test_every_message_goes_once_in_order_within_the_limits(
    wanted: list[tuple[int, str]], items: int, most: int
) -> None:
    messages = [claimed(n, size, route) for n, (size, route) in enumerate(wanted)]
    limits = Limits(items_per_request=items, bytes_per_request=most, bytes_added_per_item=7)

    groups = list(cut(messages, limits))

    assert sorted(one.key for group in groups for one in group) == list(range(len(wanted)))
    for group in groups:
        assert len({one.message.payload.route for one in group}) == 1
        assert [one.key for one in group] == sorted(one.key for one in group)
        assert len(group) <= items
        assert len(group) == 1 or 2 + sum(one.size + 8 for one in group) <= most


@pytest.mark.parametrize(
    ("count", "parts"), [(0, []), (1, [[0]]), (2, [[0], [1]]), (5, [[0, 1, 2], [3, 4]])]
)
def test_a_group_is_halved_in_order(count: int, parts: list[list[int]]) -> None:
    assert keys(halves([claimed(n) for n in range(count)])) == parts
