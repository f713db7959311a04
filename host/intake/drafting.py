"""Messages as drafts: for one event, for one changed customer, on every connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from host.carried import Event
from host.catalogue import OPT_OUT
from host.mapping import Mapped, body_of, map_message, too_large, workflow_mapping
from host.model import EventMapping, Kind, MessageState, Reason
from host.routing import Route, Routing
from host.store.customers import StoredCustomer
from host.store.lanes import OPTED_OUT
from host.store.outbox import EMPTY, Body, Draft
from host.workflow import Acted, Action, Outcome

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
            draft = self._event(route, can_map, stored, event, key, mapping)
            if draft is not None:
                self.drafts.append(draft)

    def act(
        self, stored: StoredCustomer, event: Event, key: int, action: Action, workflow: int
    ) -> Acted:
        """Draft the message that a workflow asks for; what came of it."""
        route = self.routing.named.get(action.connection)
        if route is None:
            return Acted(Outcome.ERROR, f"there is no connection {action.connection!r} any more")
        if not route.switched_on:
            self.not_made[route.key] = self.not_made.get(route.key, 0) + 1
            return Acted(Outcome.FAILURE, "the connection or its module is switched off")
        if not action.event:
            if not _may_send(stored):
                return Acted(Outcome.FAILURE, _withholding(stored).text)
            draft = self._draft(route, route.can_map, stored, None, None, None)
        else:
            values = action.payload or {}
            mapping = workflow_mapping(event.action, action.event, action.event_type, values)
            draft = self._event(route, route.can_map, stored, event, key, mapping, made=True)
        if draft is None:
            return Acted(Outcome.FAILURE, "the module has nothing to send for this")
        body = replace(draft.body, workflow=workflow)
        self.drafts.append(replace(draft, body=body, wanted=not action.event))
        return _acted(draft)

    def _event(
        self,
        route: Route,
        can_map: bool,
        stored: StoredCustomer,
        event: Event,
        key: int,
        mapping: EventMapping,
        *,
        made: bool = False,
    ) -> Draft | None:
        if event.action != OPT_OUT and not _may_send(stored):
            place = (route.key, stored.key, Kind.EVENT, key)
            withheld = (MessageState.WITHHELD, _withholding(stored))
            return Draft(*place, EMPTY, route.row.environment, False, *withheld)
        return self._draft(route, can_map, stored, event, key, mapping, made=made)

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
                body = replace(EMPTY, workflow=draft.body.workflow)
                state = MessageState.WITHHELD
                self.drafts[position] = replace(
                    draft, state=state, reason=OPTED_OUT, body=body, mapped=False
                )

    def _draft(
        self,
        route: Route,
        can_map: bool,
        stored: StoredCustomer,
        event: Event | None,
        key: int | None,
        mapping: EventMapping | None,
        *,
        made: bool = False,
    ) -> Draft | None:
        """`made`: by a workflow, whose words are kept with what is mapped later."""
        kind = Kind.PROFILE if event is None else Kind.EVENT
        row = route.row
        environment = row.environment
        if not can_map:
            body = _unmapped(stored, mapping, made)
            return Draft(row.key, stored.key, kind, key, body, environment, False)
        part = self.routing.parts.of(route, stored, environment)
        mapped = map_message(route, part, event, mapping, environment)
        if mapped is None:
            return None
        found = body_of(route, mapped) if isinstance(mapped, Mapped) else mapped
        if isinstance(found, Body):
            over = too_large(route, found.payload, kind)
            if over is None:
                return Draft(row.key, stored.key, kind, key, found, environment)
            found = over
        body = _unmapped(stored, mapping, made)
        failed = (False, MessageState.UNDELIVERED, found.reason)
        return Draft(row.key, stored.key, kind, key, body, environment, *failed)


def _unmapped(stored: StoredCustomer, mapping: EventMapping | None, made: bool) -> Body:
    known = {} if stored.opted_out else (stored.fields or {})
    return Body.unmapped(known, mapping, whole=made)


def _withholding(stored: StoredCustomer) -> Reason:
    return OPTED_OUT if stored.opted_out else MERGED


def _acted(draft: Draft) -> Acted:
    """What a workflow's log says of a message."""
    if draft.state is MessageState.WAITING:
        text = "" if draft.mapped else "the module is not ready: the message waits for it"
        return Acted(Outcome.SUCCESS, text)
    outcome = Outcome.FAILURE if draft.state is MessageState.WITHHELD else Outcome.ERROR
    return Acted(outcome, draft.reason.text if draft.reason else "")


def _may_send(stored: StoredCustomer) -> bool:
    return not stored.opted_out and not stored.is_merged
