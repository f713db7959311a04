"""Messages into the outbox: places in lanes, bodies, books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

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


class _Lane(msgspec.Struct, array_like=True, gc=False):
    customer: int
    next_seq: int = 1
    due: int | None = None
    profile: int | None = None
    profile_waiting: int | None = None
    head: int | None = None
    tail: int | None = None


def enqueue(tx: Transaction, drafts: Sequence[Draft], entries: Entries) -> None:
    """Make messages, in the order given, at the ends of their lanes.

    A profile message is made only if its profile part is not the one made last, and not when
    another draft carries the same part; an older one that was never sent becomes withheld.
    """
    drafts = _without_older_profiles(drafts)
    lanes = _read_lanes(tx, drafts)
    profile_kind, is_waiting = Kind.PROFILE, MessageState.WAITING
    if profile_kind in [draft.kind for draft in drafts]:
        drafts = _without_known_profiles(drafts, lanes)
        for draft in drafts:
            if draft.kind is profile_kind:
                place = (draft.connection, draft.customer)
                _supersede(tx, place, lanes[place], entries)
    messages: list[Row] = []
    bodies: list[Row] = []
    settled: list[Row] = []
    waiting: Counter[int] = Counter()  # new messages by connection
    now = tx.now
    for key, draft in enumerate(drafts, tx.keys(len(drafts))):
        connection, customer, body = draft.connection, draft.customer, draft.body
        lane = lanes[connection, customer]
        is_profile, mapped, state = draft.kind is profile_kind, draft.mapped, draft.state
        seq = lane.next_seq
        lane.next_seq = seq + 1
        bodies.append((key, body.payload, body.route, body.profile, body.notes, body.workflow))
        row = (connection, customer, seq, key, int(is_profile), draft.event, 1, int(mapped))
        if state is not is_waiting:
            entries.made(connection, state)
            reason = draft.reason or Reason(code=state, text="")
            settled.append(
                (*row, state, 0, reason.code, reason.text, draft.environment, now, None, None)
            )
            continue
        waiting[connection] += 1
        if lane.head is None:
            lane.head = key
            messages.append((*row, draft.environment, None))
        else:
            messages.append((*row, draft.environment, lane.tail))
        lane.tail = key
        if not mapped or body.profile is not None:  # what is mapped late may say anything
            lane.profile = body.profile
        if is_profile:
            lane.profile_waiting = key
        if lane.due is None:
            lane.due = now
            tx.wake(connection)
    for connection, count in waiting.items():
        entries.made(connection, is_waiting, count)
    tx.run_many("add_message", messages)
    tx.run_many("add_body", bodies)
    tx.run_many("add_settled", settled)
    tx.run_many(
        "save_lane",
        [
            (*place, a.next_seq, a.due, a.profile, a.profile_waiting, a.head, a.tail)
            for place, a in lanes.items()
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


def _without_known_profiles(
    drafts: Sequence[Draft], lanes: Mapping[tuple[int, int], _Lane]
) -> list[Draft]:
    """Without profile messages that would say what was said last, or what an event carries."""
    carried = {  # profile parts that go with events: by lane, the last position at which they do
        (d.connection, d.customer, d.body.profile): position
        for position, d in enumerate(drafts)
        if d.kind is Kind.EVENT
    }
    said = {place: lane.profile for place, lane in lanes.items()}
    kept: list[Draft] = []
    for position, draft in enumerate(drafts):
        place, digest = (draft.connection, draft.customer), draft.body.profile
        is_known = digest == said[place] or carried.get((*place, digest), -1) > position
        if draft.kind is Kind.PROFILE and digest and not draft.wanted and is_known:
            continue
        kept.append(draft)
        if draft.state is MessageState.WAITING and (not draft.mapped or digest is not None):
            said[place] = digest
    return kept


def _read_lanes(tx: Transaction, drafts: Iterable[Draft]) -> dict[tuple[int, int], _Lane]:
    wanted: dict[int, dict[int, None]] = {}
    for draft in drafts:
        wanted.setdefault(draft.connection, {})[draft.customer] = None
    lanes: dict[tuple[int, int], _Lane] = {}
    for connection, customers in wanted.items():
        for lane in tx.packed("lanes", _Lane, connection, wire.dumps(list(customers)).decode()):
            lanes[connection, lane.customer] = lane
            del customers[lane.customer]
        for customer in customers:
            lanes[connection, customer] = _Lane(customer)
    return lanes


def _supersede(tx: Transaction, place: tuple[int, int], lane: _Lane, entries: Entries) -> None:
    """Withhold the lane's waiting profile message, unless it was sent or is being sent."""
    waiting, lane.profile_waiting = lane.profile_waiting, None
    hot = None if waiting is None else tx.row("hot_message", waiting)
    if hot is None or hot[6] or hot[8]:  # gone, sent before, or being sent
        return
    withdraw(tx, place, hot, MessageState.WITHHELD, SUPERSEDED, entries)
    tx.run("refresh_lane", *place)
    row = tx.row("lane", *place)
    assert row is not None, "the message stood in it"
    lane.due, lane.head, lane.tail = row[1], row[5], row[6]


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
    take_out(tx, place, message)
    tx.run(
        "add_settled",
        *(connection, customer, seq, message, kind, event, edition, mapped, state, attempts),
        *(reason.code, reason.text, environment, tx.now, None, None),
    )
    entries.moved(connection, state_of(attempts), state)


def take_out(tx: Transaction, place: tuple[int, int], key: int) -> None:
    """Take a message out of the outbox and its lane; its neighbours close ranks.

    The lane's due is the caller's to refresh.
    """
    row = tx.row("neighbours", key)
    assert row is not None, "it is in the outbox"
    previous, head, tail = row
    if key == head:
        tx.run("pass_head", *place)
        tx.run("remove_message", key)
        return
    tx.run("remove_message", key)
    tx.run("close_ranks", key, previous)
    if key == tail:
        tx.run("set_tail", *place, previous)


def state_of(attempts: int) -> MessageState:
    """The state of an unsettled message that is not being sent."""
    return MessageState.RETRYING if attempts else MessageState.WAITING
