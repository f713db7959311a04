"""How stored customers change by what is taken. Pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Final

from host.carried import Event
from host.catalogue import OPT_IN, OPT_OUT, PROFILE
from host.model import to_ms
from host.reading.customers import TakenCustomer, erase_identity, external_ids, merge
from host.store.customers import StoredCustomer

TELLING: Final = frozenset((OPT_IN, OPT_OUT, PROFILE))  # events that can change a customer
OPTED_OUT_STATUS: Final = "opted_out"


class Change(Enum):
    """What an item did to a customer."""

    NONE = "none"
    PROFILE = "profile"  # the profile is another one
    OPTED_OUT = "opted out"  # nothing that waits may be sent any more
    STALE = "stale"  # older than what is known


def by_event(stored: StoredCustomer, event: Event, identities: Collection[str]) -> Change:
    """Let an event change a customer; `identities`: fields that connections identify people by."""
    at = to_ms(event.occurred_at)
    if event.action == OPT_OUT:
        return _opt_out(stored, at, identities)
    if event.action == OPT_IN and at >= stored.opted_at:
        stored.opted_at = at
        stored.touched = True
        if stored.opted_out:
            stored.opted_out = False
            stored.describe({**(stored.fields or {}), "status": "active"})
    if event.action not in (OPT_IN, PROFILE) or stored.opted_out or at < stored.changed_at:
        return Change.NONE
    fields = merge(stored.fields or {}, event.data)
    stored.changed_at = at
    stored.touched = True
    if fields == stored.fields:
        return Change.NONE
    stored.describe(fields)
    stored.external_ids = external_ids(fields)
    return Change.PROFILE


def by_profile(
    stored: StoredCustomer, taken: TakenCustomer, now: int, identities: Collection[str]
) -> Change:
    """Let a whole profile replace a customer's; `now` in ms counts where it tells no time."""
    # Only who tells a time can be too late: a clock ahead of ours makes nobody's profile stale.
    at = max(now, stored.changed_at) if taken.updated_at is None else to_ms(taken.updated_at)
    if at < stored.changed_at:
        return Change.STALE
    leaves = taken.fields.get("status") == OPTED_OUT_STATUS and not stored.opted_out
    fields = dict(taken.fields)
    if stored.opted_out or leaves:
        fields = {**erase_identity(fields, identities), "status": OPTED_OUT_STATUS}
    if stored.fields == fields and not leaves:
        return Change.NONE
    stored.describe(fields)
    stored.external_ids = external_ids(fields)
    stored.changed_at = at
    if leaves:
        stored.opted_out = True
        stored.opted_at = max(stored.opted_at, at)
        return Change.OPTED_OUT
    return Change.PROFILE


def _opt_out(stored: StoredCustomer, at: int, identities: Collection[str]) -> Change:
    if stored.opted_out or at < stored.opted_at:
        return Change.NONE  # they came back after this
    fields = erase_identity(stored.fields or {}, identities)
    stored.describe({**fields, "status": OPTED_OUT_STATUS})
    stored.external_ids = {}
    stored.opted_out = True
    stored.opted_at = at
    return Change.OPTED_OUT
