"""Messages into the outbox: places in lanes, bodies, books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from host import wire
from host.model import EventMapping, Json, Kind, MessageState, Reason
from host.store.engine import Row, Transaction
from host.store.ledger import Entries

_KINDS = (Kind.EVENT, Kind.PROFILE)
SUPERSEDED = Reason(code="superseded", text="a newer profile of the customer took its place")


def kind_number(kind: Kind) -> int:
    """A kind as its column holds it."""
    return _KINDS.index(kind)


def kind_of(number: int) -> Kind:
    """A kind out of its column."""
    return _KINDS[number]


class Body(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a message says, as it is kept."""

    payload: str  # JSON
    route: str = ""
    profile: int | None = None  # digest of the profile part
    notes: str | None = None  # JSON
    workflow: int | None = None  # key of the one that made the message

    @staticmethod
    def unmapped(
        snapshot: Mapping[str, Json], mapping: EventMapping | None, *, whole: bool = False
    ) -> Body:
        """The body of a message that is mapped later: the customer's fields as they are now.

        `mapping` names the association by which it was made; its own words are read anew. A
        `whole` one is nobody's association: a workflow made it, and its words are kept.
        """
        kept: dict[str, Json] = {
            "snapshot": snapshot,
            "external": None if mapping is None else mapping.external,
        }
        if mapping is not None and whole:
            kept["made"] = {"type": mapping.type, "constants": mapping.constants}
        return Body(payload=wire.dumps(kept).decode())


def size_of(payload: str) -> int:
    """Bytes of a payload as it is sent."""
    return len(payload) if payload.isascii() else len(payload.encode())


EMPTY = Body(payload="{}")


class Draft(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A message about to be made."""

    connection: int
    customer: int
    kind: Kind
    event: int | None
    body: Body
    environment: str | None
    mapped: bool = True
    state: MessageState = MessageState.WAITING
    reason: Reason | None = None
    wanted: bool = False  # a profile that somebody asked for: made even if it says nothing new


@dataclass(slots=True)
class _Lane:
    next_seq: int = 1
    due: int | None = None
    leased: bool = False
    profile: int | None = None
    profile_waiting: int | None = None


def enqueue(tx: Transaction, drafts: Sequence[Draft], entries: Entries) -> None:
    """Make messages, in the order given, at the ends of their lanes.

    A profile message is made only if its profile part is not the one made last, and not when
    another draft carries the same part; an older one that was never sent becomes withheld.
    """
    drafts = _without_older_profiles(drafts)
    lanes = _read_lanes(tx, drafts)
    carried = _carried(drafts)
    first = tx.keys(len(drafts))
    messages: list[Row] = []
    bodies: list[Row] = []
    settled: list[Row] = []
    made: Counter[tuple[int, MessageState]] = Counter()
    now, profile_kind, is_waiting = tx.now, Kind.PROFILE, MessageState.WAITING
    for key, draft in enumerate(drafts, first):
        connection, customer, body, mapped = (
            draft.connection,
            draft.customer,
            draft.body,
            draft.mapped,
        )
        lane = lanes[connection, customer]
        is_profile = draft.kind is profile_kind
        if is_profile:
            digest = body.profile
            carrier = carried.get((connection, customer, digest), -1)
            if digest and not draft.wanted and (digest == lane.profile or carrier > key - first):
                continue
            lane.profile_waiting = _supersede(tx, (connection, customer), lane, entries)
        seq = lane.next_seq
        lane.next_seq = seq + 1
        state = draft.state
        made[connection, state] += 1
        bodies.append((key, body.payload, body.route, body.profile, body.notes, body.workflow))
        place = (connection, customer, seq, key, int(is_profile), draft.event, 1, int(mapped))
        if state is not is_waiting:
            reason = draft.reason or Reason(code=state, text="")
            settled.append(
                (*place, state, 0, reason.code, reason.text, draft.environment, now, None, None)
            )
            continue
        messages.append((*place, draft.environment))
        if not mapped or body.profile is not None:  # what is mapped late may say anything
            lane.profile = body.profile
        if is_profile:
            lane.profile_waiting = seq
        if lane.due is None:
            lane.due = now
            tx.wake(connection)
    for (connection, state), count in made.items():
        entries.made(connection, state, count)
    tx.run_many("add_message", messages)
    tx.run_many("add_body", bodies)
    tx.run_many("add_settled", settled)
    tx.run_many(
        "save_lane",
        [
            (*place, lane.next_seq, lane.due, lane.profile, lane.profile_waiting)
            for place, lane in lanes.items()
        ],
    )


def _without_older_profiles(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Of several profile messages of a lane in one transaction only the last says anything."""
    profile_kind = Kind.PROFILE
    last = {(d.connection, d.customer): d for d in drafts if d.kind is profile_kind}
    if not last:
        return drafts
    wanted = {(d.connection, d.customer) for d in drafts if d.wanted}
    return [
        replace(d, wanted=(d.connection, d.customer) in wanted)
        for d in drafts
        if d.kind is Kind.EVENT or last[d.connection, d.customer] is d
    ]


def _carried(drafts: Sequence[Draft]) -> dict[tuple[int, int, int | None], int]:
    """Profile parts that go with events: by lane, the last position at which they do."""
    if Kind.PROFILE not in [d.kind for d in drafts]:
        return {}
    return {
        (d.connection, d.customer, d.body.profile): position
        for position, d in enumerate(drafts)
        if d.kind is Kind.EVENT
    }


def _read_lanes(tx: Transaction, drafts: Iterable[Draft]) -> dict[tuple[int, int], _Lane]:
    wanted: dict[int, dict[int, None]] = {}
    for draft in drafts:
        wanted.setdefault(draft.connection, {})[draft.customer] = None
    lanes: dict[tuple[int, int], _Lane] = {}
    for connection, customers in wanted.items():
        found = tx.packed("lanes", connection, wire.dumps(list(customers)).decode())
        for customer, next_seq, due, leased, profile, waiting in found:
            lanes[connection, customer] = _Lane(next_seq, due, bool(leased), profile, waiting)
            del customers[customer]
        for customer in customers:
            lanes[connection, customer] = _Lane()
    return lanes


def _supersede(
    tx: Transaction, place: tuple[int, int], lane: _Lane, entries: Entries
) -> int | None:
    """Withhold the lane's waiting profile message, unless it was sent or is being sent."""
    seq = lane.profile_waiting
    if seq is None:
        return None
    hot = tx.row("hot_message", *place, seq)
    if hot is not None and hot[6] == 0 and not hot[8]:  # never sent, nor being sent
        withdraw(tx, place, hot, MessageState.WITHHELD, SUPERSEDED, entries)
        if not lane.leased:
            tx.run("refresh_lane", *place)
            row = tx.row("lane", *place)
            lane.due = row[1] if row else None
    return None


def withdraw(
    tx: Transaction,
    place: tuple[int, int],
    hot: Row,
    state: MessageState,
    reason: Reason,
    entries: Entries,
) -> None:
    """Settle a message that is not being sent (a row of `hot_message`) without sending it.

    The lane's due is the caller's to refresh.
    """
    seq, message, kind, event, edition, mapped, attempts, environment = hot[:8]
    connection, customer = place
    tx.run("remove_message", connection, customer, seq)
    tx.run(
        "add_settled",
        *(connection, customer, seq, message, kind, event, edition, mapped, state, attempts),
        *(reason.code, reason.text, environment, tx.now, None, None),
    )
    entries.moved(connection, state_of(attempts), state)


def state_of(attempts: int) -> MessageState:
    """The state of an unsettled message that is not being sent."""
    return MessageState.RETRYING if attempts else MessageState.WAITING
