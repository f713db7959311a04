"""The store as the flows know it: an engine, the vault, and the install's own id."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self, TypeVar

from host.errors import StoreFault
from host.model import Secret
from host.store.engine import Engine, Job, Plain, Transaction
from host.store.sqlite.engine import SqliteEngine
from host.store.vault import Vault, keys_of

T = TypeVar("T")

SQLITE_VERSION: Final = sqlite3.sqlite_version
_SQLITE: Final = "sqlite:///"


class Store:
    """An open store. Make it with `open`."""

    def __init__(
        self, engine: Engine, file: Path, vault: Vault, install: str, key_is_right: bool
    ) -> None:
        self._engine = engine
        self.file = file  # of the database
        self.vault = vault
        self.install = install  # part of every dedupe id
        self.key_is_right = key_is_right  # else stored secrets cannot be read
        self.on_wake = engine.on_wake

    @classmethod
    async def open(
        cls,
        database: str,
        home: Path,
        secret_keys: tuple[Secret, ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open the database by its URL (`sqlite:///PATH`), creating it if need be.

        Raises StoreFault.
        """
        file = file_of(database)
        vault = Vault(keys_of(home, secret_keys))
        engine = SqliteEngine(file, clock)

        def introduce(tx: Transaction) -> tuple[str, str]:
            tx.run("add_meta", "install", secrets.token_hex(4))
            tx.run("add_meta", "check_word", vault.check_word())
            install, word = tx.row("meta", "install"), tx.row("meta", "check_word")
            assert install is not None and word is not None, "both were just added"
            return install[0], word[0]

        install, word = await engine.write(Plain(introduce))
        return cls(engine, file, vault, install, vault.opens(word))

    async def write(self, write: Callable[[Transaction], T]) -> T:
        """Run a writing function in a transaction; returns once it is on disk."""
        return await self._engine.write(Plain(write))

    async def submit(self, job: Job[T]) -> T:
        """Run a write with a preparation, see `Job`."""
        return await self._engine.write(job)

    async def read(self, read: Callable[[Transaction], T]) -> T:
        """Run a reading function on a consistent snapshot."""
        return await self._engine.read(read)

    async def close(self) -> None:
        """Finish what was accepted, and close."""
        await self._engine.close()


def file_of(database: str) -> Path:
    """The file that a database's URL names. Raises StoreFault."""
    if not database.startswith(_SQLITE):
        raise StoreFault("LOYALTY_HOST_DATABASE must be sqlite:///PATH")
    return Path(database.removeprefix(_SQLITE))
