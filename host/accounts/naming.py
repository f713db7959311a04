"""How names and passwords are read, and which are taken. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

from host.errors import Fault

LONGEST_NAME: Final = 64  # characters
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024


def tidy_name(name: str) -> str:
    """A name as it is kept. Two spellings that look alike are one."""
    return unicodedata.normalize("NFKC", name[: 4 * LONGEST_NAME]).strip()


def fold(name: str) -> str:
    """A name as names are compared: upper and lower case are one."""
    return unicodedata.normalize("NFKC", tidy_name(name).casefold())


def tidy_password(password: str) -> str:
    """A password as it is hashed: the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password[: LONGEST_PASSWORD + 1])


def name_faults(name: str) -> list[Fault]:
    """What is wrong with a new name."""
    tidy = tidy_name(name)
    if not tidy:
        return [Fault(path="name", message="give a name")]
    if len(tidy) > LONGEST_NAME:
        return [Fault(path="name", message=f"takes at most {LONGEST_NAME} characters")]
    if not tidy.isprintable():
        return [Fault(path="name", message="has characters in it that cannot be seen")]
    return []


def password_faults(password: str, name: str) -> list[Fault]:
    """What is wrong with a new password of that person."""
    tidy = tidy_password(password)
    if len(tidy) < SHORTEST_PASSWORD:
        return [Fault(path="password", message=f"takes at least {SHORTEST_PASSWORD} characters")]
    if len(password) > LONGEST_PASSWORD:
        return [Fault(path="password", message=f"takes at most {LONGEST_PASSWORD} characters")]
    if fold(tidy) == fold(name):
        return [Fault(path="password", message="must not be the name")]
    return []
