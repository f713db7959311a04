"""Connections as rows: documents, sealed secrets, states. What they mean is told elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from host.errors import VersionConflict
from host.model import ConnectionState, MessageState, Reason
from host.store.engine import Transaction
from host.store.ledger import Entries, read_ledger
from host.store.operations import withhold_customer


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """A saved connection. `document`: JSON without secrets; `secrets`: sealed by the vault."""

    key: int
    id: str
    module: str
    title: str
    document: bytes
    secrets: bytes
    enabled: bool
    paused: bool
    environment: str | None
    state: ConnectionState
    reason: Reason | None
    field: str | None
    version: int
    changed_at: int

    @property
    def shown_state(self) -> ConnectionState:
        """The state a person is shown: a pause hides 'connected', never 'needs attention'."""
        paused = self.paused and self.state is ConnectionState.CONNECTED
        return ConnectionState.PAUSED if paused else self.state


def generation(tx: Transaction) -> int:
    """Counts up with every change of connections, by whichever process."""
    row = tx.row("meta", "generation")
    return int(row[0]) if row else 0


def read_connections(tx: Transaction) -> list[ConnectionRow]:
    """All connections, by id."""
    return [
        ConnectionRow(
            key=row[0],
            id=row[1],
            module=row[2],
            title=row[3],
            document=row[4],
            secrets=row[5],
            enabled=bool(row[6]),
            paused=bool(row[7]),
            state=ConnectionState(row[8]),
            reason=Reason(code=row[9], text=row[10] or "") if row[9] else None,
            field=row[11],
            version=row[12],
            changed_at=row[13],
            environment=row[14],
        )
        for row in tx.rows("connections")
    ]


def connection_keys(tx: Transaction, *, deleted: bool = True) -> dict[int, str]:
    """Ids by key of all connections, deleted ones too unless told otherwise."""
    return {row[0]: row[1] for row in tx.rows("connection_names") if deleted or row[3] is None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEdit:
    """What is to be saved; `key` and `version` of the row it replaces, None for a new one."""

    key: int | None
    version: int | None
    id: str
    module: str
    title: str
    document: bytes
    secrets: bytes
    enabled: bool
    paused: bool
    environment: str | None
    state: ConnectionState


def save_connection(tx: Transaction, edit: ConnectionEdit) -> None:
    """Save a connection. Raises VersionConflict if it changed in between."""
    values = (edit.module, edit.title, edit.document, edit.secrets)
    flags = (int(edit.enabled), int(edit.paused), edit.environment, edit.state, tx.now)
    if edit.key is None:
        if any(row[1] == edit.id for row in tx.rows("connections")):
            raise VersionConflict(f"the connection {edit.id} was made by somebody else meanwhile")
        row = tx.row("add_connection", edit.id, *values, *flags)
        assert row is not None, "the statement answers the new key"
        tx.run("add_ledger", row[0])
        tx.run("add_gate", row[0])
    elif not tx.run("save_connection", *values, *flags, edit.key, edit.version):
        raise VersionConflict(f"the connection {edit.id} was changed by somebody else meanwhile")
    else:
        tx.run("reset_gate", tx.now, edit.key)
        tx.wake(edit.key)
    tx.run("next_version", "generation")


def pause_connection(tx: Transaction, key: int, paused: bool) -> None:
    """Pause or resume; messages wait meanwhile."""
    tx.run("pause_connection", int(paused), tx.now, key)
    tx.run("next_version", "generation")
    tx.wake(key)


def stop_connection(tx: Transaction, key: int, reason: Reason, field: str | None = None) -> None:
    """Only a person can mend this connection; said once, until it is reconnected."""
    if tx.run("stop_connection", reason.code, reason.text, field, tx.now, key):
        tx.run("next_version", "generation")


def reconnect(tx: Transaction, key: int, title: str) -> None:
    """A connection was tried and found well: it delivers, without waiting for old trouble."""
    tx.run("reconnect", title, tx.now, key)
    tx.run("reset_gate", tx.now, key)
    tx.run("next_version", "generation")
    tx.wake(key)


DELETED: Final = Reason(code="connection_deleted", text="the connection was deleted")
_LANES_AT_ONCE: Final = 200


def delete_connection(tx: Transaction, key: int) -> None:
    """Delete a connection; its history stays. `withhold_deleted` clears what waits."""
    tx.run("delete_connection", tx.now, key)
    tx.run("next_version", "generation")


def deleted_with_messages(tx: Transaction) -> list[int]:
    """Deleted connections that still hold messages: some were being sent, or a host died."""
    return [row[0] for row in tx.rows("deleted_with_messages")]


def withhold_deleted(tx: Transaction, key: int) -> bool:
    """Withhold some of what waits on a deleted connection; True while there may be more."""
    lanes = tx.rows("lanes_waiting", key, _LANES_AT_ONCE)
    entries = Entries()
    for (customer,) in lanes:
        withhold_customer(tx, [key], customer, DELETED, entries)
    entries.enter(tx)
    return len(lanes) == _LANES_AT_ONCE


def waiting_messages(tx: Transaction) -> int:
    """How many messages of all connections are not settled."""
    books = read_ledger(tx).values()
    return sum(book[state] for book in books for state in MessageState if not state.settled)
