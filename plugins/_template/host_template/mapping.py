"""Our words into the destination's. Pure: the same in gives the same out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from host import (
    Connection,
    Customer,
    Event,
    EventMapping,
    Json,
    Missing,
    Payload,
    Profile,
    value_at,
)


def _known(value: Json | Missing) -> TypeGuard[Json]:
    """There is something to send: not a missing field, null, or an empty text."""
    return not isinstance(value, Missing) and value is not None and value != ""


def profile_of(connection: Connection, customer: Customer) -> Profile:
    """Identities and mapped attributes; no content when nothing is known.

    An emptied field is left out, so that the far value stays, or sent as null to delete it.
    """
    identities: dict[str, Json] = {
        remote: value
        for remote, ours in connection.identities.items()
        if _known(value := customer.value(ours))
    }
    attributes = dict(_attributes(connection, customer))
    if not identities and not attributes:
        return Profile(content=None)
    return Profile(content={"identities": identities, "attributes": attributes})


def _attributes(connection: Connection, customer: Customer) -> Iterator[tuple[str, Json]]:
    for row in connection.fields:
        value = customer.value(row.loyalty)
        if _known(value):
            yield row.remote, value
        elif row.when_empty == "delete":
            yield row.remote, None


def payload_of(event: Event | None, mapping: EventMapping | None, profile: Profile) -> Payload:
    """The event's part and the profile part; without an event, the profile alone."""
    if event is None or mapping is None:
        return Payload(event=None, profile=profile.content, notes=profile.notes)
    part: dict[str, Json] = {
        "name": mapping.external,
        "type": mapping.type,
        "at": event.occurred_at.isoformat(timespec="milliseconds"),
        "data": _data(event, mapping),  # on a level of its own: it can overwrite nothing
    }
    return Payload(event=part, profile=profile.content, notes=profile.notes)


def _data(event: Event, mapping: EventMapping) -> dict[str, Json]:
    """All values of the event, or the chosen ones under their names; constants win."""
    if mapping.attributes is None:
        return {**event.data, **mapping.constants}
    chosen: dict[str, Json] = {
        name: value
        for path, name in mapping.attributes.items()
        if not isinstance(value := value_at(event.data, path), Missing)
    }
    return {**chosen, **mapping.constants}
