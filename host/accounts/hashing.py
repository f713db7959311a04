"""Passwords as argon2id hashes, made and checked in worker threads, few at a time."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Final

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from host.accounts.naming import LONGEST_PASSWORD, tidy_password

_AT_ONCE: Final = 2  # each takes 64 MB and a core or more
_MOST_WAITING: Final = 50  # a second or two of work


class Busy(Exception):
    """So many wait for their turn that one more would wait too long."""


class Hashing:
    """Makes and checks hashes. Both take a turn, which the caller holds: see `turn`."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = anyio.CapacityLimiter(_AT_ONCE)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one of the few turns and hold it. Raises Busy."""
        if self._turns.statistics().tasks_waiting >= _MOST_WAITING:
            raise Busy
        async with self._turns:
            yield

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        return await anyio.to_thread.run_sync(self._hasher.hash, _bytes(password))

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one of a hash. Without a hash it takes as long to say no."""
        return await anyio.to_thread.run_sync(self._is_right, kept, password)

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _is_right(self, kept: str | None, password: str) -> bool:
        nobody = self._nobody  # made in any case: also the first answer takes the same time
        try:
            self._hasher.verify(kept or nobody, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None and len(password) <= LONGEST_PASSWORD

    @cached_property
    def _nobody(self) -> str:
        """The hash of a password that nobody knows."""
        return self._hasher.hash(secrets.token_bytes(32))


def _bytes(password: str) -> bytes:
    return tidy_password(password).encode("utf-8", "surrogatepass")
