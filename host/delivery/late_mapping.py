"""Messages that waited for their mapping: mapped when they are about to be sent."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from host.carried import Customer, Event
from host.delivery.rulings import untouched
from host.mapping import (
    MAPPING_FAILED,
    Mapped,
    Unmappable,
    body_of,
    map_message,
    profile_part,
    workflow_mapping,
)
from host.model import EventMapping, MessageState, Reason
from host.routing import Route
from host.store.engine import Transaction
from host.store.events import find_event
from host.store.lanes import Claimed, Ruling, keep_mapping
from host.store.outbox import size_of
from host.store.store import Store

NOTHING_TO_SEND: Final = Reason(
    code="nothing_to_send", text="the module has nothing to send for this"
)
NOT_ASSOCIATED: Final = Reason(
    code="not_associated", text="the event is no longer associated with an external event"
)
BODY_GONE: Final = Reason(
    code=MAPPING_FAILED, text="mapping failed: the event's content is no longer kept"
)


async def map_late(store: Store, route: Route, claimed: Claimed) -> Claimed | Ruling:
    """The message with its payload, written down; or the ruling that there will be none."""
    event: Event | None = None
    mapping: EventMapping | None = None
    if claimed.event is not None:
        event = await _event(store, claimed)
        if event is None:
            return _ended(claimed, MessageState.UNDELIVERED, BODY_GONE)
        mapping = _mapping(route, event.action, claimed)
        if mapping is None:
            return _ended(claimed, MessageState.WITHHELD, NOT_ASSOCIATED)
    customer = Customer(id=claimed.message.customer, fields=claimed.snapshot or {})
    environment = claimed.message.environment
    part = profile_part(route, customer, environment)
    mapped = map_message(route, part, event, mapping, environment)
    if mapped is None:
        return _ended(claimed, MessageState.WITHHELD, NOTHING_TO_SEND)
    if isinstance(mapped, Unmappable):
        return _ended(claimed, MessageState.UNDELIVERED, mapped.reason)
    return await _keep(store, route, claimed, mapped)


async def _keep(store: Store, route: Route, claimed: Claimed, mapped: Mapped) -> Claimed | Ruling:
    payload = mapped.payload
    if claimed.edition > 1:  # a replay: what it knows of the customer is older than what went out
        payload = replace(payload, profile=None)
    body = body_of(route, mapped._replace(payload=payload))
    if isinstance(body, Unmappable):
        return _ended(claimed, MessageState.UNDELIVERED, body.reason)

    def write(tx: Transaction) -> None:
        keep_mapping(tx, route.key, claimed, body, claimed.message.environment)

    await store.write(write)
    return replace(
        claimed,
        message=replace(claimed.message, payload=payload),
        size=size_of(body.payload),
        snapshot=None,
    )


async def _event(store: Store, claimed: Claimed) -> Event | None:
    key = claimed.event
    assert key is not None, "asked for messages of events only"
    stored = await store.read(lambda tx: find_event(tx, key))
    return stored.event if stored else None


def _mapping(route: Route, action: str, claimed: Claimed) -> EventMapping | None:
    if claimed.made is None:
        return _association(route, action, claimed.external)
    return workflow_mapping(
        action, claimed.external or "", claimed.made["type"], claimed.made["constants"]
    )


def _association(route: Route, action: str, external: str | None) -> EventMapping | None:
    """The association by which the message was made, as it is configured now."""
    mappings = route.takes.get(action, ())
    for mapping in mappings:
        if mapping.external == external:
            return mapping
    return mappings[0] if len(mappings) == 1 else None


def _ended(claimed: Claimed, state: MessageState, reason: Reason) -> Ruling:
    return replace(untouched(claimed, 0), state=state, reason=reason)
