"""Who may come in: bearer tokens and their scopes."""

from __future__ import annotations

import time
from typing import Final

import anyio
from starlette.requests import Request

from host.errors import LoyaltyHostError
from host.store.store import Store
from host.store.tokens import Scope, live_tokens, token_digest

_FRESH_FOR: Final = 1.0  # seconds until a revoked token is noticed


class NotLetIn(LoyaltyHostError):
    """The request brings no token that opens this door."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Doors:
    """Checks tokens; knows the live ones for a second at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scopes: dict[bytes, Scope] = {}
        self._read_at = float("-inf")
        self._reading = anyio.Lock()

    def _stale(self) -> bool:
        return time.monotonic() - self._read_at > _FRESH_FOR

    async def check(self, request: Request, scope: Scope) -> None:
        """Let the request in, or raise NotLetIn."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotLetIn(
                401, "unauthorized", "send a token: Authorization: Bearer TOKEN (tokens create)"
            )
        if self._stale():
            async with self._reading:  # one reads, the others wait for what it finds
                if self._stale():
                    self._scopes = await self._store.read(live_tokens)
                    self._read_at = time.monotonic()
        held = self._scopes.get(token_digest(token.strip()))
        if held is None:
            raise NotLetIn(401, "unauthorized", "the token is unknown or revoked")
        if scope == "admin" and held != "admin":
            raise NotLetIn(403, "forbidden", "the token may hand in events and customers only")
