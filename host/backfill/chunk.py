"""One step of a backfill: some customers, their messages and the cursor in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from host.backfill.words import DELETED, NO_FIELDS
from host.mapping import Mapped, Unmappable, body_of, map_message, profile_part, too_large
from host.model import Kind, MessageState, Reason
from host.routing import Route, Routing
from host.store.backfills import (
    Backfill,
    BackfillState,
    Counts,
    Seen,
    end_backfill,
    forget_profiles,
    latest_backfill,
    move_backfill,
    profiles_made,
    read_behind,
    still_as_read,
)
from host.store.connections import generation
from host.store.customers import StoredCustomer
from host.store.engine import Job, Stale, Transaction
from host.store.ledger import Entries
from host.store.outbox import Body, Draft, enqueue

MADE_AT_ONCE: Final = 100  # messages of one transaction: few, so that nobody waits for it
LOOKED_AT_ONCE: Final = 1000  # customers of one transaction, where most are left out
_ALL_FAIL: Final = Reason(
    code="mapping_failed",
    text="the mapping failed for each of the first customers: mend the plugin, then start again",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What one step will write, and what that was worked out from."""

    backfill: Backfill
    generation: int
    seen: Sequence[Seen]
    drafts: Sequence[Draft]
    is_last: bool
    impossible: Reason | None = None


class ChunkJob(Job[bool]):
    """Looks at some customers of a connection's running backfill. False: there was none."""

    def __init__(self, connection: int, routing: Callable[[Transaction], Routing]) -> None:
        self._connection = connection
        self._routing = routing
        self._plan: _Plan | None = None

    def prepare(self, tx: Transaction) -> None:
        """Read customers and ask the module, outside any transaction."""
        self._plan = None
        backfill = latest_backfill(tx, self._connection)
        if backfill is None or backfill.state is not BackfillState.RUNNING:
            return
        routing = self._routing(tx)
        route = next((r for r in routing.routes if r.key == self._connection), None)
        impossible = DELETED if route is None else None
        if route is not None and not route.config.fields:
            impossible = NO_FIELDS
        seen: list[Seen] = []
        drafts: list[Draft] = []
        is_last = False
        while impossible is None and route is not None and not is_last:
            room = MADE_AT_ONCE - len(drafts)
            if not room or len(seen) >= LOOKED_AT_ONCE:
                break
            cursor = seen[-1].customer.key if seen else backfill.cursor
            found = read_behind(tx, backfill, cursor, room)
            seen += found
            is_last = len(found) < room
            made = (draft(route, one.customer) for one in found if one.meant)
            drafts += [one for one in made if one is not None]
        self._plan = _Plan(
            backfill=backfill,
            generation=routing.generation,
            seen=seen,
            drafts=drafts,
            is_last=is_last,
            impossible=impossible,
        )

    def apply(self, tx: Transaction) -> bool:
        """Write messages and cursor, unless what they were made from has changed."""
        plan = self._plan
        if plan is None:
            return False
        now = latest_backfill(tx, self._connection)
        # A person may have paused it, and nobody else may have moved it: a customer is met once.
        if now != plan.backfill or generation(tx) != plan.generation:
            raise Stale
        if plan.impossible is not None:
            end_backfill(tx, plan.backfill, BackfillState.FAILED, plan.impossible)
            return True
        if not still_as_read(tx, plan.seen):  # intake was quicker, and what it made is newer
            raise Stale
        counts = self._make(tx, plan)
        if plan.seen:
            move_backfill(tx, plan.backfill, plan.seen[-1].customer.key, counts)
        if plan.is_last:
            end_backfill(tx, plan.backfill, BackfillState.DONE)
        elif not plan.backfill.counts.looked_at and counts.failed == MADE_AT_ONCE:
            end_backfill(tx, plan.backfill, BackfillState.FAILED, _ALL_FAIL)
        return True

    def _make(self, tx: Transaction, plan: _Plan) -> Counts:
        connection, drafts = self._connection, plan.drafts
        unchanged = sum(not one.meant for one in plan.seen)
        withheld = len(plan.seen) - unchanged - len(drafts)
        customers = [one.customer for one in drafts]
        if plan.backfill.chosen.only_changed:
            made = profiles_made(tx, connection, customers)
            drafts = [d for d in drafts if _is_new(d, made.get(d.customer))]
            unchanged += len(customers) - len(drafts)
        else:
            forget_profiles(tx, connection, customers)
        entries = Entries()
        enqueue(tx, drafts, entries)
        entries.enter(tx)
        failed = sum(one.state.settled for one in drafts)
        return Counts(
            made=len(drafts) - failed, unchanged=unchanged, withheld=withheld, failed=failed
        )


def _is_new(draft: Draft, made: int | None) -> bool:
    return made is None or draft.body.profile != made


def draft(route: Route, stored: StoredCustomer) -> Draft | None:
    """A customer's profile message as a change would make it; None: they are sent none."""
    if stored.opted_out or stored.is_merged:
        return None
    environment = route.row.environment
    # Not by the routing's memory of parts: whole walks would push out what intake looks for.
    part = profile_part(route, stored.customer, environment)
    mapped = map_message(route, part, None, None, environment)
    if mapped is None:
        return None
    made = body_of(route, mapped) if isinstance(mapped, Mapped) else mapped
    if isinstance(made, Body):
        made = too_large(route, made.payload, Kind.PROFILE) or made
    place = (route.key, stored.key, Kind.PROFILE, None)
    if isinstance(made, Unmappable):
        body = Body.unmapped(stored.fields or {}, None)
        return Draft(*place, body, environment, False, MessageState.UNDELIVERED, made.reason)
    return Draft(*place, made, environment)
