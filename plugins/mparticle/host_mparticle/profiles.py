"""Customer → the profile part of a batch: identities, attributes, attributes to delete. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from host import Connection, Customer, Json, Missing, Profile, RemoteIdentity
from host_mparticle import notes
from host_mparticle.attributes import (
    MOST_ATTRIBUTES,
    as_text,
    cut_name,
    is_empty,
    is_number,
    user_value,
)
from host_mparticle.notes import Notes

_NUMBERED: Final = tuple(f"other_id_{number}" for number in range(2, 11))

IDENTITIES: Final = (
    RemoteIdentity(name="customer_id", label="Customer ID", default="id"),
    RemoteIdentity(name="email", label="Email", default="email"),
    RemoteIdentity(name="mobile_number", label="Mobile number", default="mobile_phone"),
    RemoteIdentity(name="phone_number_2", label="Phone number 2"),
    RemoteIdentity(name="phone_number_3", label="Phone number 3"),
    RemoteIdentity(name="other", label="Other"),
    *(RemoteIdentity(name=name, label=f"Other ID {name[9:]}") for name in _NUMBERED),
    RemoteIdentity(name="facebook", label="Facebook"),
    RemoteIdentity(name="twitter", label="Twitter"),
    RemoteIdentity(name="google", label="Google"),
    RemoteIdentity(name="microsoft", label="Microsoft"),
    RemoteIdentity(name="yahoo", label="Yahoo"),
    RemoteIdentity(name="alias", label="Alias"),
    RemoteIdentity(name="facebook_custom_audience_id", label="Facebook custom audience ID"),
)
"""The 22 keys of `user_identities` in mParticle's JSON schema; any other is forbidden there."""

IDENTITY_NAMES: Final = frozenset(identity.name for identity in IDENTITIES)


def profile_part(connection: Connection, customer: Customer) -> Profile:
    """The profile part of one customer; its empty parts are left out.

    An emptied field (null, "", [], {}, or absent) is left out, so that mParticle keeps its
    value, or is listed for deletion when its row says so. A field that is absent altogether
    counts as emptied only if the customer is known, which means: has any field
    beside the id. Of a customer nobody described we cannot say what they lost.
    """
    remarks = Notes()
    identities = _identities(connection, customer, remarks)
    attributes, deleted = _attributes(connection, customer, remarks)
    content: dict[str, Json] = {}
    if identities:
        content["user_identities"] = identities
    if attributes:
        content["user_attributes"] = attributes
    if deleted:
        content["deleted_user_attributes"] = deleted
    return Profile(content=content or None, notes=remarks.texts())


def customer_identities(identities: Mapping[str, str], customer: str) -> dict[str, Json]:
    """The identities that follow from the customer's id alone."""
    return {
        name: customer
        for name, field in identities.items()
        if field == "id" and name in IDENTITY_NAMES
    }


def _identities(connection: Connection, customer: Customer, remarks: Notes) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, field in connection.identities.items():
        value = customer.value(field)
        if isinstance(value, Missing) or value is None or value == "":
            continue
        if name not in IDENTITY_NAMES:
            remarks.add(notes.NOT_AN_IDENTITY, name)
        elif isinstance(value, str) or is_number(value):
            text = as_text(value)
            if not text.isspace():
                found[name] = text
        else:
            remarks.add(notes.IDENTITY_NOT_TEXT, name)
    return found


def _attributes(
    connection: Connection, customer: Customer, remarks: Notes
) -> tuple[dict[str, Json], list[Json]]:
    attributes: dict[str, Json] = {}
    deleted: dict[str, None] = {}
    known = any(name != "id" for name in customer.fields)
    for row in connection.fields:
        value = customer.value(row.loyalty)
        if isinstance(value, Missing) or is_empty(value):
            if row.when_empty == "delete" and (known or not isinstance(value, Missing)):
                deleted[cut_name(row.remote, remarks)] = None
            continue
        sent = user_value(row.remote, value, remarks)
        if sent is None:
            continue
        _set(attributes, cut_name(row.remote, remarks), sent, remarks)
    # What is set must not be deleted as well: nothing says which of the two would win.
    return attributes, [name for name in deleted if name not in attributes]


def _set(attributes: dict[str, Json], name: str, value: Json, remarks: Notes) -> None:
    if name in attributes:
        remarks.add(notes.SAME_NAME, name)
    elif len(attributes) >= MOST_ATTRIBUTES:
        remarks.add(notes.TOO_MANY, name)
    else:
        attributes[name] = value
