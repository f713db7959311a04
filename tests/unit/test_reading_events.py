"""Which events are taken, as what, and why others are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.carried import Event
from host.errors import RefusedItem
from host.reading.events import TakenEvent, read_event
from host.reading.items import MAX_ITEM_BYTES, peek_id
from host.wire import dumps

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CODES = {
    "invalid_json",
    "invalid_event",
    "invalid_time",
    "invalid_number",
    "invalid_text",
    "too_large",
    "guest_with_customer",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def item(**fields: object) -> bytes:
    given: dict[str, object] = {"id": "e1", "customer": "c1", "action": "point_add", **fields}
    return json.dumps({name: value for name, value in given.items() if value != "ABSENT"}).encode()


def take(raw: bytes) -> TakenEvent:
    return read_event(raw, now=NOW, fallback_id=lambda: "fallback")


def event(**fields: object) -> Event:
    return take(item(**fields)).event


def refusal(raw: bytes) -> RefusedItem:
    with pytest.raises(RefusedItem) as caught:
        take(raw)
    return caught.value


def with_data(text: str) -> bytes:
    return b'{"customer":"c1","action":"a","data":{"x":' + text.encode() + b"}}"


def test_a_whole_event_is_read_and_what_nobody_knows_is_kept() -> None:
    raw = item(
        data={"points": 5},
        timestamp="2026-10-01T07:58:02.250Z",
        account="main",
        external_id="barcode",
        guest=False,
        source="Platform",
        expdate=None,
    )

    taken = take(raw)

    assert taken.event == Event(
        id="e1",
        customer="c1",
        action="point_add",
        data={"points": 5},
        occurred_at=datetime(2026, 10, 1, 7, 58, 2, 250_000, tzinfo=UTC),
        account="main",
        external_id="barcode",
        fields={"source": "Platform", "expdate": None},
    )
    assert taken.raw == raw


@pytest.mark.parametrize(
    ("given", "customer"),
    [("c1", "c1"), (100045, "100045"), (0, "0"), (-7, "-7"), (10**40, str(10**40)), (" x ", " x ")],
)
def test_a_customer_is_text_and_an_integer_becomes_its_decimal_text(
    given: object, customer: str
) -> None:
    assert event(customer=given).customer == customer


@pytest.mark.parametrize("field", ["customer", "id"])
@pytest.mark.parametrize("value", [True, 1.5, 10.0, ["c"], {"c": 1}, "", "x" * 513, 10**513])
def test_other_customers_and_ids_are_refused(field: str, value: object) -> None:
    error = refusal(item(**{field: value}))

    assert error.code == "invalid_event"
    assert field in str(error)


@pytest.mark.parametrize("field", ["customer", "id", "action"])
def test_512_characters_are_taken_whatever_their_bytes(field: str) -> None:
    assert getattr(event(**{field: "ű" * 512}), field) == "ű" * 512


@pytest.mark.parametrize("absent", [None, "ABSENT"])
def test_an_event_without_customer_is_refused(absent: object) -> None:
    error = refusal(item(customer=absent))

    assert error.code == "invalid_event"
    assert "customer is missing" in str(error)


@pytest.mark.parametrize("guest", [True, "true", "True", 1, "1"])
def test_a_guest_has_no_customer(guest: object) -> None:
    assert event(customer=None, guest=guest).customer is None
    assert refusal(item(guest=guest)).code == "guest_with_customer"


@pytest.mark.parametrize("guest", [False, "false", 0, "0", "", None])
def test_who_is_no_guest_needs_a_customer(guest: object) -> None:
    assert event(guest=guest).customer == "c1"
    assert refusal(item(customer=None, guest=guest)).code == "invalid_event"


@pytest.mark.parametrize("guest", ["maybe", 2, [], {}, 1.0])
def test_a_guest_that_is_neither_true_nor_false_is_refused(guest: object) -> None:
    assert refusal(item(customer=None, guest=guest)).code == "invalid_event"


@pytest.mark.parametrize("action", ["point_add", " Store  Visit ", "ÁRVÍZTŰRŐ", "0", "\0"])
def test_an_action_is_neither_folded_nor_trimmed(action: str) -> None:
    assert event(action=action).action == action


@pytest.mark.parametrize("action", [None, "ABSENT", "", 5, True, ["a"], {}, "x" * 513])
def test_an_action_that_is_no_name_is_refused(action: object) -> None:
    error = refusal(item(action=action))

    assert error.code == "invalid_event"
    assert "action" in str(error)


@pytest.mark.parametrize("data", [None, "ABSENT", [], {}])
def test_no_data_is_empty_data(data: object) -> None:
    assert event(data=data).data == {}


@pytest.mark.parametrize("data", [[1], "text", 5, True, 1.5])
def test_data_that_is_no_object_is_refused(data: object) -> None:
    assert refusal(item(data=data)).code == "invalid_event"


@pytest.mark.parametrize("field", ["account", "external_id"])
@pytest.mark.parametrize(
    ("given", "text"), [("a", "a"), (5, "5"), (None, None), ("ABSENT", None), ("", "")]
)
def test_account_and_external_id_are_text_or_nothing(
    field: str, given: object, text: str | None
) -> None:
    assert getattr(event(**{field: given}), field) == text


@pytest.mark.parametrize("field", ["account", "external_id"])
@pytest.mark.parametrize("value", [True, 1.5, [], {}])
def test_other_accounts_and_external_ids_are_refused(field: str, value: object) -> None:
    assert refusal(item(**{field: value})).code == "invalid_event"


@pytest.mark.parametrize(
    ("given", "id"), [("e1", "e1"), (42, "42"), (None, "fallback"), ("ABSENT", "fallback")]
)
def test_an_id_is_the_events_own_or_the_fallback(given: object, id: str) -> None:
    assert event(id=given).id == id


@pytest.mark.parametrize(
    "value", [{"customer": "c1"}, [], None, 5, "text", True], ids=lambda v: type(v).__name__
)
def test_what_is_no_event_is_refused(value: object) -> None:
    assert refusal(json.dumps(value).encode()).code == "invalid_event"


OCTOBER = datetime(2026, 10, 1, 7, 58, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        ("2026-10-01T07:58:02Z", OCTOBER),
        ("2026-10-01t07:58:02z", OCTOBER),
        ("2026-10-01T07:58:02", OCTOBER),
        ("2026-10-01 07:58:02", OCTOBER),
        ("2026-10-01T09:58:02+02:00", OCTOBER),
        ("2026-10-01T02:58:02-0500", OCTOBER),
        ("20261001T075802Z", OCTOBER),
        ("2026-10-01T07:58:02.123456789Z", OCTOBER.replace(microsecond=123_456)),
        ("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC)),
        (1790841482, OCTOBER),
        (1790841482000, OCTOBER),
        (1790841482.25, OCTOBER.replace(microsecond=250_000)),
        (1790841482250, OCTOBER.replace(microsecond=250_000)),
        (1790841482000.5, OCTOBER.replace(microsecond=500)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2026-11-26T12:00:00Z", NOW + timedelta(hours=24)),
    ],
)
def test_a_time_is_iso_text_or_a_number(timestamp: object, moment: datetime) -> None:
    read = event(timestamp=timestamp)

    assert read.occurred_at == moment
    assert read.occurred_at.utcoffset() == timedelta(0)
    assert not read.time_assumed


@pytest.mark.parametrize("timestamp", [None, "ABSENT"])
def test_without_a_time_it_is_the_time_of_taking(timestamp: object) -> None:
    read = event(timestamp=timestamp)

    assert (read.occurred_at, read.time_assumed) == (NOW, True)


@pytest.mark.parametrize(
    "timestamp",
    [
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+00:01",
        "2026-11-26T12:00:01Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "yesterday",
        "",
        " ",
        "2026-13-01",
        "2026-10-01x07:58:02",
        "1790841482",
        "20261001",
        "２０２６-10-01",
        0,
        -1,
        946684799,
        99_999_999_999,
        10**400,
        -(10**400),
        True,
        [],
        {},
    ],
)
def test_a_time_that_cannot_be_is_refused(timestamp: object) -> None:
    assert refusal(item(timestamp=timestamp)).code == "invalid_time"


@pytest.mark.parametrize("effective", [1704067200, 1704067200000, "2024-01-01T00:00:00Z"])
@pytest.mark.parametrize("timestamp", [None, "2026-10-01T07:58:02Z"])
def test_a_valid_effective_timestamp_wins(effective: object, timestamp: object) -> None:
    read = event(timestamp=timestamp, data={"effective_timestamp": effective})

    assert read.occurred_at == datetime(2024, 1, 1, tzinfo=UTC)
    assert not read.time_assumed
    assert read.data == {"effective_timestamp": effective}


@pytest.mark.parametrize("effective", [None, "soon", 5, True, [], 99_999_999_999])
def test_an_effective_timestamp_that_is_no_time_is_just_data(effective: object) -> None:
    read = event(timestamp="2026-10-01T07:58:02Z", data={"effective_timestamp": effective})

    assert read.occurred_at == OCTOBER


@pytest.mark.parametrize(
    "number", ["10.0", "19.995", "0", "0.10", "-5", "1" * 400, "123456789012345678901234567890"]
)
def test_a_number_comes_out_as_it_went_in(number: str) -> None:
    assert dumps(take(with_data(number)).event.data) == b'{"x":' + number.encode() + b"}"


@settings(deadline=None)  # a busy machine is no fault
@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_any_number_comes_out_as_it_went_in(number: int | Decimal) -> None:
    text = f"{number:f}" if isinstance(number, Decimal) else str(number)

    read = take(with_data(text)).event.data["x"]

    assert read == number


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1E+400",
        "1" * 5000,
        "1e99999999999999999999",
        "1e-99999999999999999999",
    ],
)
def test_a_number_that_nobody_can_hold_is_refused(number: str) -> None:
    assert refusal(with_data(number)).code == "invalid_number"


@settings(deadline=None)  # a busy machine is no fault
@given(st.text())
def test_text_is_unchanged_to_the_code_point(text: str) -> None:
    raw = json.dumps({"customer": "c", "action": "a", "data": {text: text}}).encode()

    assert take(raw).event.data == {text: text}


@pytest.mark.parametrize(
    "text",
    [
        rb'"\ud800"',
        rb'"\udc00"',
        rb'"\ud83d\u0041"',
        rb'{"\ud800": 1}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
    ],
)
def test_text_that_is_no_text_is_refused(text: bytes) -> None:
    raw = b'{"customer": "c1", "action": "a", "data": {"x": ' + text + b"}}"

    assert refusal(raw).code == "invalid_text"


def test_nul_is_kept_and_the_last_of_two_equal_keys_wins() -> None:
    raw = b'{"customer": "old", "action": "a", "data": {"x": "a\\u0000b"}, "customer": "new"}'

    read = take(raw).event

    assert (read.customer, read.data) == ("new", {"x": "a\0b"})


@pytest.mark.parametrize(
    "raw",
    [
        b"oops",
        b'{"customer": "c1"',
        b'{"customer": "c1",}',
        b"{'customer': 'c1'}",
        b'{"customer": "a\x00"}',
        b'{"x": 01}',
        b"{} {}",
        b"",
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    assert refusal(raw).code == "invalid_json"


def nested(depth: int) -> bytes:
    """An event that nests so deep, itself and its data counted."""
    inner = b"[" * (depth - 2) + b"]" * (depth - 2)
    return b'{"customer":"c1","action":"a","text":"[[[{{{\\"[[","data":{"x":' + inner + b"}}"


def test_nesting_goes_to_64_and_not_further() -> None:
    assert take(nested(64)).event.data

    error = refusal(nested(65))

    assert error.code == "invalid_event"
    assert "64" in str(error)


def test_many_flat_lists_are_no_nesting() -> None:
    read = event(data={"items": [{"price": [n]} for n in range(200)]})

    assert len(read.data) == 1


@pytest.mark.parametrize("inside", ["[" * 100_000 + "]" * 100_000, "[" * 100_000, '{"a":' * 9000])
def test_bottomless_nesting_is_refused(inside: str) -> None:
    assert refusal(with_data(inside)).code == "invalid_event"


def test_an_event_of_one_megabyte_is_taken_and_a_byte_more_is_not() -> None:
    frame = item(data={"x": ""})
    fits = item(data={"x": "y" * (MAX_ITEM_BYTES - len(frame))})

    assert take(fits).event.id == "e1"
    assert refusal(fits + b" ").code == "too_large"


def test_the_content_is_everything_but_the_id_however_it_is_written() -> None:
    first = take(
        b'{"id": "1", "customer": "c", "action": "a", "data": {"x": 10.0, "y": "\xc3\xa9"}}'
    )
    same = take(b'{"data":{"y":"\\u00e9","x":10.0},"action":"a","customer":"c","id":"2"}')
    other = take(b'{"id": "1", "customer": "c", "action": "a", "data": {"x": 10, "y": "\xc3\xa9"}}')

    assert len(first.content) == 16
    assert first.content == same.content
    assert first.content != other.content


@pytest.mark.parametrize(
    "fields",
    [
        {"customer": ["eve@example.com"]},
        {"action": {"x": "eve@example.com"}},
        {"data": "eve@example.com"},
        {"timestamp": "eve@example.com"},
        {"account": {"x": "eve@example.com"}},
        {"guest": "eve@example.com"},
    ],
)
def test_a_refusal_shows_nothing_of_what_it_refuses(fields: dict[str, object]) -> None:
    assert "eve" not in str(refusal(item(**fields)))


@pytest.mark.parametrize(
    ("raw", "id"),
    [
        (b'{"id": "e1", "x": NaN}', "e1"),
        (b'{"id": 7, "x": "\\ud800"}', "7"),
        (b'{"id": "e1", "x": "\xff"}', "e1"),
        (b'{"id": "\xff"}', None),
        (b'{"id": "\\ud800"}', None),
        (b'{"id": ""}', None),
        (b'{"id": null}', None),
        (b'{"x": 1}', None),
        (b'{"id": "e1"', None),
        (b'["id"]', None),
        (b"[" * 5000, None),
        (b'{"id": "e1", "x": "' + b"y" * MAX_ITEM_BYTES + b'"}', "e1"),
        (b'{"id": "e1", "x": "' + b"y" * 4 * MAX_ITEM_BYTES + b'"}', None),
    ],
    ids=range(13),
)
def test_a_refused_item_still_tells_its_id_when_it_can(raw: bytes, id: str | None) -> None:
    assert peek_id(raw) == id


@settings(deadline=None)  # a busy machine is no fault
@given(
    json_values
    | st.fixed_dictionaries(
        {},
        optional={
            name: json_values | st.text(max_size=5)
            for name in ("id", "customer", "action", "data", "timestamp", "account", "guest")
        },
    )
)
def test_any_json_is_an_event_or_a_refusal_under_a_published_code(value: object) -> None:
    try:
        taken = take(json.dumps(value).encode())
    except RefusedItem as error:
        assert error.code in CODES
    else:
        assert taken.event.action


@settings(deadline=None)  # a busy machine is no fault
@given(st.binary(max_size=80))
def test_any_bytes_are_an_event_or_a_refusal_under_a_published_code(raw: bytes) -> None:
    assert refusal(raw).code in CODES
