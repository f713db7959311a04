"""Secrets at rest: encrypted with the operator's keys, readable only with one of them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from host.errors import StoreFault
from host.model import Secret

_CHECK_WORD: Final = b"loyalty-host"


class WrongKey(StoreFault):
    """The secret key given is not the one that encrypted this."""


class Vault:
    """Encrypts with the first key, decrypts with any."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        """Keys are url-safe base64 of 32 bytes. Raises StoreFault for anything else."""
        try:
            self._fernet = MultiFernet([Fernet(key.reveal()) for key in keys])
        except ValueError:
            raise StoreFault(
                "LOYALTY_HOST_SECRET_KEY must be one or more url-safe base64 keys of 32 bytes, "
                "separated by commas"
            ) from None

    def check_word(self) -> str:
        """A word to store, by which `opens` recognises the key later."""
        return self._fernet.encrypt(_CHECK_WORD).decode("ascii")

    def opens(self, check_word: str) -> bool:
        """Was this word made with one of our keys?"""
        try:
            return self._fernet.decrypt(check_word) == _CHECK_WORD
        except InvalidToken:
            return False

    def close(self, secrets: Mapping[str, Secret]) -> bytes:
        """Encrypt secrets by name."""
        plain = msgspec.json.encode({name: secret.reveal() for name, secret in secrets.items()})
        return self._fernet.encrypt(plain)

    def open(self, closed: bytes) -> dict[str, Secret]:
        """Decrypt. Raises WrongKey."""
        try:
            plain = self._fernet.decrypt(closed)
        except InvalidToken:
            raise WrongKey(
                "the stored secrets cannot be read with this secret key: give the former key in "
                "LOYALTY_HOST_SECRET_KEY, or connect again with the secrets typed anew"
            ) from None
        texts: dict[str, str] = msgspec.json.decode(plain, type=dict[str, str])
        return {name: Secret(text) for name, text in texts.items()}


def keys_of(home: Path, given: Sequence[Secret]) -> tuple[Secret, ...]:
    """The keys to use: those given, else `<home>/secret.key`, made (mode 0600) when absent."""
    if given:
        return tuple(given)
    path = home / "secret.key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        _make_key(path)
    return tuple(Secret(text) for text in path.read_text("ascii").replace(",", "\n").split())


def _make_key(path: Path) -> None:
    """Write a new key, whole or not at all; of several who try at once, one does."""
    file, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(Fernet.generate_key() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
