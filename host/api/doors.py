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
_UNKNOWN_FOR: Final = 0.05  # seconds until an unknown token is looked for again: it may be new


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

    async def _read_unless_read_within(self, seconds: float) -> None:
        if time.monotonic() - self._read_at > seconds:
            async with self._reading:  # one reads, the others wait for what it finds
                if time.monotonic() - self._read_at > seconds:
                    self._scopes = await self._store.read(live_tokens)
                    self._read_at = time.monotonic()

    async def check(self, request: Request, scope: Scope) -> None:
        """Let the request in, or raise NotLetIn."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotLetIn(
                401, "unauthorized", "send a token: Authorization: Bearer TOKEN (tokens create)"
            )
        await self._read_unless_read_within(_FRESH_FOR)
        digest = token_digest(token.strip())
        if digest not in self._scopes:
            await self._read_unless_read_within(_UNKNOWN_FOR)
        held = self._scopes.get(digest)
        if held is None:
            raise NotLetIn(401, "unauthorized", "the token is unknown or revoked")
        if scope == "admin" and held != "admin":
            raise NotLetIn(403, "forbidden", "the token may hand in events and customers only")
