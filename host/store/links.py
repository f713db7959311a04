"""One-time links: kept as digests, gone once they were used or are too old."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from host.model import Secret
from host.store.engine import Transaction
from host.store.tokens import token_digest

_DAY_MS: Final = 86_400_000


class LinkKind(StrEnum):
    """What a one-time link is for."""

    SET_UP = "set up"  # make the first account, an admin's
    CHOOSE_PASSWORD = "choose password"  # of somebody who was invited, or forgot it
    SIGN_IN = "sign in"


_VALID_MS: Final[Mapping[LinkKind, int]] = {
    LinkKind.SET_UP: _DAY_MS,
    LinkKind.CHOOSE_PASSWORD: 7 * _DAY_MS,
    LinkKind.SIGN_IN: _DAY_MS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that can still be used. `name`: for whom; None for a set-up."""

    kind: LinkKind
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink(Link):
    """A link as the store knows it."""

    person: int | None  # the key


def make_link(tx: Transaction, kind: LinkKind, person: int | None) -> Secret:
    """Make a link, told this once; earlier ones of that kind for that person end."""
    text = secrets.token_urlsafe(32)
    tx.run("drop_links_of", person, kind)
    tx.run("add_link", token_digest(text), kind, person, tx.now + _VALID_MS[kind])
    return Secret(text)


def find_link(tx: Transaction, token: str) -> StoredLink | None:
    """The usable link of a token."""
    row = tx.row("link", token_digest(token), tx.now)
    return StoredLink(kind=LinkKind(row[0]), person=row[1], name=row[2]) if row else None


def take_link(tx: Transaction, token: str) -> StoredLink | None:
    """Use a link up; None if there is none."""
    link = find_link(tx, token)
    if link is not None:
        tx.run("take_link", token_digest(token))
    return link


def drop_all_links(tx: Transaction, person: int) -> None:
    """Have none of a person's links open anything any more."""
    tx.run("drop_all_links_of", person)
