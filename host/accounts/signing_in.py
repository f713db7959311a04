"""Signing in with a password: slow for whoever guesses, and the same for every wrong answer."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from typing import Final, TypeVar

from host.accounts.hashing import Busy, Hashing
from host.accounts.naming import fold
from host.errors import LoyaltyHostError
from host.store.engine import Transaction
from host.store.store import Store
from host.store.tries import begin_try, forget_tries
from host.store.users import StoredPerson, find_person, person_of, set_password

T = TypeVar("T")

_BUSY_SECONDS: Final = 5
_NEIGHBOURHOOD: Final = 64  # bits of an IPv6 address that one subscriber is given


class WrongPassword(LoyaltyHostError):
    """The name or the password is wrong."""

    def __init__(self) -> None:
        super().__init__("the name or the password is wrong")


class TooManyTries(LoyaltyHostError):
    """Nothing is tried for `retry_after` seconds, not even the right password."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many wrong tries: come again in {retry_after} s")
        self.retry_after = retry_after


async def recognise(
    store: Store,
    hashing: Hashing,
    name: str,
    password: str,
    address: str,
    then: Callable[[Transaction, StoredPerson], T],
) -> T:
    """Do `then` for the person with that name and password. Raises WrongPassword, TooManyTries.

    `address`: where the try comes from; "" where that says nothing.
    """
    folded = fold(name)
    subjects = [_digest(store, "name", folded)]
    place = _place(address)
    if place:
        subjects.append(_digest(store, "address", place))
    try:
        async with hashing.turn():
            wait_ms = await store.write(lambda tx: begin_try(tx, subjects))
            if wait_ms:
                raise TooManyTries(-(-wait_ms // 1000))
            found = await store.read(lambda tx: find_person(tx, folded))
            kept = found.password if found else None
            right = await hashing.is_right(kept, password)
            if found is None or kept is None or not right:
                raise WrongPassword
            renewed = await hashing.hash(password) if hashing.is_outdated(kept) else None
    except Busy:
        raise TooManyTries(_BUSY_SECONDS) from None

    def confirm(tx: Transaction) -> T:
        person = person_of(tx, found.key)
        if person is None or person.password != kept:  # changed while we were checking
            raise WrongPassword
        if renewed:
            set_password(tx, person.key, renewed)
        forget_tries(tx, subjects)
        return then(tx, person)

    return await store.write(confirm)


def _place(address: str) -> str:
    """What counts as one address. "": it tells nothing about who is calling.

    Behind a proxy on this machine everybody comes from the loopback: nobody must be able to
    have all others wait.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            if parsed.is_loopback:
                return ""
            return str(ipaddress.ip_network((parsed.packed, _NEIGHBOURHOOD), strict=False))
        parsed = parsed.ipv4_mapped
    return "" if parsed.is_loopback else str(parsed)


def _digest(store: Store, kind: str, text: str) -> bytes:
    written = f"{store.install} {kind} {text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(written).digest()
