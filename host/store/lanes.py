"""Lanes on their way out: claim their heads under a lease, settle what came of it.

One message of a lane is in flight at most. A claim, a lease and a backoff are changes of the
lane's row alone; whatever a dead process held is due again when its lease has run out.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from host import wire
from host.catalogue import OPT_OUT
from host.model import Json, Kind, Message, MessageState, Payload, Reason
from host.retry import Gate
from host.store.connections import stop_connection
from host.store.engine import Row, Transaction
from host.store.keys import message_id
from host.store.ledger import Entries
from host.store.outbox import Body, kind_number, kind_of, size_of, state_of

OPTED_OUT = Reason(code="opted_out", text="the customer opted out")


@dataclass(slots=True, kw_only=True)  # not frozen: made for every message, and that costs
class Claimed:
    """The head of a lane, held by us. `snapshot`: there is no payload yet, map it first."""

    customer: int
    seq: int
    key: int
    event: int | None
    edition: int
    message: Message
    size: int  # bytes of the payload as it is kept
    snapshot: Mapping[str, Json] | None = None
    external: str | None = None  # with a snapshot: the association's external event


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one claim got: at most one message a customer."""

    connection: int
    token: int
    claimed: tuple[Claimed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """There is nothing to claim before `until` (ms since 1970; None: until new work comes)."""

    until: int | None


@dataclass(slots=True, kw_only=True)  # not frozen: made for every message, and that costs
class Ruling:
    """What becomes of one claimed message after an attempt.

    `state` RETRYING: it goes again at `due`; WAITING: nothing was counted, it goes as before.
    """

    claimed: Claimed
    state: MessageState
    attempts: int
    due: int = 0
    reason: Reason | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request, as the history tells it."""

    at: int
    duration_ms: int
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Why a connection needs a person."""

    reason: Reason
    field: str | None = None


@dataclass(slots=True, kw_only=True)
class Settlement:
    """What came of one request: rulings, the gate's change, and perhaps a stop."""

    connection: int
    token: int
    attempt: Attempt | None  # None: nothing was sent
    rulings: Sequence[Ruling]
    gate: Callable[[Gate, int], Gate] | None = None
    stopped: Stopped | None = None
    isolated: Sequence[tuple[Claimed, Reason]] = ()  # tried in company, to be tried again


def read_gate(tx: Transaction, connection: int) -> tuple[Gate, bool]:
    """What holds a connection back, and whether it may deliver at all."""
    row = tx.row("gate", connection)
    if row is None:
        return Gate(), False
    return _gate(row), bool(row[7])


def claim(
    tx: Transaction,
    connection: int,
    *,
    install: str,
    limit: int,
    lease_ms: int,
    in_flight: bool = False,
) -> Batch | Nothing:
    """Hold the heads of up to `limit` lanes that are due, oldest first.

    While the circuit is open, one lane at a time: none if something is `in_flight`.
    """
    gate, may_deliver = read_gate(tx, connection)
    if not may_deliver:
        return Nothing(until=None)
    if gate.not_before > tx.now:
        return Nothing(until=gate.not_before)
    if gate.open:
        if in_flight:
            return Nothing(until=None)
        limit = 1
    rows = tx.packed("claim", connection, tx.now, limit)
    if not rows:
        due = tx.row("next_due", connection)
        return Nothing(until=due[0] if due else None)
    token = secrets.randbits(62)
    until = tx.now + lease_ms
    tx.run("lease_lanes", token, until, connection, _json([row[0] for row in rows]))
    entries = Entries()
    for row in rows:
        if not row[1]:  # else a lease ran out, and it is counted as being sent already
            entries.moved(connection, state_of(row[8]), MessageState.SENDING)
    entries.enter(tx)
    return Batch(
        connection=connection,
        token=token,
        claimed=tuple(_claimed(row, install) for row in rows),
    )


def _claimed(row: Sequence[Any], install: str) -> Claimed:
    customer, _, seq, key, kind, event, edition, mapped, attempts, environment = row[:10]
    customer_id, payload, route = row[10:]
    body = wire.loads(payload)
    message = Message(
        dedupe_id=message_id(install, key, edition),
        kind=kind_of(kind),
        customer=customer_id,
        payload=Payload(
            event=body.get("event"),
            profile=body.get("profile") if edition == 1 else None,
            route=route,
        ),
        environment=environment,
        attempts=attempts,
    )
    return Claimed(
        customer=customer,
        seq=seq,
        key=key,
        event=event,
        edition=edition,
        message=message,
        size=size_of(payload),
        snapshot=None if mapped else body.get("snapshot", {}),
        external=None if mapped else body.get("external"),
    )


def renew(tx: Transaction, batch: Batch, lease_ms: int) -> None:
    """Hold a batch for longer."""
    until = tx.now + lease_ms
    customers = [claimed.customer for claimed in batch.claimed]
    tx.run("renew_leases", batch.token, until, batch.connection, _json(customers))


def keep_mapping(
    tx: Transaction, connection: int, claimed: Claimed, body: Body, environment: str | None
) -> None:
    """Write down the payload of a message that waited for its mapping."""
    tx.run("map_message", body.payload, body.route, body.profile, body.notes, claimed.key)
    tx.run("set_mapped", environment, connection, claimed.customer, claimed.seq)


def settle(tx: Transaction, settlement: Settlement) -> list[Ruling]:
    """Write down what came of a request; the rulings as they were carried out.

    A lane that is no longer held by this token is left alone: somebody else has it now.
    """
    connection, attempt = settlement.connection, settlement.attempt
    customers = [ruling.claimed.customer for ruling in settlement.rulings]
    rows = tx.packed("held", connection, settlement.token, _json(customers))
    held: dict[int, int] = {customer: opted_out for customer, opted_out in rows}
    rulings = [
        _respecting_opt_out(tx, ruling, held[ruling.claimed.customer])
        for ruling in settlement.rulings
        if ruling.claimed.customer in held
    ]
    entries = Entries()
    delivered = [r for r in rulings if r.state is MessageState.DELIVERED]
    others = [r for r in rulings if r.state is not MessageState.DELIVERED]
    _settle_delivered(tx, connection, delivered, attempt)
    for ruling in others:
        _settle_other(tx, connection, ruling)
    if attempt is not None:
        tried = [(r.claimed, _OUTCOMES.get(r.state, "retry"), r.reason) for r in others]
        tried += [(claimed, "isolate", reason) for claimed, reason in settlement.isolated]
        if settlement.stopped is not None:
            tried = [(claimed, "stop", settlement.stopped.reason) for claimed, _, _ in tried]
        _record(tx, tried, attempt)
    for ruling in rulings:
        entries.moved(connection, MessageState.SENDING, ruling.state)
        if held[ruling.claimed.customer] == _ERASED and ruling.state.settled:
            tx.run("drop_body", ruling.claimed.key)
    entries.enter(tx)
    _hold_back(tx, settlement)
    tx.wake(connection)
    return rulings


def _json(value: Any) -> str:
    return wire.dumps(value).decode()


_ERASED: Final = 2  # in the column that tells who opted out


def _respecting_opt_out(tx: Transaction, ruling: Ruling, opted_out: int) -> Ruling:
    """What would go again for a customer who left meanwhile is withheld, but for the leave."""
    if opted_out == _ERASED and ruling.reason is not None:  # destinations may quote the person
        ruling = replace(ruling, reason=replace(ruling.reason, text=""))
    if not opted_out or ruling.state.settled:
        return ruling
    event = ruling.claimed.event
    action = tx.row("action_of", event) if event is not None else None
    if opted_out != _ERASED and action is not None and action[0] == OPT_OUT:
        return ruling
    return replace(ruling, state=MessageState.WITHHELD, reason=OPTED_OUT)


def _settle_delivered(
    tx: Transaction, connection: int, rulings: Sequence[Ruling], attempt: Attempt | None
) -> None:
    duration = attempt.duration_ms if attempt else None
    status = attempt.status if attempt else None
    tx.run_many(
        "settle_delivered",
        [
            (
                *(connection, r.claimed.customer, r.claimed.seq, r.claimed.key),
                *(kind_number(r.claimed.message.kind), r.claimed.event, r.claimed.edition),
                *(r.attempts, r.claimed.message.environment, tx.now, duration, status),
            )
            for r in rulings
        ],
    )
    if rulings:
        told = [r.claimed for r in rulings if r.claimed.message.payload.profile is not None]
        places = _json([(r.claimed.customer, r.claimed.seq) for r in rulings])
        tx.run("profiles_delivered", connection, _json([one.customer for one in told]))
        tx.run("remove_delivered", connection, places)
        tx.run("free_lanes", connection, _json([r.claimed.customer for r in rulings]), tx.now)
    for ruling in rulings:
        if ruling.notes:
            _add_notes(tx, ruling)


def _add_notes(tx: Transaction, ruling: Ruling) -> None:
    row = tx.row("notes", ruling.claimed.key)
    notes = wire.loads(row[0]) if row and row[0] else []
    tx.run("add_notes", _json([*notes, *ruling.notes]), ruling.claimed.key)


def _settle_other(tx: Transaction, connection: int, ruling: Ruling) -> None:
    claimed = ruling.claimed
    place = (connection, claimed.customer)
    code, text = (ruling.reason.code, ruling.reason.text) if ruling.reason else (None, None)
    if ruling.state.settled:
        hot = tx.row("hot_message", *place, claimed.seq)
        assert hot is not None, "a held message is in the outbox"
        _, _, kind, event, edition, mapped, _, environment, _ = hot
        tx.run("remove_message", *place, claimed.seq)
        tx.run(
            "add_settled",
            *(connection, claimed.customer, claimed.seq, claimed.key, kind, event, edition),
            *(mapped, ruling.state, ruling.attempts, code, text, environment),
            *(tx.now, None, None),
        )
        tx.run("free_lanes", connection, _json([claimed.customer]), tx.now)
        if claimed.message.payload.profile is not None or claimed.message.kind is Kind.PROFILE:
            tx.run("forget_profile", *place)
        return
    tx.run("postpone_message", ruling.attempts, ruling.due, code, text, *place, claimed.seq)
    failed_at = tx.now if ruling.state is MessageState.RETRYING else 0
    tx.run("postpone_lane", ruling.due, failed_at, *place)


_OUTCOMES: Final = {MessageState.UNDELIVERED: "rejected", MessageState.WITHHELD: "withheld"}


def _record(
    tx: Transaction, tried: Sequence[tuple[Claimed, str, Reason | None]], attempt: Attempt
) -> None:
    tx.run_many(
        "add_attempt",
        [
            (
                *(claimed.key, attempt.at, attempt.duration_ms, attempt.status, outcome),
                *((reason.code, reason.text) if reason else (None, None)),
            )
            for claimed, outcome, reason in tried
        ],
    )


def _hold_back(tx: Transaction, settlement: Settlement) -> None:
    connection = settlement.connection
    if settlement.gate is not None:
        before, _ = read_gate(tx, connection)
        after = settlement.gate(before, tx.now)
        if after != before:
            write_gate(tx, connection, after)
    if settlement.stopped is not None:
        stop_connection(tx, connection, settlement.stopped.reason, settlement.stopped.field)


def write_gate(tx: Transaction, connection: int, gate: Gate) -> None:
    """Write down what holds a connection back."""
    tx.run(
        "set_gate",
        *(gate.not_before, gate.failures, gate.lanes, gate.lane, int(gate.open), gate.throttle),
        *(gate.recovered_at, connection),
    )


def _gate(row: Row) -> Gate:
    return Gate(
        not_before=row[0],
        failures=row[1],
        lanes=row[2],
        lane=row[3],
        open=bool(row[4]),
        throttle=row[5],
        recovered_at=row[6],
    )


def release_held_back(
    tx: Transaction, connection: int, after: tuple[int, int], limit: int
) -> tuple[int, int] | None:
    """After a recovery: some lanes that wait for a resend since before it are due now.

    Looks at `limit` lanes behind `after` (due in ms, customer), and answers where to go on,
    or None when there are no more. Small steps, so that nothing is held up and the
    destination is not flooded.
    """
    gate, _ = read_gate(tx, connection)
    rows = tx.rows("held_back", connection, *after, limit)
    due = [row[0] for row in rows if 0 < row[2] < gate.recovered_at]
    if due:
        tx.run("make_due", connection, tx.now, _json(due))
        tx.wake(connection)
    return (rows[-1][1], rows[-1][0]) if len(rows) == limit else None


def free_all_leases(tx: Transaction) -> int:
    """At the start of the only host: whatever the last one was sending goes again."""
    entries = Entries()
    rows = tx.rows("leased_lanes")
    for connection, customer, token, attempts in rows:
        tx.run("release_lane", connection, customer, token)
        entries.moved(connection, MessageState.SENDING, state_of(attempts or 0))
    entries.enter(tx)
    return len(rows)
