"""Lanes on their way out: their heads are claimed under a lease, and freed again.

One message of a lane is in flight at most. A claim, a lease and a backoff are changes of the
lane's row alone; whatever a dead process held is due again when its lease has run out.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import msgspec

from host import wire
from host.carried import Message, Payload
from host.model import Json, MessageState, Reason
from host.retry import Gate
from host.store.engine import Row, Transaction
from host.store.keys import message_id
from host.store.ledger import Entries
from host.store.outbox import Body, kind_of, state_of

OPTED_OUT = Reason(code="opted_out", text="the customer opted out")


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
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
    made: Mapping[str, Any] | None = None  # … and what a workflow said in its place


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


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one claimed message after an attempt.

    `state` RETRYING: it goes again at `due`; WAITING: nothing was counted, it goes as before.
    """

    claimed: Claimed
    state: MessageState
    attempts: int
    due: int = 0
    reason: Reason | None = None
    notes: tuple[str, ...] = ()


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
    found = tx.row("claim", connection, tx.now, limit)
    rows = wire.loads(found[0]) if found else []
    if not rows:
        due = tx.row("next_due", connection)
        return Nothing(until=due[0] if due else None)
    assert found is not None, "there are rows"
    token = secrets.randbits(62)
    until = tx.now + lease_ms
    tx.run("lease_lanes", token, until, connection, json_text([row[0] for row in rows]))
    entries = Entries()
    # Where a lease ran out, it is counted as being sent already.
    for state, count in Counter(state_of(row[8]) for row in rows if not row[1]).items():
        entries.moved(connection, state, MessageState.SENDING, count)
    entries.enter(tx)
    return Batch(
        connection=connection,
        token=token,
        claimed=tuple(map(_claimed, rows, wire.pieces(found[1]), repeat(install))),
    )


def _claimed(row: Sequence[Any], payload: msgspec.Raw, install: str) -> Claimed:
    customer, _, seq, key, kind, event, edition, mapped, attempts, environment, id, route = row
    body = wire.loads(payload)
    message = Message(
        dedupe_id=message_id(install, key, edition),
        kind=kind_of(kind),
        customer=id,
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
        size=len(memoryview(payload)),
        snapshot=None if mapped else body.get("snapshot", {}),
        external=None if mapped else body.get("external"),
        made=None if mapped else body.get("made"),
    )


def renew(tx: Transaction, batch: Batch, lease_ms: int) -> None:
    """Hold a batch for longer."""
    until = tx.now + lease_ms
    customers = [claimed.customer for claimed in batch.claimed]
    tx.run("renew_leases", batch.token, until, batch.connection, json_text(customers))


def keep_mapping(
    tx: Transaction, connection: int, claimed: Claimed, body: Body, environment: str | None
) -> None:
    """Write down the payload of a message that waited for its mapping."""
    tx.run("map_message", body.payload, body.route, body.profile, body.notes, claimed.key)
    tx.run("set_mapped", environment, claimed.key)


def json_text(value: Any) -> str:
    """A value as statements take lists: JSON."""
    return wire.dumps(value).decode()


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
        tx.run("make_due", connection, tx.now, json_text(due))
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
