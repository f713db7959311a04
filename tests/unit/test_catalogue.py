"""The catalogue of events and customer fields."""

from __future__ import annotations

import pytest

from host.catalogue import CUSTOMER_FIELDS, EVENTS, IDENTITY_FIELDS, event_label


@pytest.mark.parametrize(
    ("action", "label"),
    [
        ("point_add", "Point add"),
        ("store_visit", "Store visit"),
        ("Store visit", "Store visit"),
        ("vásárlás", "Vásárlás"),
        ("_", "_"),
    ],
)
def test_an_event_of_any_name_has_a_label(action: str, label: str) -> None:
    assert event_label(action) == label


def test_factory_events_have_labels_of_their_own_and_known_values() -> None:
    by_id = {event.id: event for event in EVENTS}

    assert len(by_id) == len(EVENTS) == len({event.label for event in EVENTS})
    assert by_id["point_add"].label == "Point add"
    assert by_id["point_add"].attributes == ("points", "effective_timestamp")
    assert "async" in by_id["checkout"].kinds
    assert by_id["coupon_assign"].kinds == ("internal",)


def test_customer_fields_are_listed_once_with_label_and_type() -> None:
    by_id = {field.id: field for field in CUSTOMER_FIELDS}

    assert len(by_id) == len(CUSTOMER_FIELDS) == len({field.label for field in CUSTOMER_FIELDS})
    assert by_id["score"].type == "number"
    assert by_id["mobile_phone"].label == "Mobile phone"
    assert by_id["updated_at"].type == "time"


def test_identity_fields_are_those_that_tell_who_somebody_is() -> None:
    assert {"email", "mobile_phone", "external_ids", "properties"} <= IDENTITY_FIELDS
    assert not {"id", "status", "score", "tier", "created_at"} & IDENTITY_FIELDS
