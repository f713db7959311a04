"""Which profiles are taken, and how stored ones change."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from host.errors import RefusedItem
from host.model import Json
from host.reading.customers import erase_identity, external_ids, merge, read_customer


def item(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def refusal(raw: bytes, id: str | None = None) -> RefusedItem:
    with pytest.raises(RefusedItem) as caught:
        read_customer(raw, id=id)
    return caught.value


def test_a_profile_is_its_id_and_everything_else_as_it_came() -> None:
    raw = b'{"id": 100045, "email": null, "score": 10.0, "properties": {"size": 38.5}, "new": [1]}'

    taken = read_customer(raw)

    assert taken.id == "100045"
    assert str(taken.fields["score"]) == "10.0"
    assert set(taken.fields) == {"email", "score", "properties", "new"}
    assert taken.updated_at is None
    assert taken.size == len(raw)


@pytest.mark.parametrize(
    ("fields", "path_id"),
    [
        ({"id": "c1"}, None),
        ({"_id": "c1"}, None),
        ({"id": "c1", "_id": "c1"}, None),
        ({}, "c1"),
        ({"id": None}, "c1"),
        ({"id": "c1"}, "c1"),
    ],
)
def test_the_id_stands_in_the_profile_or_in_the_path(
    fields: dict[str, object], path_id: str | None
) -> None:
    taken = read_customer(item(**fields), id=path_id)

    assert taken.id == "c1"
    assert taken.fields == {}


@pytest.mark.parametrize(
    ("fields", "path_id"),
    [
        ({}, None),
        ({"id": None}, None),
        ({"id": ""}, None),
        ({"id": True}, None),
        ({"id": 1.5}, None),
        ({"id": "x" * 513}, None),
        ({"id": "c1", "_id": "c2"}, None),
        ({"id": "c1"}, "c2"),
        ({}, "x" * 513),
    ],
)
def test_a_profile_without_one_clear_id_is_refused(
    fields: dict[str, object], path_id: str | None
) -> None:
    assert refusal(item(**fields), path_id).code == "invalid_event"


@pytest.mark.parametrize(
    "updated_at",
    [1790841482, 1790841482000, "2026-10-01T07:58:02+00:00", "2026-10-01T09:58:02+02:00"],
)
def test_the_time_of_the_last_change_is_read_and_kept_as_it_came(updated_at: object) -> None:
    taken = read_customer(item(id="c1", updated_at=updated_at))

    assert taken.updated_at == datetime(2026, 10, 1, 7, 58, 2, tzinfo=UTC)
    assert taken.fields["updated_at"] == updated_at


@pytest.mark.parametrize("updated_at", ["lately", "", True, [], 10**30])
def test_a_last_change_that_is_no_time_is_refused(updated_at: object) -> None:
    assert refusal(item(id="c1", updated_at=updated_at)).code == "invalid_time"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"[]", "invalid_event"),
        (b"oops", "invalid_json"),
        (b'{"id": "c", "x": NaN}', "invalid_number"),
        (b'{"id": "c", "x": "\\ud800"}', "invalid_text"),
        (b'{"id": "c", "x": "' + b"y" * 1024 * 1024 + b'"}', "too_large"),
    ],
    ids=["list", "text", "number", "surrogate", "large"],
)
def test_profiles_are_refused_under_the_codes_of_events(raw: bytes, code: str) -> None:
    assert refusal(raw).code == code


STORED: dict[str, Json] = {
    "email": "ann@example.com",
    "tier": "gold",
    "shelf": "top",
    "properties": {"city": "Győr", "shelf": "inner"},
}


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        ({"email": "new@example.com"}, {"email": "new@example.com"}),
        ({"email": None}, {"email": None}),
        ({"first_name": "Ann"}, {"first_name": "Ann"}),
        ({"consent": True}, {"consent": True}),
        ({"city": "Pécs"}, {"properties": {"city": "Pécs", "shelf": "inner"}}),
        ({"city": None}, {"properties": {"city": None, "shelf": "inner"}}),
        ({"shelf": "low"}, {"shelf": "low"}),
        (
            {"city": "Pécs", "properties": {"city": "", "a": 1}},
            {"properties": {"city": "Pécs", "a": 1}},
        ),
        ({"properties": None, "city": "Pécs"}, {"properties": None, "city": "Pécs"}),
        ({"id": "other", "_id": "other", "effective_timestamp": 5}, {}),
        ({}, {}),
    ],
)
def test_described_fields_go_where_the_profile_has_them(
    data: dict[str, Json], changed: dict[str, Json]
) -> None:
    before = json.dumps(STORED)

    assert merge(STORED, data) == {**STORED, **changed}
    assert json.dumps(STORED) == before


def test_a_customer_nobody_described_gets_fields_at_the_top() -> None:
    assert merge({}, {"email": "a@example.com", "city": "Pécs"}) == {
        "email": "a@example.com",
        "city": "Pécs",
    }


def test_erasing_empties_what_tells_who_it_is_and_leaves_the_rest() -> None:
    fields: dict[str, Json] = {
        "external_ids": {"crm": "1"},
        "email": "a@example.com",
        "first_name": "A",
        "mobile_phone": "+36",
        "birth_date": "1991-04-17",
        "membership_id": ["m"],
        "properties": {"city": "Győr"},
        "status": "active",
        "score": 5,
        "language": "hu",
    }

    assert erase_identity(fields) == {
        "external_ids": {},
        "email": None,
        "first_name": None,
        "mobile_phone": None,
        "birth_date": None,
        "membership_id": [],
        "properties": {},
        "status": "active",
        "score": 5,
        "language": "hu",
    }
    assert fields["email"] == "a@example.com"


def test_erasing_takes_the_names_and_paths_that_connections_use() -> None:
    fields: dict[str, Json] = {"card": "1", "tiers": {"main": {"name": "Gold", "next": 1}}}

    erased = erase_identity(fields, ["card", "tiers.main.name", "email", "not.there", "properties"])

    assert erased == {"card": None, "tiers": {"main": {"name": None, "next": 1}}}
    assert fields["card"] == "1"


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({"external_ids": {"crm": "HU-1", "card": 73, "no": None, "yes": True, "": ""}}, None),
        ({"external_ids": []}, {}),
        ({"external_ids": None}, {}),
        ({}, {}),
    ],
)
def test_external_ids_are_texts_by_name(
    fields: dict[str, Json], ids: dict[str, str] | None
) -> None:
    assert external_ids(fields) == ({"crm": "HU-1", "card": "73"} if ids is None else ids)
