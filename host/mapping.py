"""A taken event or changed customer → the messages that connections make of it.

Asks the modules; writes nothing. What a plugin breaks here costs that one message only.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from host import wire
from host.carried import Customer, Event, Payload, Profile
from host.catalogue import IDENTITY_FIELDS, OPT_OUT
from host.errors import PluginFault
from host.manifest import Limits
from host.model import Connection, EventMapping, Json, Kind, Reason
from host.store.customers import StoredCustomer
from host.store.outbox import Body, size_of

if TYPE_CHECKING:
    from host.routing import Route

MAPPING_FAILED: Final = "mapping_failed"
TOO_LARGE: Final = "too_large"
_BYTES_A_CHARACTER: Final = 4  # at most, in UTF-8
_PARTS_KEPT: Final = 10_000  # some ten megabytes


class Mapped(NamedTuple):
    """A payload, and its profile part as it was made."""

    payload: Payload
    part: ProfilePart


class ProfilePart(NamedTuple):
    """A customer's profile part on one connection, ready to be put into payloads."""

    profile: Profile
    digest: int | None  # by which equal parts are recognised; None: there is nothing to say
    text: str  # JSON


class Unmappable(NamedTuple):
    """Why there can be no payload; a person may mend it and replay."""

    reason: Reason


class ProfileParts:
    """Profile parts by connection, customer and profile text, as long as nothing changes.

    Most customers do several things before their profile changes.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, str | None], ProfilePart] = {}

    def of(
        self, route: Route, customer: StoredCustomer, environment: str | None
    ) -> ProfilePart | Unmappable:
        """The part for a customer; who has left is known by the id alone."""
        text = None if customer.opted_out else customer.text
        place = (route.row.key, customer.id, text)
        known = self._known.get(place)
        if known is not None:
            return known
        part = profile_part(route, customer.customer, environment)
        if isinstance(part, ProfilePart):
            if len(self._known) >= _PARTS_KEPT:
                self._known.clear()
            self._known[place] = part
        return part


def profile_part(
    route: Route, customer: Customer, environment: str | None
) -> ProfilePart | Unmappable:
    """Ask the module for a customer's profile part."""
    try:
        profile = route.module.sync_fields(_connection(route, environment), customer)
        text = _text(route, "sync_fields", profile.content)
    except PluginFault as fault:
        return _failed(fault)
    if profile.content is None:
        return ProfilePart(profile, None, text)
    digest = blake2b(wire.canonical(profile.content), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True)  # as databases hold it
    return ProfilePart(profile, number, text)


def map_message(
    route: Route,
    part: ProfilePart | Unmappable,
    event: Event | None,
    mapping: EventMapping | None,
    environment: str | None,
) -> Mapped | Unmappable | None:
    """The payload of one message; None when the plugin has nothing to send."""
    if isinstance(part, Unmappable):
        return part
    if event is not None and event.action == OPT_OUT:
        event = without_identity(event)
    try:
        payload = route.module.map_event(
            _connection(route, environment), event, mapping, part.profile
        )
    except PluginFault as fault:
        return _failed(fault)
    return None if payload is None else Mapped(payload, part)


def workflow_mapping(
    action: str, external: str, type: str, constants: Mapping[str, Json]
) -> EventMapping:
    """What a workflow's action hands to `map_event`: constants, and nothing of the event's own."""
    return EventMapping(
        loyalty=action, external=external, type=type, attributes={}, constants=constants
    )


def without_identity(event: Event) -> Event:
    """An opt-out tells that somebody left, by their id alone, whatever else came with it."""
    data = {name: value for name, value in event.data.items() if name not in IDENTITY_FIELDS}
    fields = {name: value for name, value in event.fields.items() if name not in IDENTITY_FIELDS}
    return msgspec.structs.replace(event, data=data, fields=fields)


def body_of(route: Route, mapped: Mapped) -> Body | Unmappable:
    """What is kept of a payload: its text, and every note on it once."""
    payload, part = mapped
    notes = payload.notes
    if part.profile.notes and payload.profile is not None:
        notes = tuple(dict.fromkeys((*notes, *part.profile.notes)))  # it may have added them
    try:
        same = payload.profile is part.profile.content
        profile = part.text if same else _text(route, "map_event", payload.profile)
        event = _text(route, "map_event", payload.event)
    except PluginFault as fault:
        return _failed(fault)
    return Body(
        f'{{"event":{event},"profile":{profile}}}',
        payload.route,
        None if payload.profile is None else part.digest,
        wire.dumps(notes).decode() if notes else None,
    )


def _text(route: Route, hook: str, content: Mapping[str, Json] | None) -> str:
    """The JSON text of what a plugin made. Raises PluginFault for what JSON cannot hold."""
    try:
        text = wire.dumps(content).decode()
        # A number, or mere words; looking for the one letter first takes a tenth of the time.
        if (
            ("+" in text and "E+" in text)
            or ("N" in text and "NaN" in text)
            or ("I" in text and "Infinity" in text)
        ):
            wire.loads(text)
        return text
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise PluginFault(
            f"module {route.module.name}: {hook} answered something that JSON cannot hold"
        ) from None


def surely_fit(limits: Limits | None) -> int:
    """How many characters of a payload the destination takes, whichever they are."""
    if limits is None or limits.bytes_per_item is None:
        return sys.maxsize
    return (limits.bytes_per_item - limits.bytes_added_per_item) // _BYTES_A_CHARACTER


def too_large(route: Route, payload: str, kind: Kind) -> Unmappable | None:
    """Whether a payload is over what the destination takes."""
    if len(payload) <= route.surely_fit:
        return None
    limits = route.manifest.limits if route.manifest else None
    most = limits.bytes_per_item if limits else None
    if limits is None or most is None:
        return None
    size = size_of(payload)
    if size + limits.bytes_added_per_item <= most:
        return None
    text = f"the {kind} is too large for the destination: {size} bytes of at most {most}"
    return Unmappable(reason=Reason(code=TOO_LARGE, text=text))


def _connection(route: Route, environment: str | None) -> Connection:
    connection = route.connection
    if connection is None:
        raise PluginFault(f"module {route.module.name} is {route.module.state}")
    if connection.environment == environment:
        return connection
    return dataclasses.replace(connection, environment=environment)


def _failed(fault: PluginFault) -> Unmappable:
    return Unmappable(
        reason=Reason(
            code=MAPPING_FAILED, text=f"mapping failed: {fault}; mend the plugin, then replay"
        )
    )
