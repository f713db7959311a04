"""Messages as drafts: for one event, for one changed customer, on every connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from host.intake.profiles import is_merged
from host.mapping import Mapped, Unmappable, digest_of, map_message, profile_of, too_large
from host.model import (
    Customer,
    Event,
    EventMapping,
    Json,
    Kind,
    MessageState,
    Profile,
    Reason,
)
from host.routing import Route, Routing
from host.store.customers import StoredCustomer
from host.store.lanes import OPTED_OUT
from host.store.operations import OPT_OUT
from host.store.outbox import EMPTY, Body, Draft

MERGED: Final = Reason(code="merged", text="the customer was merged into another one")


@dataclass(slots=True)
class Drafting:
    """Makes drafts in the order of what happened, for one batch."""

    routing: Routing
    drafts: list[Draft] = field(default_factory=list)
    not_made: dict[int, int] = field(default_factory=dict)  # connection → events left out
    _profiles: dict[tuple[int, int], tuple[Profile | Unmappable, bytes | None]] = field(
        default_factory=dict
    )

    def event(self, stored: StoredCustomer, event: Event, key: int) -> None:
        """Draft a message for every association of an event."""
        for route in self.routing.routes:
            mappings = route.takes.get(event.action)
            if not mappings:
                continue
            if not route.switched_on:
                self.not_made[route.key] = self.not_made.get(route.key, 0) + len(mappings)
                continue
            for mapping in mappings:
                self.drafts += self._event_on(route, stored, event, key, mapping)

    def profile(self, stored: StoredCustomer) -> None:
        """Draft profile messages for a customer whose profile changed."""
        for route in self.routing.routes:
            self._profiles.pop((route.key, stored.key), None)
            if route.switched_on and route.config.fields and _may_send(stored):
                self.drafts += self._profile_on(route, stored)

    def opted_out(self, stored: StoredCustomer) -> None:
        """Withhold what this batch drafted for a customer before they left."""
        for position, draft in enumerate(self.drafts):
            if draft.customer == stored.key and not draft.state.settled:
                self.drafts[position] = replace(
                    draft, state=MessageState.WITHHELD, reason=OPTED_OUT, body=EMPTY, mapped=False
                )
        for route in self.routing.routes:
            self._profiles.pop((route.key, stored.key), None)

    def _event_on(
        self, route: Route, stored: StoredCustomer, event: Event, key: int, mapping: EventMapping
    ) -> Iterator[Draft]:
        blank = Draft(
            connection=route.key,
            customer=stored.key,
            kind=Kind.EVENT,
            event=key,
            body=EMPTY,
            environment=route.row.environment,
        )
        if not _may_send(stored) and event.action != OPT_OUT:
            reason = OPTED_OUT if stored.opted_out else MERGED
            yield replace(blank, mapped=False, state=MessageState.WITHHELD, reason=reason)
            return
        snapshot: Mapping[str, Json] = {} if stored.opted_out else (stored.fields or {})
        if not route.can_map:
            yield replace(blank, mapped=False, body=Body.unmapped(snapshot, mapping))
            return
        profile, digest = self._profile_part(route, stored)
        mapped = map_message(route, profile, digest, event, mapping, route.row.environment)
        if mapped is not None:
            yield _completed(route, blank, mapped, Body.unmapped(snapshot, mapping))

    def _profile_on(self, route: Route, stored: StoredCustomer) -> Iterator[Draft]:
        blank = Draft(
            connection=route.key,
            customer=stored.key,
            kind=Kind.PROFILE,
            event=None,
            body=EMPTY,
            environment=route.row.environment,
        )
        unmapped = Body.unmapped(stored.fields or {}, None)
        if not route.can_map:
            yield replace(blank, mapped=False, body=unmapped)
            return
        profile, digest = self._profile_part(route, stored)
        mapped = map_message(route, profile, digest, None, None, route.row.environment)
        if mapped is not None:
            yield _completed(route, blank, mapped, unmapped)

    def _profile_part(
        self, route: Route, stored: StoredCustomer
    ) -> tuple[Profile | Unmappable, bytes | None]:
        place = (route.key, stored.key)
        known = self._profiles.get(place)
        if known is None:
            # Who has left is known by the id alone.
            customer = Customer(id=stored.id) if stored.opted_out else stored.customer
            profile = profile_of(route, customer, route.row.environment)
            digest = None if isinstance(profile, Unmappable) else digest_of(profile)
            known = self._profiles[place] = (profile, digest)
        return known


def _may_send(stored: StoredCustomer) -> bool:
    return not stored.opted_out and not is_merged(stored)


def _completed(route: Route, blank: Draft, mapped: Mapped | Unmappable, unmapped: Body) -> Draft:
    """The draft with its body; undelivered from the start where there can be none."""
    if isinstance(mapped, Mapped):
        body = Body.of(mapped.payload, mapped.profile)
        over = too_large(route, len(body.payload), blank.kind)
        if over is None:
            return replace(blank, body=body)
        mapped = over
    return replace(
        blank,
        body=unmapped,
        mapped=False,
        state=MessageState.UNDELIVERED,
        reason=mapped.reason,
    )
