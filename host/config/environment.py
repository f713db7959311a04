"""The host's environment variables, read once at start."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeVar

from host.errors import Fault, InvalidConfiguration
from host.model import Secret

DEFAULT_URL: Final = "http://127.0.0.1:8080"
_SWITCH: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("", "0", "false", "no", "off"), False),
}
_DATABASES: Final = ("sqlite:///", "postgresql://", "postgres://")
_KEY_BYTES: Final = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The variables `LOYALTY_HOST_…`. Keys, token and the database's password never print."""

    home: Path  # the data folder
    database: str = field(repr=False)  # a URL, which may hold a password
    plugins: Path
    secret_keys: tuple[Secret, ...] = ()  # the first encrypts, all decrypt
    url: str = DEFAULT_URL  # where the client commands find a running host
    token: Secret | None = None
    allow_private: bool = False  # destinations on this machine or a private network

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """The environment of these variables (`os.environ`); an empty one counts as not set.

        Raises InvalidConfiguration listing every variable that cannot be used, by name and
        without its value.
        """
        faults: list[Fault] = []

        def value(name: str, default: str, read: Callable[[str], T]) -> T | None:
            variable = f"LOYALTY_HOST_{name}"
            try:
                return read(variables.get(variable) or default)
            except ValueError as error:
                faults.append(Fault(path=variable, message=str(error)))
                return None

        home = Path(variables.get("LOYALTY_HOST_HOME") or "data")
        database = value("DATABASE", f"sqlite:///{home}/host.db", _database)
        keys = value("SECRET_KEY", "", _keys)
        url = value("URL", DEFAULT_URL, _url)
        allow_private = value("ALLOW_PRIVATE_DESTINATIONS", "", _switch)
        if database is None or keys is None or url is None or allow_private is None:
            raise InvalidConfiguration(faults)
        token = variables.get("LOYALTY_HOST_TOKEN")
        return cls(
            home=home,
            database=database,
            plugins=Path(variables.get("LOYALTY_HOST_PLUGINS") or "plugins.toml"),
            secret_keys=keys,
            url=url,
            token=Secret(token) if token else None,
            allow_private=allow_private,
        )


def _database(text: str) -> str:
    if not text.startswith(_DATABASES):
        raise ValueError("must begin with sqlite:/// (and a path) or with postgresql://")
    if text == _DATABASES[0]:
        raise ValueError("names no file; write sqlite:///path/to/host.db")
    return text


def _keys(text: str) -> tuple[Secret, ...]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    for position, part in enumerate(parts, start=1):
        try:
            size = len(base64.b64decode(part, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if size != _KEY_BYTES:
            raise ValueError(
                f"key {position} of {len(parts)} is not a url-safe base64 key of 32 bytes"
            )
    return tuple(Secret(part) for part in parts)


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return text.rstrip("/")


def _switch(text: str) -> bool:
    if text.strip().lower() not in _SWITCH:
        raise ValueError("must be 1 (on) or 0 (off)")
    return _SWITCH[text.strip().lower()]
