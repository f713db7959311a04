"""Messages as drafts: for one event, for one changed customer, on every connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from host.catalogue import OPT_OUT
from host.mapping import Mapped, body_of, map_message, too_large
from host.model import Event, EventMapping, Kind, MessageState, Reason
from host.routing import Route, Routing
from host.store.customers import StoredCustomer
from host.store.lanes import OPTED_OUT
from host.store.outbox import EMPTY, Body, Draft

MERGED: Final = Reason(code="merged", text="the customer was merged into another one")


@dataclass(slots=True)
class Drafting:
    """Makes drafts in the order of what happened, for one batch."""

    routing: Routing
    drafts: list[Draft] = field(default_factory=list)
    not_made: dict[int, int] = field(default_factory=dict)  # connection → events left out

    def event(self, stored: StoredCustomer, event: Event, key: int) -> None:
        """Draft a message for every association of an event."""
        for route, mapping, switched_on, can_map in self.routing.takers.get(event.action, ()):
            if not switched_on:
                self.not_made[route.key] = self.not_made.get(route.key, 0) + 1
                continue
            environment = route.row.environment
            if event.action != OPT_OUT and not _may_send(stored):
                reason = OPTED_OUT if stored.opted_out else MERGED
                place = (route.key, stored.key, Kind.EVENT, key)
                state = MessageState.WITHHELD
                draft = Draft(*place, EMPTY, environment, False, state, reason)
            elif (made := self._draft(route, can_map, stored, event, key, mapping)) is None:
                continue
            else:
                draft = made
            self.drafts.append(draft)

    def profile(self, stored: StoredCustomer) -> None:
        """Draft profile messages for a customer whose profile changed."""
        if not _may_send(stored):
            return
        for route in self.routing.routes:
            if route.switched_on and route.config.fields:
                draft = self._draft(route, route.can_map, stored, None, None, None)
                if draft is not None:
                    self.drafts.append(draft)

    def opted_out(self, stored: StoredCustomer) -> None:
        """Withhold what this batch drafted for a customer before they left."""
        for position, draft in enumerate(self.drafts):
            if draft.customer == stored.key and not draft.state.settled:
                self.drafts[position] = draft._replace(
                    state=MessageState.WITHHELD, reason=OPTED_OUT, body=EMPTY, mapped=False
                )

    def _draft(
        self,
        route: Route,
        can_map: bool,
        stored: StoredCustomer,
        event: Event | None,
        key: int | None,
        mapping: EventMapping | None,
    ) -> Draft | None:
        kind = Kind.PROFILE if event is None else Kind.EVENT
        environment = route.row.environment
        if not can_map:
            body = _unmapped(stored, mapping)
            return Draft(route.key, stored.key, kind, key, body, environment, False)
        part = self.routing.parts.of(route, stored, environment)
        mapped = map_message(route, part, event, mapping, environment)
        if mapped is None:
            return None
        made = body_of(route, mapped) if isinstance(mapped, Mapped) else mapped
        if isinstance(made, Body):
            over = too_large(route, made.payload, kind)
            if over is None:
                return Draft(route.key, stored.key, kind, key, made, environment)
            made = over
        body = _unmapped(stored, mapping)
        failed = (False, MessageState.UNDELIVERED, made.reason)
        return Draft(route.key, stored.key, kind, key, body, environment, *failed)


def _unmapped(stored: StoredCustomer, mapping: EventMapping | None) -> Body:
    return Body.unmapped({} if stored.opted_out else (stored.fields or {}), mapping)


def _may_send(stored: StoredCustomer) -> bool:
    return not stored.opted_out and not stored.is_merged
