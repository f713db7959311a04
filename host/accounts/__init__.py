"""Who may open the pages: people with a name, a role and a password; sessions; one-time links."""

from __future__ import annotations

from host.accounts.accounts import Accounts
from host.accounts.signing_in import TooManyTries, WrongPassword
from host.store.links import Link, LinkKind
from host.store.sessions import SessionView, Visitor
from host.store.users import Person, Role

__all__ = [
    "Accounts",
    "Link",
    "LinkKind",
    "Person",
    "Role",
    "SessionView",
    "TooManyTries",
    "Visitor",
    "WrongPassword",
]
