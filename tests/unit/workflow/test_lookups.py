"""Values that are looked up: their types, what cannot be found, and that nothing is evaluated."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.carried import Customer
from host.model import MISSING, Json, Missing
from host.testing.builders import customer, event
from host.workflow import Subject
from host.workflow.lookups import (
    MOST_BYTES,
    LookupFailed,
    customer_attribute,
    event_attribute,
    rendered,
    written,
)
from tests.graphs import constants, json_values, subject, texts

DATA: dict[str, Any] = {
    "points": 10,
    "price": Decimal("19.90"),
    "text": "ten",
    "yes": True,
    "nothing": None,
    "empty": "",
    "list": [1, "a"],
    "object": {"a": {"b": "deep"}},
    "a.b": "dotted",
    "action": "of the data",
    "with blank": 1,
    "__class__": "a plain name",
}
CUSTOMER: dict[str, Any] = {
    "first_name": "Ada",
    "score": 120,
    "properties": {"shoe": 42},
    "tiers": {"main_tiers": {"name": "Gold"}},
    "gone": None,
}


def look(text: Json) -> Json:
    return written(text)(subject(DATA, CUSTOMER, account="uk", fields={"till": 7}))


def failure(text: str) -> str:
    find = written(text)
    with pytest.raises(LookupFailed) as caught:
        find(subject(DATA, CUSTOMER))
    return str(caught.value)


def fault(text: str) -> str:
    with pytest.raises(ValueError) as caught:
        written(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ event.data.points }}", 10),
        ("{{event.data.points}}", 10),
        ("  {{ event.data.points }}\n", 10),
        ("{{ event.data.price }}", Decimal("19.90")),
        ("{{ event.data.text }}", "ten"),
        ("{{ event.data.yes }}", True),
        ("{{ event.data.nothing }}", None),
        ("{{ event.data.empty }}", ""),
        ("{{ event.data.list }}", [1, "a"]),
        ("{{ event.data.object }}", {"a": {"b": "deep"}}),
        ("{{ event.data.object.a.b }}", "deep"),
        ("{{ event.data.a.b }}", "dotted"),  # a name comes before a path
        ("{{ event.data.with blank }}", 1),
        ("{{ event.data }}", DATA),
        ("{{ event.id }}", "event-1"),
        ("{{ event.action }}", "point_add"),
        ("{{ event.customer }}", "customer-1"),
        ("{{ event.timestamp }}", "2026-03-14T12:00:00.000Z"),
        ("{{ event.account }}", "uk"),
        ("{{ event.till }}", 7),
        ("{{ customer.id }}", "customer-1"),
        ("{{ customer.first_name }}", "Ada"),
        ("{{ customer.shoe }}", 42),
        ("{{ customer.tiers.main_tiers.name }}", "Gold"),
        ("{{ customer.gone }}", None),
    ],
)
def test_one_lookup_keeps_its_type(text: str, value: Json) -> None:
    found = look(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ event.data.points }} points", "10 points"),
        ("You have {{ customer.score }}!", "You have 120!"),
        ("{{ event.data.price }} EUR", "19.90 EUR"),
        ("it is {{ event.data.yes }}", "it is true"),
        ("[{{ event.data.empty }}]", "[]"),
        ("{{ customer.first_name }}{{ customer.first_name }}", "AdaAda"),
        ("{{ customer.first_name }} {{ event.data.text }}", "Ada ten"),
        ("{ {{ customer.first_name }} }", "{ Ada }"),
        ("{{{ customer.first_name }}", None),
    ],
)
def test_lookups_within_a_text_are_written_into_it(text: str, shown: str | None) -> None:
    if shown is None:
        assert "cannot be looked up" in fault(text)
    else:
        assert look(text) == shown


@pytest.mark.parametrize(
    "value",
    ["", "plain", "{ event.id }", "}}", "100 %", "{% if x %}", "${event.id}", 10, None, True, [1]],
)
def test_anything_else_is_a_constant(value: Json) -> None:
    assert look(value) is value


@pytest.mark.parametrize(
    "path",
    [
        "event.data.missing",
        "event.data.points.more",
        "event.data.list.0",
        "event.data.object.a.c",
        "event.data.__init__",
        "event.data.points.__class__",
        "event.__class__",
        "event.__dict__",
        "event.occurred_at",
        "event._describe",
        "event.account",
        "event.missing",
        "customer.missing",
        "customer.fields",
        "customer.__class__.__mro__",
        "customer.value",
        "customer.first_name.upper",
    ],
)
def test_what_is_not_there_is_told_and_never_written_as_a_word(path: str) -> None:
    assert failure(f"{{{{ {path} }}}}") == f"{path} is not there"
    assert failure(f"a {{{{ {path} }}}} b") == f"{path} is not there"


def test_a_name_with_underscores_is_a_name_like_any_other() -> None:
    assert look("{{ event.data.__class__ }}") == "a plain name"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("event.data.nothing", "is empty, so it cannot be written into a text"),
        ("event.data.list", "is a list or an object, so it cannot be written into a text"),
        ("event.data.object", "is a list or an object, so it cannot be written into a text"),
    ],
)
def test_what_has_no_words_is_not_written_into_a_text(path: str, told: str) -> None:
    assert failure(f"a {{{{ {path} }}}}") == f"{path} {told}"


@pytest.mark.parametrize(
    "text",
    [
        "{{",
        "{{ }}",
        "{{}}",
        "{{ event }}",
        "{{ event. }}",
        "{{ event.data. }}",
        "{{ customer }}",
        "{{ customer. }}",
        "{{ data.points }}",
        "{{ points }}",
        "{{ .event.id }}",
        "{{ Event.id }}",
        "{{ event.id",
        "event.id }} {{",
        "{{ event.id }} }}",
        "}} {{ event.id }}",
        "{{ event.id }} {{",
        "{{ {{ event.id }} }}",
        "{{ event .id }}",
        "{{ event. id }}",
    ],
)
def test_braces_that_are_no_lookup_are_refused_before_anything_runs(text: str) -> None:
    assert "{{ event.data." in fault(text)


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('true')",
        "7 * 7",
        "event['data']",
        "lookup(event.id)",
        "config",
        "self",
        "''.__class__",
    ],
)
def test_code_is_refused(code: str) -> None:
    assert "cannot be looked up" in fault(f"{{{{ {code} }}}}")


@pytest.mark.parametrize(
    "path",
    ["event.data.points + 1", "event.data.points|upper", "event.id()", "customer.id if 1 else 2"],
)
def test_what_follows_a_dot_is_a_name_and_is_not_evaluated(path: str) -> None:
    assert failure(f"{{{{ {path} }}}}") == f"{path} is not there"


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text(alphabet="{}. ab_()'evntdacusomr", max_size=40) | texts | constants, json_values)
def test_any_text_is_refused_found_or_told_not_to_be_there(text: Json, data: Json) -> None:
    try:
        find = written(text)
    except ValueError as error:
        assert str(error)
        return
    try:
        find(subject({"a": data, "points": data}))
    except LookupFailed as error:
        assert str(error)


def test_a_filter_looks_at_the_data_first_then_at_the_event_itself() -> None:
    def seen(name: str) -> Json | Missing:
        return event_attribute(name)(subject(DATA, CUSTOMER, fields={"till": 7}))

    assert seen("action") == "of the data"
    assert seen("customer") == "customer-1"
    assert seen("till") == 7
    assert seen("object.a.b") == "deep"
    assert seen("account") is MISSING
    assert seen("missing") is MISSING


def test_a_filter_of_the_customer_looks_by_name_and_by_path() -> None:
    def seen(name: str) -> Json | Missing:
        return customer_attribute(name)(subject(DATA, CUSTOMER))

    assert seen("id") == "customer-1"
    assert seen("tiers.main_tiers.name") == "Gold"
    assert seen("shoe") == 42
    assert seen("missing") is MISSING


def test_an_event_without_customer_account_or_alias_has_none_to_look_up() -> None:
    nobody = Subject(event(customer=None), customer)

    for name in ("customer", "account", "external_id"):
        with pytest.raises(LookupFailed):
            written(f"{{{{ event.{name} }}}}")(nobody)


def test_times_are_written_in_utc_with_milliseconds() -> None:
    at = datetime(2026, 11, 25, 9, 30, 15, 123456, tzinfo=UTC)

    assert written("{{ event.timestamp }}")(subject(occurred_at=at)) == "2026-11-25T09:30:15.123Z"


def test_a_customer_is_described_only_when_asked_for_and_once() -> None:
    asked: list[int] = []

    def describe() -> Customer:
        asked.append(1)
        return Customer(id="customer-1", fields={"a": 1, "b": 2})

    somebody = Subject(subject().event, describe)
    written("{{ event.id }}")(somebody)
    assert asked == []

    written("{{ customer.a }} {{ customer.b }}")(somebody)
    assert asked == [1]


def total(finds: dict[str, str], data: dict[str, Json]) -> dict[str, Json]:
    return rendered({name: written(text) for name, text in finds.items()}, subject(data))


def test_values_up_to_the_bound_are_taken() -> None:
    whole = "x" * (MOST_BYTES // 2)

    assert total({"a": "{{ event.data.a }}", "b": "{{ event.data.a }}"}, {"a": whole}) == {
        "a": whole,
        "b": whole,
    }


@pytest.mark.parametrize(
    "value",
    ["x" * (MOST_BYTES // 2 + 1), "é" * (MOST_BYTES // 4 + 1), ["x"] * (MOST_BYTES // 8 + 1)],
    ids=["text", "text of two bytes each", "list"],
)
def test_more_than_the_bound_is_refused(value: Json) -> None:
    with pytest.raises(LookupFailed, match="more than 256 KB"):
        total({"a": "{{ event.data.a }}", "b": "{{ event.data.a }}"}, {"a": value})


def test_long_numbers_count_as_well() -> None:
    names = [str(number) for number in range(100)]

    with pytest.raises(LookupFailed, match="more than 256 KB"):
        total(dict.fromkeys(names, "{{ event.data.a }}"), {"a": int("9" * 4300)})


def test_one_text_that_names_a_long_value_many_times_is_refused() -> None:
    with pytest.raises(LookupFailed, match="more than 256 KB"):
        total({"a": "{{ event.data.a }}" * 50}, {"a": "x" * (MOST_BYTES // 40)})


def test_a_text_that_is_compared_is_bounded_as_well() -> None:
    find = written("{{ event.data.a }}" * 50)

    with pytest.raises(LookupFailed, match="more than 256 KB"):
        find(subject({"a": "x" * (MOST_BYTES // 40)}))
