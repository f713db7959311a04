"""What the host carries, as types: events and customers in, payloads and messages out.

They are made for every event: a `msgspec.Struct` takes a fraction of the time of a dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from host.model import Json, Kind, Missing, value_at


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something a member did, as it was taken."""

    id: str
    customer: str | None  # None: a guest
    action: str
    data: Mapping[str, Json]
    occurred_at: datetime
    time_assumed: bool = False  # no time was given: it is the time of taking
    account: str | None = None
    external_id: str | None = None
    fields: Mapping[str, Json] = msgspec.field(default_factory=dict)  # unknown top-level fields


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the host knows them. A customer nobody described has only an id."""

    id: str
    fields: Mapping[str, Json] = msgspec.field(default_factory=dict)

    def value(self, name: str) -> Json | Missing:
        """A field by its name, else the same name under `properties`, else by dotted path."""
        if name == "id":
            return self.id
        if name in self.fields:
            return self.fields[name]
        properties = self.fields.get("properties")
        if isinstance(properties, Mapping) and name in properties:
            return properties[name]
        return value_at(self.fields, name)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The profile part of a payload: what a customer is called and is like on the far side.

    `content` is the plugin's own JSON, kept as it is; None when there is nothing to say.
    `notes` tell a person what was cut, left out or changed.
    """

    content: Mapping[str, Json] | None
    notes: tuple[str, ...] = ()


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What will be sent for one message: the event's part and the profile part, kept apart.

    Messages of different `route` never share a call of `deliver` (an endpoint, for example).
    """

    event: Mapping[str, Json] | None
    profile: Mapping[str, Json] | None
    route: str = ""
    notes: tuple[str, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One outbound payload as a plugin sees it.

    `dedupe_id` is what lets the destination recognise a repeat: fixed when the message is
    made, sent with every attempt, never used for other content.
    """

    dedupe_id: str
    kind: Kind
    customer: str
    payload: Payload
    environment: str | None = None
    attempts: int = 0  # sends before this one
