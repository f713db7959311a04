"""What a person does to messages, and what an opt-out or an erasure does to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from host import wire
from host.catalogue import OPT_OUT
from host.model import Kind, MessageState, Reason
from host.store.engine import Row, Transaction
from host.store.keys import key_text
from host.store.ledger import Entries
from host.store.messages import MessageView
from host.store.outbox import kind_number, withdraw
from host.store.runs import erase_runs

DISCARDED_BY_HAND: Final = Reason(code="discarded", text="discarded by hand")
SET_ASIDE: Final = Reason(
    code="set_aside", text="set aside by hand, so that the next message of the customer may go"
)
ERASED: Final = Reason(code="erased", text="the customer was erased")
DEDUPE_DAYS: Final = 30  # how long a destination can be trusted to know an id again
_DAY_MS: Final = 86_400_000
_REPLAYED: Final = (MessageState.UNDELIVERED, MessageState.DISCARDED, MessageState.DELIVERED)


def resend(tx: Transaction, view: MessageView) -> bool:
    """Make a waiting or retrying message due now; False if it is neither any more."""
    hot, sending = _hot(tx, view)
    if hot is None or sending:
        return False
    connection, customer, _ = view.place
    tx.run("due_now", view.key)
    tx.run("refresh_lane", connection, customer)
    tx.wake(connection)
    return True


def discard(tx: Transaction, view: MessageView, reason: Reason = DISCARDED_BY_HAND) -> bool:
    """Settle a waiting, retrying or undelivered message as discarded; False if it cannot be."""
    if view.state is not MessageState.UNDELIVERED:
        return _take_out(tx, view, MessageState.DISCARDED, reason)
    connection = view.place[0]
    if not tx.run("take_settled", connection, view.key):
        return False
    _settle_again(tx, view, MessageState.DISCARDED, reason)
    entries = Entries()
    entries.moved(connection, MessageState.UNDELIVERED, MessageState.DISCARDED)
    entries.enter(tx)
    return True


def set_aside(tx: Transaction, view: MessageView) -> bool:
    """Have a waiting or retrying message leave its lane as undelivered, so that the next may go.

    False if it is neither any more.
    """
    return _take_out(tx, view, MessageState.UNDELIVERED, SET_ASIDE)


def _take_out(tx: Transaction, view: MessageView, state: MessageState, reason: Reason) -> bool:
    hot, sending = _hot(tx, view)
    if hot is None or sending:
        return False
    place = view.place[:2]
    entries = Entries()
    withdraw(tx, place, hot, state, reason, entries)
    tx.run("refresh_lane", *place)
    tx.run("forget_profile", *place)
    tx.wake(place[0])
    entries.enter(tx)
    return True


class Replayed(Enum):
    """How a message came back."""

    NO = "no"  # it cannot: gone, opted out, already under way, or nothing left to say
    SAME = "same"  # under its id and with its content: a repeat is recognised
    NEW_ID = "new_id"  # without the profile part, under a new id: it may arrive twice


def replay(tx: Transaction, view: MessageView) -> Replayed:
    """Put a settled message back at the end of its lane, as if never sent.

    Not one that was withheld: a later opt-in speaks for what comes after it.

    It keeps id and content while no other profile part made later was delivered or waits
    before it, and its last try is recent enough to be recognised; else it goes without the profile
    part under `<id>.2`, since old attributes must not overwrite newer ones.
    """
    connection, customer, seq = view.place
    body = tx.row("body", view.key)
    lane = tx.row("lane", connection, customer)
    if body is None or lane is None or view.state not in _REPLAYED or _opted_out(tx, view):
        return Replayed.NO
    # What is mapped only now takes its profile part from the snapshot of its moment.
    has_profile, delivered_profile = body[2] is not None or not view.mapped, lane[4]
    made_after = (connection, customer, view.key, body[2])
    newer = has_profile and (
        (delivered_profile > seq and tx.row("newer_profile_delivered", *made_after) is not None)
        or tx.row("newer_profile_waits", *made_after) is not None
    )
    same = not newer and not _tried_long_ago(tx, view)
    if not same and view.kind is Kind.PROFILE:
        return Replayed.NO
    if not tx.run("take_settled", connection, view.key):
        return Replayed.NO
    if view.state is MessageState.DELIVERED:
        _keep_delivering_attempt(tx, view)
    edition = view.edition if same else view.edition + 1
    next_seq, head, tail = lane[0], lane[5], lane[6]
    tx.run("lengthen_lane", tx.now, view.key, connection, customer)
    tx.run("forget_previous", view.key)
    tx.run(
        "append_message",
        *(connection, customer, next_seq, view.key, kind_number(view.kind), view.event_key),
        *(edition, int(view.mapped), view.environment, None if head is None else tail),
    )
    entries = Entries()
    entries.moved(connection, view.state, MessageState.WAITING)
    entries.enter(tx)
    tx.wake(connection)
    return Replayed.SAME if edition == view.edition else Replayed.NEW_ID


def withhold_customer(
    tx: Transaction, connections: Iterable[int], customer: int, reason: Reason, entries: Entries
) -> None:
    """Withhold what a customer's lanes hold, but for what is being sent, and drop the payloads."""
    for connection in connections:
        place = (connection, customer)
        for hot in tx.rows("hot_of_lane", *place):
            if hot[8]:
                continue
            withdraw(tx, place, hot, MessageState.WITHHELD, reason, entries)
            tx.run("drop_body", hot[1])
        tx.run("refresh_lane", *place)
        tx.run("forget_profile", *place)


def who_left(
    tx: Transaction, connection: int, token: int, customers: Sequence[int]
) -> frozenset[int]:
    """Those of these customers, their lanes still held by a token, who have opted out."""
    held = tx.packed("held", list, connection, token, wire.dumps(customers).decode())
    return frozenset(customer for customer, opted_out in held if opted_out)


def erase_customer(
    tx: Transaction, connections: Iterable[int], customer: int, entries: Entries
) -> None:
    """Forget a person: profile, event bodies, payloads. Identities of events and books stay."""
    withhold_customer(tx, connections, customer, ERASED, entries)
    erase_runs(tx, customer)
    tx.run("erase_event_bodies", customer)
    tx.run("erase_attempts", customer)
    tx.run("erase_reasons", customer)
    tx.run("erase_settled_bodies", customer)
    tx.run("forget_external_ids", f"[{customer}]")
    tx.run("next_version", "customers")
    tx.run("erase_customer", f"erased-{key_text(tx.keys(1))}", customer)


def _settle_again(tx: Transaction, view: MessageView, state: MessageState, reason: Reason) -> None:
    connection, customer, seq = view.place
    tx.run(
        "add_settled",
        *(connection, customer, seq, view.key, kind_number(view.kind), view.event_key),
        *(view.edition, int(view.mapped), state, view.attempts, reason.code, reason.text),
        *(view.environment, tx.now, None, None),
    )


def _opted_out(tx: Transaction, view: MessageView) -> bool:
    row = tx.row("customer_by_key", view.place[1])
    return row is None or (bool(row[1]) and view.action != OPT_OUT)


def _tried_long_ago(tx: Transaction, view: MessageView) -> bool:
    row = tx.row("last_attempt", view.key)
    last = row[0] if row else None
    if view.state is MessageState.DELIVERED:
        last = view.settled_at
    return last is not None and last < tx.now - DEDUPE_DAYS * _DAY_MS


def _keep_delivering_attempt(tx: Transaction, view: MessageView) -> None:
    at, duration = view.settled_at or tx.now, view.duration_ms or 0
    tx.run("add_attempt", view.key, at - duration, duration, view.status, "delivered", None, None)


def _hot(tx: Transaction, view: MessageView) -> tuple[Row | None, bool]:
    row = tx.row("hot_message", view.key)
    if row is None or row[0] != view.place[2]:
        return None, False
    return row, bool(row[8])
