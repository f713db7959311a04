"""Sessions of people at the pages: kept by their token's digest, ended by time or by hand."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from host.model import Secret
from host.store.engine import Transaction
from host.store.tokens import token_digest
from host.store.users import Role

IDLE_MS: Final = 12 * 3_600_000  # a session that is not used for so long ends
LONGEST_MS: Final = 30 * 86_400_000  # and so does one that is this old, used or not
_WRITTEN_EVERY_MS: Final = 60_000  # the last use is not written more often


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whom a session belongs to. `session`: its id, not its token."""

    name: str
    role: Role
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """An open session. Times are ms since 1970; `used_at` is true to the minute."""

    id: str
    created_at: int
    used_at: int
    ends_at: int  # unless it is used again before


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A session that was found by its token."""

    visitor: Visitor
    digest: bytes
    person: int
    created_at: int
    to_be_written: bool  # the last written use is some time ago


def open_session(tx: Transaction, person: int) -> Secret:
    """Sign a person in; the session's token, told this once."""
    text = secrets.token_urlsafe(32)
    ends_at = tx.now + min(IDLE_MS, LONGEST_MS)
    id_ = secrets.token_hex(8)
    tx.run("add_session", token_digest(text), id_, person, tx.now, tx.now, ends_at)
    tx.run("see_person", tx.now, person)
    return Secret(text)


def find_session(tx: Transaction, token: str) -> Use | None:
    """The open session of a token."""
    digest = token_digest(token)
    row = tx.row("session", digest, tx.now)
    if row is None:
        return None
    return Use(
        visitor=Visitor(session=row[0], name=row[4], role=Role(row[5])),
        digest=digest,
        person=row[1],
        created_at=row[2],
        to_be_written=tx.now - row[3] >= _WRITTEN_EVERY_MS,
    )


def write_use(tx: Transaction, use: Use) -> None:
    """Write down that a session is used now, which puts off its end."""
    ends_at = min(tx.now + IDLE_MS, use.created_at + LONGEST_MS)
    tx.run("use_session", tx.now, ends_at, use.digest)
    tx.run("see_person", tx.now, use.person)


def sessions_of(tx: Transaction, person: int) -> list[SessionView]:
    """A person's open sessions, used last first."""
    return [
        SessionView(id=row[0], created_at=row[1], used_at=row[2], ends_at=row[3])
        for row in tx.rows("sessions_of", person, tx.now)
    ]


def close_session(tx: Transaction, token: str) -> None:
    """End the session of a token, if there is one."""
    tx.run("end_session", token_digest(token))


def end_session(tx: Transaction, id_: str) -> bool:
    """End a session by its id; False if there is none."""
    return bool(tx.run("end_session_called", id_))


def end_sessions(tx: Transaction, person: int, keep: str | None = None) -> None:
    """End a person's sessions, but for the one with the id `keep`."""
    tx.run("end_sessions", person, keep or "")
