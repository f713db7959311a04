"""Event and mapping → the payload of one message. Pure: the time is an argument. No ids here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from host import (
    Event,
    EventMapping,
    EventType,
    Json,
    Missing,
    Payload,
    Profile,
    to_ms,
    value_at,
)
from host_mparticle import notes
from host_mparticle.attributes import MOST_ATTRIBUTES, cut_name, plain_attributes, scalar
from host_mparticle.notes import Notes

PREFIX: Final = "antavo_"
"""What mParticle's page of this feed asks attribute names to begin with, against collisions."""

HISTORICAL: Final = "historical"
HISTORICAL_AFTER: Final = timedelta(days=30)
"""Age from which events belong to the historical endpoint ("Events API", bulk section)."""

OTHER: Final = "other"

EVENT_TYPES: Final = (
    EventType(name="transaction", label="Transaction"),
    EventType(name="navigation", label="Navigation"),
    EventType(name="location", label="Location"),
    EventType(name="search", label="Search"),
    EventType(name="user_content", label="User content"),
    EventType(name="user_preference", label="User preference"),
    EventType(name="social", label="Social"),
    EventType(name="media", label="Media"),
    EventType(name="attribution", label="Attribution"),
    EventType(name=OTHER, label="Other"),
)
"""The ten values of `custom_event_type` ("JSON reference")."""

EVENT_TYPE_NAMES: Final = frozenset(kind.name for kind in EVENT_TYPES)


def profile_payload(profile: Profile) -> Payload | None:
    """The payload of a profile message, or None when there is nothing to say."""
    if profile.content is None:
        return None
    return Payload(event=None, profile=profile.content, notes=profile.notes)


def event_payload(event: Event, mapping: EventMapping, profile: Profile, now: datetime) -> Payload:
    """The payload of one event; `now` tells whether it is too old for the usual endpoint.

    The name, type, time and id of the event never come from `data`: its values only ever
    become custom attributes.
    """
    remarks = Notes()
    kind = mapping.type
    if kind not in EVENT_TYPE_NAMES:
        remarks.add(notes.EVENT_TYPE, kind)
        kind = OTHER
    name = cut_name(mapping.external, remarks)
    attributes: dict[str, Json] | None = None
    if mapping.attributes is None and not mapping.constants:
        attributes = plain_attributes(event.data, PREFIX)
    if attributes is None:
        attributes = _attributes(event, mapping, remarks)
    content: dict[str, Json] = {
        "event_type": "custom_event",
        "data": {
            "event_name": name,
            "custom_event_type": kind,
            "timestamp_unixtime_ms": to_ms(event.occurred_at),
            "source_message_id": event.id,
            "custom_attributes": attributes,
        },
    }
    if now - event.occurred_at > HISTORICAL_AFTER:
        # Attributes of today must not be filed under a moment long past.
        remarks.add(notes.OLD_EVENT)
        return Payload(event=content, profile=None, route=HISTORICAL, notes=remarks.texts())
    told = (*profile.notes, *remarks.texts()) if remarks else profile.notes
    return Payload(event=content, profile=profile.content, notes=told)


def _attributes(event: Event, mapping: EventMapping, remarks: Notes) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in _named_values(event, mapping):
        name = cut_name(name, remarks)
        if value is None:
            remarks.add(notes.NO_VALUE, name)
        elif name in found:
            remarks.add(notes.SAME_NAME, name)
        elif len(found) >= MOST_ATTRIBUTES:
            remarks.add(notes.TOO_MANY, name)
        else:
            found[name] = scalar(name, value, remarks)
    return found


def _named_values(event: Event, mapping: EventMapping) -> Iterator[tuple[str, Json]]:
    # What a person typed comes first, so that no value of the event takes its name or place.
    yield from mapping.constants.items()
    if mapping.attributes is None:
        for name, value in event.data.items():
            yield PREFIX + name, value
        return
    for path, name in mapping.attributes.items():
        yield name, _value(event, path)


def _value(event: Event, path: str) -> Json:
    """A value of `data`, else of the event beside it (`points`), else None."""
    for fields in (event.data, event.fields):
        value = value_at(fields, path)
        if not isinstance(value, Missing):
            return value
    return {"account": event.account, "external_id": event.external_id}.get(path)
