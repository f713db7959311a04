"""How a request body falls apart into items."""

from __future__ import annotations

import gzip
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.errors import BodyTooLarge, UnreadableBody
from host.reading.bodies import NDJSON, Unpacker, read_items, unpack
from host.reading.pieces import MAX_ITEMS, split_array

BOM = b"\xef\xbb\xbf"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_a_body_without_encoding_is_itself() -> None:
    assert unpack([b"ab", b"c"]) == b"abc"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP "])
def test_gzip_is_unpacked(encoding: str) -> None:
    assert unpack(gzip.compress(b"hello", mtime=0), encoding) == b"hello"


def test_gzip_may_come_byte_by_byte_in_several_members_with_padding() -> None:
    packed = gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0) + b"\0\0"

    assert unpack((bytes([byte]) for byte in packed), "gzip") == b"onetwo"


def test_a_gzip_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))

    with pytest.raises(BodyTooLarge, match="over 100000 bytes"):
        unpack(bomb, "gzip", limit=100_000)


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    encoding: str | None,
) -> None:
    fits, over = b"x" * 100, b"x" * 101

    assert unpack(gzip.compress(fits) if encoding else fits, encoding, 100) == fits
    with pytest.raises(BodyTooLarge):
        unpack(gzip.compress(over) if encoding else over, encoding, 100)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (gzip.compress(b"hello" * 100, mtime=0)[:-5], "cut off"),
        (b"", "cut off"),
        (b'{"customer": "1"}', "not gzip"),
        (gzip.compress(b"hello", mtime=0) + b"rubbish", "not gzip"),
        (gzip.compress(b"", mtime=0) * 1001, "members"),
    ],
)
def test_broken_gzip_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(UnreadableBody, match=says):
        unpack(body, "gzip")


def test_an_unknown_encoding_is_refused_with_what_is_taken() -> None:
    with pytest.raises(UnreadableBody, match="send gzip"):
        Unpacker("br")


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (BOM + b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
        (b'\n{"a":1}\n \t\r\n\n{"b":2}\n\n', [None, b'{"a":1}', None, None, b'{"b":2}', None]),
        ('{"a":"x\u2028y\u0085\x0b"}\n'.encode(), ['{"a":"x\u2028y\u0085\x0b"}'.encode()]),
        (b'{"a":1}\r{"b":2}\n', [b'{"a":1}\r{"b":2}']),
        (b'{"a":1}\n' + BOM + b"{}", [b'{"a":1}', BOM + b"{}"]),
        (b"\n", [None]),
        (b"oops\n{}\n", [b"oops", b"{}"]),
    ],
)
def test_lines_end_at_line_feeds_only(body: bytes, lines: list[bytes | None]) -> None:
    items = read_items(body, f"{NDJSON}; charset=utf-8")

    assert items.by == "line"
    assert items.items == lines
    assert items.number(0) == 1


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "Application/JSON; charset=utf-8", "text/plain"]
)
def test_json_is_an_array_or_one_object(content_type: str | None) -> None:
    array = read_items(b' [ {"a": 1} , 2 ] \n', content_type)
    single = read_items(BOM + b'\n{"a": [1]}\n', content_type)

    assert (array.by, array.items) == ("index", [b'{"a": 1}', b"2"])
    assert single.items == [b'{"a": [1]}']
    assert array.number(0) == 0


def test_an_empty_array_has_no_items() -> None:
    assert read_items(b"[ ]").items == []


def test_another_content_type_is_refused_with_what_is_taken() -> None:
    with pytest.raises(UnreadableBody, match=r"application/json.*application/x-ndjson"):
        read_items(b"{}", "application/x-www-form-urlencoded")


@pytest.mark.parametrize("content_type", [None, NDJSON])
@pytest.mark.parametrize("body", [b"", BOM])
def test_an_empty_body_is_refused(body: bytes, content_type: str | None) -> None:
    with pytest.raises(UnreadableBody, match="empty"):
        read_items(body, content_type)


@pytest.mark.parametrize(
    "bad",
    [
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": "tab\there"}',
        b'{"a" 1}',
        b'{"a": [1}}',
        b"oops",
        b"",
        b"[" * 3000 + b"]" * 3000,
        b'{"a": 1}}',
        b'"a, [b] \\" {c"x',
    ],
)
def test_a_bad_item_of_an_array_leaves_its_neighbours_alone(bad: bytes) -> None:
    body = b'[{"a": "b], \\" c"}, ' + bad + b' , {"b": [{"c": 2}, 3]}]'

    items = read_items(body).items

    assert items == [b'{"a": "b], \\" c"}', bad, b'{"b": [{"c": 2}, 3]}']


def test_a_bad_single_object_is_one_item() -> None:
    assert read_items(b' {"a": NaN} ').items == [b'{"a": NaN}']


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'[{"a": 1}, {"b":', r"ends inside .* \(byte 16\)"),
        (b'[{"a": 1}', "ends inside"),
        (b'{"a": "never closed', "ends inside"),
        (b'{"a": {"b": 1}', "ends inside"),
        (b"[1, 2] 3", r"\(byte 7\)"),
        (b'{"a": 1}\n{"a": 2}', "application/x-ndjson"),
        (b"[NaN] 3", "follows"),
        (b" hello", r"neither .* \(byte 1\)"),
        (b"5", "neither"),
        (b'"text"', "neither"),
        (b"null", "neither"),
        (b"   ", "neither"),
        (b"]", "neither"),
    ],
)
def test_a_body_without_clear_borders_is_refused_with_the_place(body: bytes, says: str) -> None:
    with pytest.raises(UnreadableBody, match=says):
        read_items(body)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\n" * (MAX_ITEMS + 1), NDJSON),
        (b"[1" + b",1" * MAX_ITEMS + b"]", None),
        (b"[1" + b",1" * 5_000_000, None),
    ],
)
def test_more_items_than_events_could_be_are_refused(body: bytes, content_type: str | None) -> None:
    with pytest.raises(BodyTooLarge, match="items"):
        read_items(body, content_type)


@pytest.mark.parametrize(
    "inside",
    [b"[" * 4_000_000, b'"' + b'\\"' * 2_000_000, b'{"a":' * 800_000, b"[]" * 1_000_000],
    ids=["brackets", "escapes", "objects", "pairs"],
)
def test_a_hostile_body_costs_time_in_proportion_to_its_size(inside: bytes) -> None:
    started = time.perf_counter()

    with pytest.raises(UnreadableBody):
        read_items(b"[NaN," + inside)

    assert time.perf_counter() - started < 5


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(json_values), st.sampled_from([None, 1]), st.booleans())
def test_splitting_gives_the_items_that_a_json_reader_gives(
    values: list[object], indent: int | None, ascii_only: bool
) -> None:
    body = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()

    items, end = split_array(body, 1)

    assert [json.loads(item) for item in items] == values
    assert end == len(body)
    assert items == read_items(body).items


@settings(deadline=None)  # a busy machine is no fault
@given(st.binary(max_size=60), st.sampled_from([None, NDJSON]))
def test_any_body_is_read_or_refused_as_a_whole(body: bytes, content_type: str | None) -> None:
    try:
        items = read_items(body, content_type).items
    except UnreadableBody as error:
        assert str(error)
    else:
        assert all(item is None or item in body for item in items)
