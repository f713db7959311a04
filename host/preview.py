"""What a connection would send, under mappings as they are typed; nothing is saved or sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from host import samples
from host.carried import Customer, Event, Message
from host.catalogue import EVENTS, OPT_IN, OPT_OUT
from host.dry_run import WireRequest, dry_run
from host.errors import PluginFault
from host.mapping import (
    ProfilePart,
    Unmappable,
    body_of,
    map_message,
    profile_part,
    too_large,
)
from host.model import EventMapping, FieldMapping, Json, Kind
from host.reading.events import read_event
from host.routing import Route
from host.store.customers import StoredCustomer, find_customers
from host.store.engine import Transaction
from host.store.events import find_event
from host.store.outbox import Body
from host.store.seen import SeenAction, read_seen

EXAMPLE_CUSTOMER: Final = "example-customer"
EXAMPLE_ID: Final = "example"
_NOT_READY: Final = "the module is not ready, so it cannot be asked"
_NOTHING: Final = "the module sends nothing for this"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePreview:
    """The profile part that would be sent. `problem`: why there is none, in words."""

    content: Mapping[str, Json] | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPreview:
    """The request that an event would make. `problem`: why there is none, in words."""

    event: Event
    request: WireRequest | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""


def preview_profile(
    route: Route, rows: Sequence[FieldMapping], customer: StoredCustomer
) -> ProfilePreview:
    """The profile part of a customer under these rows of Sync fields."""
    typed = _under(route, fields=rows)
    if typed is None or typed.connection is None:
        return ProfilePreview(problem=_NOT_READY)
    part = profile_part(typed, customer.customer, typed.connection.environment)
    if isinstance(part, Unmappable):
        return ProfilePreview(problem=part.reason.text)
    return ProfilePreview(content=part.profile.content, notes=part.profile.notes)


async def preview_event(
    route: Route, mapping: EventMapping, event: Event, customer: StoredCustomer | None
) -> EventPreview:
    """The request that an event would make under a row of External events."""
    typed = _under(route, events=(mapping,))
    if typed is None or typed.connection is None:
        return EventPreview(event=event, problem=_NOT_READY)
    environment = typed.connection.environment
    if customer is not None and (why := _withheld(event, customer)):
        return EventPreview(event=event, problem=why)
    known = customer.customer if customer else Customer(id=event.customer or EXAMPLE_CUSTOMER)
    part = profile_part(typed, known, environment)
    mapped = map_message(typed, part, event, mapping, environment)
    if mapped is None:
        return EventPreview(event=event, problem=_NOTHING)
    if isinstance(mapped, Unmappable):
        return EventPreview(event=event, problem=mapped.reason.text)
    body = body_of(typed, mapped)
    if isinstance(body, Body):
        body = too_large(typed, body.payload, Kind.EVENT) or body
    if isinstance(body, Unmappable):
        return EventPreview(event=event, problem=body.reason.text)
    message = Message(
        dedupe_id=EXAMPLE_ID,
        kind=Kind.EVENT,
        customer=known.id,
        payload=mapped.payload,
        environment=environment,
    )
    notes = (*mapped.payload.notes, *_notes_of(part))
    try:
        request = await dry_run(typed.module, typed.connection, [message])
    except PluginFault as fault:
        return EventPreview(event=event, notes=notes, problem=str(fault))
    return EventPreview(event=event, request=request, notes=tuple(dict.fromkeys(notes)))


def _withheld(event: Event, customer: StoredCustomer) -> str:
    """Why an event of this customer would be withheld, if it would."""
    if customer.opted_out and event.action not in (OPT_OUT, OPT_IN):
        return "the customer has opted out: such an event is withheld"
    if customer.is_merged:
        return "the customer was merged into another one: such an event is withheld"
    return ""


def _notes_of(part: ProfilePart | Unmappable) -> tuple[str, ...]:
    return part.profile.notes if isinstance(part, ProfilePart) else ()


def _under(
    route: Route,
    *,
    fields: Sequence[FieldMapping] | None = None,
    events: Sequence[EventMapping] | None = None,
) -> Route | None:
    """The connection with these rows in place of the saved ones; None: it cannot be asked."""
    if route.manifest is None or not route.can_map:
        return None
    config = replace(
        route.config,
        fields=route.config.fields if fields is None else tuple(fields),
        events=route.config.events if events is None else tuple(events),
    )
    return replace(route, config=config, connection=config.connection(route.manifest))


def made_up_event(action: str, now: datetime) -> Event:
    """An event of that name as it might come: from the samples, else from the catalogue.

    `now`: aware UTC.
    """
    for line in samples.sample_events(now).splitlines():
        event = read_event(line, now=now, fallback_id=lambda: EXAMPLE_ID).event
        if event.action == action and event.customer is not None:
            return event
    known = next((event for event in EVENTS if event.id == action), None)
    data: dict[str, Json] = {name: "example" for name in (known.attributes if known else ())}
    return Event(
        id=EXAMPLE_ID,
        customer=EXAMPLE_CUSTOMER,
        action=action,
        data=data,
        occurred_at=now.astimezone(UTC),
    )


def newest_event(tx: Transaction, action: str) -> tuple[Event | None, StoredCustomer | None]:
    """The newest event of that name whose content is kept, and whose it is."""
    seen: SeenAction | None = read_seen(tx).get(action)
    stored = find_event(tx, seen.last) if seen else None
    if seen is None or stored is None or stored.customer is None:
        return None, None
    customer = find_customers(tx, [stored.customer]).get(stored.customer)
    return stored.event, customer
