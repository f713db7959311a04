"""A taken event or changed customer → the messages that connections make of it.

Asks the modules; writes nothing. What a plugin breaks here costs that one message only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from host import wire
from host.errors import PluginFault
from host.model import Connection, Customer, Event, EventMapping, Kind, Payload, Profile, Reason
from host.routing import Route

MAPPING_FAILED: Final = "mapping_failed"
TOO_LARGE: Final = "too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A payload, and the digest of its profile part."""

    payload: Payload
    profile: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmappable:
    """Why there can be no payload; a person may mend it and replay."""

    reason: Reason


def profile_of(route: Route, customer: Customer, environment: str | None) -> Profile | Unmappable:
    """The profile part for a customer."""
    try:
        return route.module.sync_fields(_connection(route, environment), customer)
    except PluginFault as fault:
        return _failed(fault)


def digest_of(profile: Profile) -> bytes | None:
    """By which equal profile parts are recognised."""
    if profile.content is None:
        return None
    return blake2b(wire.canonical(profile.content), digest_size=8).digest()


def map_message(
    route: Route,
    profile: Profile | Unmappable,
    digest: bytes | None,
    event: Event | None,
    mapping: EventMapping | None,
    environment: str | None,
) -> Mapped | Unmappable | None:
    """The payload of one message; None when the plugin has nothing to send."""
    if isinstance(profile, Unmappable):
        return profile
    try:
        payload = route.module.map_event(_connection(route, environment), event, mapping, profile)
    except PluginFault as fault:
        return _failed(fault)
    if payload is None:
        return None
    if profile.notes and payload.profile is not None:
        notes = dict.fromkeys((*payload.notes, *profile.notes))  # a plugin may have added them
        payload = replace(payload, notes=tuple(notes))
    return Mapped(payload=payload, profile=digest if payload.profile is not None else None)


def too_large(route: Route, size: int, kind: Kind) -> Unmappable | None:
    """Whether a payload of so many bytes is over what the destination takes."""
    limits = route.manifest.limits if route.manifest else None
    most = limits.bytes_per_item if limits else None
    if limits is None or most is None or size + limits.bytes_added_per_item <= most:
        return None
    text = f"the {kind} is too large for the destination: {size} bytes of at most {most}"
    return Unmappable(reason=Reason(code=TOO_LARGE, text=text))


def _connection(route: Route, environment: str | None) -> Connection:
    connection = route.connection
    if connection is None:
        raise PluginFault(f"module {route.module.name} is {route.module.state}")
    if connection.environment == environment:
        return connection
    return replace(connection, environment=environment)


def _failed(fault: PluginFault) -> Unmappable:
    return Unmappable(
        reason=Reason(
            code=MAPPING_FAILED, text=f"mapping failed: {fault}; mend the plugin, then replay"
        )
    )
