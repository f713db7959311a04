"""What came of a request, written down: messages into the history, lanes free, gate and books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from host import wire
from host.catalogue import OPT_OUT
from host.model import Kind, MessageState, Reason
from host.retry import Gate
from host.store.connections import stop_connection
from host.store.engine import Transaction
from host.store.lanes import OPTED_OUT, Claimed, Ruling, json_text, read_gate, write_gate
from host.store.ledger import Entries
from host.store.outbox import kind_number, take_out


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


def settle(tx: Transaction, settlement: Settlement) -> list[Ruling]:
    """Write down what came of a request; the rulings as they were carried out.

    A lane that is no longer held by this token is left alone: somebody else has it now.
    """
    connection, attempt = settlement.connection, settlement.attempt
    customers = [ruling.claimed.customer for ruling in settlement.rulings]
    rows = tx.packed("held", list, connection, settlement.token, json_text(customers))
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
        if tried:
            entries.failed(connection, tried[-1][0].key)
    for state, count in Counter(ruling.state for ruling in rulings).items():
        entries.moved(connection, MessageState.SENDING, state, count)
    for ruling in rulings:
        if held[ruling.claimed.customer] == _ERASED and ruling.state.settled:
            tx.run("drop_body", ruling.claimed.key)
    entries.enter(tx)
    _hold_back(tx, settlement)
    tx.wake(connection)
    return rulings


_ERASED: Final = 2  # in the column that tells who opted out


def _respecting_opt_out(tx: Transaction, ruling: Ruling, opted_out: int) -> Ruling:
    """What would go again for a customer who left meanwhile is withheld, but for the leave."""
    if opted_out == _ERASED and ruling.reason is not None:  # destinations may quote the person
        ruling = replace(ruling, reason=Reason(code=ruling.reason.code, text=""))
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
        for told in (True, False):
            heads = [
                r.claimed.customer
                for r in rulings
                if (r.claimed.message.payload.profile is not None) is told
            ]
            if heads:
                tx.run("free_delivered", connection, json_text(heads), tx.now, told)
        tx.run("remove_delivered", json_text([r.claimed.key for r in rulings]))
    for ruling in rulings:
        if ruling.notes:
            _add_notes(tx, ruling)


def _add_notes(tx: Transaction, ruling: Ruling) -> None:
    row = tx.row("notes", ruling.claimed.key)
    notes = wire.loads(row[0]) if row and row[0] else []
    tx.run("add_notes", json_text([*notes, *ruling.notes]), ruling.claimed.key)


def _settle_other(tx: Transaction, connection: int, ruling: Ruling) -> None:
    claimed = ruling.claimed
    place = (connection, claimed.customer)
    code, text = (ruling.reason.code, ruling.reason.text) if ruling.reason else (None, None)
    if ruling.state.settled:
        hot = tx.row("hot_message", claimed.key)
        assert hot is not None, "a held message is in the outbox"
        _, _, kind, event, edition, mapped, _, environment, _ = hot
        take_out(tx, place, claimed.key)
        tx.run(
            "add_settled",
            *(connection, claimed.customer, claimed.seq, claimed.key, kind, event, edition),
            *(mapped, ruling.state, ruling.attempts, code, text, environment),
            *(tx.now, None, None),
        )
        tx.run("free_lane", *place, tx.now)
        if claimed.message.payload.profile is not None or claimed.message.kind is Kind.PROFILE:
            tx.run("forget_profile", *place)
        return
    tx.run("postpone_message", ruling.attempts, ruling.due, code, text, claimed.key)
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
