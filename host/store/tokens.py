"""Tokens of the HTTP API: kept as digests, so that a stolen database opens no door."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from host.errors import NotFound, VersionConflict
from host.model import Secret
from host.store.engine import Transaction

Scope: TypeAlias = Literal["events", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A token without its text. Times are ms since 1970."""

    name: str
    scope: Scope
    created_at: int
    revoked_at: int | None


def token_digest(text: str) -> bytes:
    """By which a token is recognised. It is random, so that one hash suffices."""
    return hashlib.sha256(text.encode()).digest()


def create_token(tx: Transaction, name: str, scope: Scope) -> Secret:
    """Make a token; its text is told this once. Raises VersionConflict for a name in use."""
    text = f"lh_{secrets.token_urlsafe(32)}"
    if not tx.run("add_token", name, token_digest(text), scope, tx.now):
        raise VersionConflict(f"there is a token called {name}: revoke it or choose another name")
    return Secret(text)


def revoke_token(tx: Transaction, name: str) -> None:
    """Close a token's doors. Raises NotFound."""
    if not tx.run("revoke_token", tx.now, name):
        raise NotFound(f"there is no live token called {name}")


def list_tokens(tx: Transaction) -> list[TokenView]:
    """Every token, newest first."""
    return [
        TokenView(name=row[0], scope=cast(Scope, row[1]), created_at=row[2], revoked_at=row[3])
        for row in tx.rows("tokens")
    ]


def live_tokens(tx: Transaction) -> dict[bytes, Scope]:
    """Scopes by digest of the tokens that open doors."""
    return {row[0]: cast(Scope, row[1]) for row in tx.rows("live_tokens")}
