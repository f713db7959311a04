"""Values and limits of the profile part."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from host import Connection, Customer, FieldMapping, Json, Profile, canonical
from host_mparticle import notes
from host_mparticle.attributes import RESERVED
from host_mparticle.profiles import IDENTITY_NAMES, profile_part


def part(
    fields: Mapping[str, Json],
    *rows: tuple[str, str, Any],
    identities: dict[str, str] | None = None,
) -> Profile:
    connection = Connection(
        id="m",
        module="mparticle",
        settings={},
        identities=identities or {},
        fields=tuple(FieldMapping(loyalty=a, remote=b, when_empty=c) for a, b, c in rows),
    )
    return profile_part(connection, Customer(id="c-1", fields=fields))


def attribute(value: Json, name: str = "antavo_x") -> tuple[Json, tuple[str, ...]]:
    profile = part({"x": value}, ("x", name, "keep"))
    attributes: Any = (profile.content or {}).get("user_attributes", {})
    return attributes.get(name), profile.notes


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("$age", 34, 34),
        ("$age", "34", "34"),
        ("$age", Decimal("34.5"), Decimal("34.5")),
        ("$gender", "female", "female"),
        ("$country", "HU", "HU"),
        ("$zip", 1011, "1011"),
        ("$zip", "01234", "01234"),
        ("$city", "Győr", "Győr"),
        ("$state", "NY", "NY"),
        ("$address", "Main Street 1", "Main Street 1"),
        ("$firstname", "Thị Ánh", "Thị Ánh"),
        ("$lastname", "Kertész-Őry", "Kertész-Őry"),
        ("$mobile", 36305550101, "36305550101"),
    ],
)
def test_a_reserved_attribute_is_sent_in_its_own_type(name: str, value: Json, sent: Json) -> None:
    assert attribute(value, name) == (sent, ())


@pytest.mark.parametrize(
    ("name", "value", "remark"),
    [
        ("$age", "1991-04-17", notes.NOT_A_NUMBER),
        ("$age", "old", notes.NOT_A_NUMBER),
        ("$age", True, notes.NOT_A_NUMBER),
        ("$age", [34], notes.NOT_A_NUMBER),
        ("$city", {"en": "Vienna"}, notes.NOT_TEXT),
        ("$firstname", ["Ann"], notes.NOT_TEXT),
        ("$zip", False, notes.NOT_TEXT),
        ("$dob", "1991-04-17", notes.NOT_RESERVED),
    ],
)
def test_what_does_not_fit_a_reserved_attribute_is_left_out_and_noted(
    name: str, value: Json, remark: str
) -> None:
    assert attribute(value, name) == (None, (f"{remark}: {name}",))


def test_there_are_the_ten_reserved_names() -> None:
    assert {field.name for field in RESERVED} == set(
        [
            "$age",
            "$gender",
            "$country",
            "$zip",
            "$city",
            "$state",
            "$address",
            "$firstname",
            "$lastname",
            "$mobile",
        ]
    )


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-3, "-3"),
        (Decimal("10.0"), "10.0"),
        (Decimal("19.995"), "19.995"),
        (12345678901234567890123, "12345678901234567890123"),
        ("a\x00b", '"a\\u0000b"'),
        (" ", '" "'),
        (["Newsletter", "VIP"], '["Newsletter","VIP"]'),
        ([1, True, "x"], '[1,true,"x"]'),
    ],
)
def test_plain_values_and_lists_of_them_go_as_they_are(value: Json, sent: str) -> None:
    found, told = attribute(value)

    assert (canonical(found).decode(), told) == (sent, ())


@pytest.mark.parametrize(
    ("value", "sent", "remark"),
    [
        ({"en": "Gold", "hu": "Arany"}, '{"en":"Gold","hu":"Arany"}', notes.AS_JSON),
        ([{"a": 1}], '[{"a":1}]', notes.AS_JSON),
        ([[1], [2]], "[[1],[2]]", notes.AS_JSON),
        (["a", None], ["a"], notes.NULL_ENTRIES),
        ("x" * 4097, "x" * 4096, notes.CUT_TEXT),
        ("🎁" * 5000, "🎁" * 4096, notes.CUT_TEXT),
        (list(range(1001)), list(range(1000)), notes.CUT_LIST),
        (["y" * 513], ["y" * 512], notes.CUT_ENTRIES),
    ],
)
def test_what_mparticle_cannot_take_is_changed_and_noted(
    value: Json, sent: Json, remark: str
) -> None:
    assert attribute(value) == (sent, (f"{remark}: antavo_x",))


@pytest.mark.parametrize("value", ["x" * 4096, ["y" * 512] * 1000])
def test_values_at_the_limit_go_whole(value: Json) -> None:
    assert attribute(value) == (value, ())


@pytest.mark.parametrize("empty", [None, "", [], {}, [None]])
def test_an_emptied_field_is_kept_or_deleted_as_its_row_says(empty: Json) -> None:
    kept = part({"x": empty}, ("x", "antavo_x", "keep"))
    deleted = part({"x": empty}, ("x", "antavo_x", "delete"))

    assert kept.content is None
    assert deleted.content == {"deleted_user_attributes": ["antavo_x"]}


def test_an_absent_field_is_deleted_only_of_a_customer_who_is_known() -> None:
    known = part({"other": 1}, ("x", "antavo_x", "delete"))
    stubs = [part(fields, ("x", "antavo_x", "delete")) for fields in ({}, {"id": "c-1"})]

    assert known.content == {"deleted_user_attributes": ["antavo_x"]}
    assert [stub.content for stub in stubs] == [None, None]


@pytest.mark.parametrize("first", ["empty", "full"])
def test_no_name_is_both_set_and_deleted(first: str) -> None:
    rows = [("empty", "antavo_x", "delete"), ("full", "antavo_x", "delete")]
    rows.sort(key=lambda row: row[0] != first)

    profile = part({"empty": None, "full": 5}, *rows)

    assert profile.content == {"user_attributes": {"antavo_x": 5}}


def test_the_second_value_of_one_name_is_left_out_and_noted() -> None:
    profile = part({"a": 1, "b": 2}, ("a", "antavo_x", "keep"), ("b", "antavo_x", "keep"))

    assert profile.content == {"user_attributes": {"antavo_x": 1}}
    assert profile.notes == (f"{notes.SAME_NAME}: antavo_x",)


def test_attributes_beyond_a_hundred_are_left_out_by_name() -> None:
    rows = [(f"f{number}", f"antavo_{number}", "keep") for number in range(103)]

    profile = part({row[0]: 1 for row in rows}, *rows)

    assert profile.content is not None
    assert len(profile.content["user_attributes"]) == 100  # type: ignore[arg-type]
    assert profile.notes == (f"{notes.TOO_MANY}: antavo_100, antavo_101, antavo_102",)


def test_a_name_over_256_characters_is_cut() -> None:
    profile = part({"x": 1}, ("x", "n" * 300, "keep"))

    assert profile.content == {"user_attributes": {"n" * 256: 1}}
    assert profile.notes[0].startswith(notes.CUT_NAME)


def test_identities_are_text_and_empty_ones_are_left_out() -> None:
    identities = {
        "customer_id": "id",
        "email": "email",
        "mobile_number": "mobile_phone",
        "other": "card",
        "other_id_2": "absent",
        "alias": "blank",
    }

    profile = part(
        {"email": "Ann@Example.com", "mobile_phone": None, "card": 7310865004703, "blank": ""},
        identities=identities,
    )

    assert profile.content == {
        "user_identities": {
            "customer_id": "c-1",
            "email": "Ann@Example.com",
            "other": "7310865004703",
        }
    }
    assert profile.notes == ()


@pytest.mark.parametrize(
    ("name", "value", "remark"),
    [
        ("email", ["a@example.com"], notes.IDENTITY_NOT_TEXT),
        ("email", True, notes.IDENTITY_NOT_TEXT),
        ("email_address", "a@example.com", notes.NOT_AN_IDENTITY),
    ],
)
def test_what_cannot_be_an_identity_is_left_out_and_noted(
    name: str, value: Json, remark: str
) -> None:
    profile = part({"email": value}, identities={name: "email"})

    assert (profile.content, profile.notes) == (None, (f"{remark}: {name}",))


def test_all_22_documented_identities_are_known() -> None:
    assert len(IDENTITY_NAMES) == 22


def test_a_note_never_holds_the_value() -> None:
    secret = "confidential " * 1000

    for value in (secret, [secret], {"a": secret}):
        _, told = attribute(value)
        assert told
        assert not any("confidential" in text for text in told)


def test_the_same_customer_gives_the_same_text() -> None:
    rows = [("b", "antavo_b", "keep"), ("a", "antavo_a", "keep"), ("c", "c", "delete")]
    fields: dict[str, Json] = {"a": 1, "b": [1, 2]}

    assert canonical(part(fields, *rows).content) == canonical(part(dict(fields), *rows).content)
