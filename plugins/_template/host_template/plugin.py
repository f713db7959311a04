"""What the host finds: the manifest and the five hooks. The work is in the files beside it."""

from __future__ import annotations

from collections.abc import Sequence

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
from host_template import delivery
from host_template.manifest import MANIFEST
from host_template.mapping import payload_of, profile_of

manifest = MANIFEST


@hookimpl
async def connect(settings: Settings, http: Http) -> str:
    """Send an empty list: it is taken or refused like any other, and says nothing of anybody."""
    return await delivery.connect(settings, http)


@hookimpl
def sync_fields(connection: Connection, customer: Customer) -> Profile:
    """Identities and mapped attributes of one customer."""
    return profile_of(connection, customer)


@hookimpl
def map_event(event: Event | None, mapping: EventMapping | None, profile: Profile) -> Payload:
    """The event under its name on the far side, beside the profile part."""
    return payload_of(event, mapping, profile)


@hookimpl
async def deliver(connection: Connection, messages: Sequence[Message], http: Http) -> Report:
    """Send the messages as one array; the answer counts for all of them."""
    return await delivery.deliver(connection, messages, http)


@hookimpl
def resend(outcome: Outcome) -> ResendDecision | None:
    """The host's own policy is right for this destination."""
    return None
