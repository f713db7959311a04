"""People who may open the pages, and what each of them may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from host.store.engine import Row, Transaction


class Role(StrEnum):
    """What a person may do; each may all that those before it may."""

    VIEWER = "viewer"  # look
    OPERATOR = "operator"  # change connections, modules and messages
    ADMIN = "admin"  # decide who else may

    def may(self, other: Role) -> bool:
        """Whether this role may what that one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may open the pages. Times are ms since 1970."""

    name: str
    role: Role
    created_at: int
    last_seen_at: int | None
    invited: bool = False  # has not chosen a password yet


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPerson:
    """A person as the store knows them."""

    key: int
    name: str
    role: Role
    password: str | None  # its argon2id hash

    @classmethod
    def from_row(cls, row: Row) -> StoredPerson:
        """One of `person`."""
        return cls(key=row[0], name=row[1], role=Role(row[2]), password=row[3])


def read_people(tx: Transaction) -> list[Person]:
    """Everybody, by name."""
    return [
        Person(
            name=row[0],
            role=Role(row[1]),
            created_at=row[2],
            last_seen_at=row[3],
            invited=bool(row[4]),
        )
        for row in tx.rows("people")
    ]


def is_anybody_there(tx: Transaction) -> bool:
    """Whether there is a person at all."""
    return tx.row("is_anybody_there") is not None


def find_person(tx: Transaction, folded: str) -> StoredPerson | None:
    """The person of that name, folded as names are compared."""
    row = tx.row("person", folded)
    return StoredPerson.from_row(row) if row else None


def person_of(tx: Transaction, key: int) -> StoredPerson | None:
    """The person under that key."""
    row = tx.row("person_by_key", key)
    return StoredPerson.from_row(row) if row else None


def add_person(
    tx: Transaction, name: str, folded: str, role: Role, password: str | None
) -> int | None:
    """Remember a person; the key, or None if the name is taken. `password`: its hash."""
    key = tx.keys(1)
    return key if tx.run("add_person", key, name, folded, role, password, tx.now) else None


def set_role(tx: Transaction, key: int, role: Role) -> None:
    """Change what a person may do, also in sessions that are open."""
    tx.run("set_role", role, key)


def set_password(tx: Transaction, key: int, password: str) -> None:
    """Keep the hash of a person's password."""
    tx.run("set_password", password, key)


def is_last_admin(tx: Transaction, person: StoredPerson) -> bool:
    """Whether nobody could administer the host without this person.

    An admin who has no password yet does not stand in for one who has.
    """
    return person.role is Role.ADMIN and tx.row("another_admin", person.key) is None


def remove_person(tx: Transaction, key: int) -> None:
    """Forget a person, their sessions and links."""
    tx.run("end_sessions", key, "")
    tx.run("drop_all_links_of", key)
    tx.run("remove_person", key)
