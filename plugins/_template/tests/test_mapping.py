"""Our words become the destination's."""

from __future__ import annotations

from typing import Any

import pytest

from host import EventMapping, FieldMapping, Profile
from host.testing import connection, customer, event
from host_template.manifest import MANIFEST
from host_template.mapping import payload_of, profile_of

NOTHING = Profile(content=None)


def test_a_customer_becomes_identities_and_attributes() -> None:
    profile = profile_of(connection(MANIFEST), customer(id="c-7", email="ada@example.com"))

    assert profile.content == {
        "identities": {"customer_id": "c-7", "email": "ada@example.com"},
        "attributes": {"first_name": "Ada", "last_name": "Byron"},
    }


@pytest.mark.parametrize(
    ("when_empty", "sent"), [("keep", {}), ("delete", {"name": None})], ids=["keep", "delete"]
)
def test_an_emptied_field_is_kept_or_deleted(when_empty: Any, sent: dict[str, None]) -> None:
    row = FieldMapping(loyalty="first_name", remote="name", when_empty=when_empty)

    profile = profile_of(connection(MANIFEST, fields=[row]), customer(first_name=""))

    assert profile.content is not None
    assert profile.content["attributes"] == sent


def test_chosen_values_travel_under_their_names() -> None:
    chosen = EventMapping(
        loyalty="checkout",
        external="order",
        type="purchase",
        attributes={"total": "amount", "shop.city": "city", "coupon": "coupon"},
        constants={"source": "loyalty"},
    )

    payload = payload_of(
        event(data={"total": 12, "shop": {"city": "Wien"}, "secret": 1}), chosen, NOTHING
    )

    assert payload.event == {
        "name": "order",
        "type": "purchase",
        "at": "2026-03-14T12:00:00.000+00:00",
        "data": {"amount": 12, "city": "Wien", "source": "loyalty"},
    }
