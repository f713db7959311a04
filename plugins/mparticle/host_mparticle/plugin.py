"""The entry point: the manifest and the five hooks, each one line to the file that does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from host import (
    Connection,
    Customer,
    Event,
    EventMapping,
    Http,
    Message,
    Outcome,
    Payload,
    Profile,
    Report,
    ResendDecision,
    Settings,
    hookimpl,
)
from host_mparticle.check import try_settings
from host_mparticle.events import event_payload, profile_payload
from host_mparticle.manifest import manifest
from host_mparticle.profiles import profile_part
from host_mparticle.requests import send

__all__ = ["connect", "deliver", "manifest", "map_event", "resend", "sync_fields"]


@hookimpl
async def connect(settings: Settings, http: Http) -> str:
    """See `host_mparticle.check`."""
    return await try_settings(settings, http)


@hookimpl
def sync_fields(connection: Connection, customer: Customer) -> Profile:
    """See `host_mparticle.profiles`."""
    return profile_part(connection, customer)


@hookimpl
def map_event(
    connection: Connection, event: Event | None, mapping: EventMapping | None, profile: Profile
) -> Payload | None:
    """See `host_mparticle.events`. The clock is read here only, for the age of the event."""
    if event is None:
        return profile_payload(profile)
    if mapping is None:
        return None
    return event_payload(event, mapping, profile, datetime.now(UTC))


@hookimpl
async def deliver(connection: Connection, messages: Sequence[Message], http: Http) -> Report:
    """See `host_mparticle.requests`."""
    return await send(connection, messages, http)


@hookimpl
def resend(connection: Connection, message: Message, outcome: Outcome) -> ResendDecision | None:
    """The host's policy is right for mParticle: its 429 names the wait, which the host keeps."""
    return None
