"""Who may open the pages. Times are those of the store's clock."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from host.accounts.hashing import Busy, Hashing
from host.accounts.naming import fold, name_faults, password_faults, tidy_name
from host.accounts.signing_in import TooManyTries, recognise
from host.errors import Fault, HostFull, InvalidConfiguration, NotFound, StoreUnavailable
from host.model import Secret
from host.store.engine import Transaction
from host.store.links import Link, LinkKind, drop_all_links, find_link, make_link, take_link
from host.store.sessions import (
    SessionView,
    Visitor,
    close_session,
    end_session,
    end_sessions,
    find_session,
    open_session,
    sessions_of,
    write_use,
)
from host.store.store import Store
from host.store.users import (
    Person,
    Role,
    StoredPerson,
    add_person,
    find_person,
    is_anybody_there,
    is_last_admin,
    read_people,
    remove_person,
    set_password,
    set_role,
)


class Accounts:
    """People, their sessions and their one-time links."""

    def __init__(self, store: Store, hashing: Hashing | None = None) -> None:
        self._store = store
        self._hashing = hashing or Hashing()

    # Coming in, and going.

    async def sign_in(self, name: str, password: str, address: str) -> Secret:
        """The token of a new session. Raises WrongPassword or TooManyTries.

        `address`: where the try comes from; "" where that says nothing.
        """
        return await recognise(
            self._store,
            self._hashing,
            name,
            password,
            address,
            lambda tx, person: open_session(tx, person.key),
        )

    async def visitor(self, token: str) -> Visitor | None:
        """Whose session it is; None: it was ended, by time or by hand."""
        use = await self._store.read(lambda tx: find_session(tx, token))
        if use is None:
            return None
        if use.to_be_written:
            # A page is shown also while the database takes no writes.
            with contextlib.suppress(StoreUnavailable, HostFull):
                await self._store.write(lambda tx: write_use(tx, use))
        return use.visitor

    async def sign_out(self, token: str) -> None:
        """End the session of a token."""
        await self._store.write(lambda tx: close_session(tx, token))

    async def sessions(self, name: str) -> list[SessionView]:
        """A person's open sessions, used last first. Raises NotFound."""
        return await self._store.read(lambda tx: sessions_of(tx, _known(tx, name).key))

    async def end_session(self, name: str, session: str) -> None:
        """End one of a person's sessions, by its id. Raises NotFound."""

        def write(tx: Transaction) -> None:
            own = {view.id for view in sessions_of(tx, _known(tx, name).key)}
            if session not in own or not end_session(tx, session):
                raise NotFound("that session has ended already")

        await self._store.write(write)

    async def end_sessions(self, name: str, keep: str | None = None) -> None:
        """End a person's sessions, but for the one with the id `keep`. Raises NotFound."""
        await self._store.write(lambda tx: end_sessions(tx, _known(tx, name).key, keep))

    # One-time links.

    async def set_up_token(self) -> Secret | None:
        """A link's token with which the first admin makes an account; None: there are people.

        A new one at each call; the ones before open nothing any more.
        """

        def write(tx: Transaction) -> Secret | None:
            return None if is_anybody_there(tx) else make_link(tx, LinkKind.SET_UP, None)

        return await self._store.write(write)

    async def sign_in_link(self, name: str) -> Secret:
        """A link's token that signs a person in once. Raises NotFound."""
        return await self._store.write(
            lambda tx: make_link(tx, LinkKind.SIGN_IN, _known(tx, name).key)
        )

    async def link(self, token: str) -> Link | None:
        """What a link is for; None: it is unknown, was used, or is too old."""

        def read(tx: Transaction) -> Link | None:
            found = find_link(tx, token)
            late = found is not None and found.kind is LinkKind.SET_UP and is_anybody_there(tx)
            return None if late else found

        return await self._store.read(read)

    async def accept(self, token: str, *, name: str = "", password: str = "") -> Secret:
        """Use a link up; the token of the session that it opens.

        A set-up takes a name and a password, an invitation a password, a sign-in nothing.
        Raises NotFound (see `link`), or InvalidConfiguration with faults at `name` and
        `password`; then the link can still be used.
        """
        link = await self.link(token)
        if link is None:
            raise NotFound(_LINK_GONE)
        hashed = ""
        if link.kind is not LinkKind.SIGN_IN:
            new = link.kind is LinkKind.SET_UP
            owner = name if new else link.name or ""
            _refuse([*(name_faults(name) if new else ()), *password_faults(password, owner)])
            hashed = await self._hash(password)

        def write(tx: Transaction) -> Secret:
            taken = take_link(tx, token)
            if taken is None or (taken.kind is LinkKind.SET_UP and is_anybody_there(tx)):
                raise NotFound(_LINK_GONE)
            key = taken.person
            if taken.kind is LinkKind.SET_UP:
                key = add_person(tx, tidy_name(name), fold(name), Role.ADMIN, hashed)
            assert key is not None, "nobody was there, or the link was made for somebody"
            if taken.kind is LinkKind.CHOOSE_PASSWORD:
                set_password(tx, key, hashed)
                drop_all_links(tx, key)
                end_sessions(tx, key)
            return open_session(tx, key)

        return await self._store.write(write)

    # People.

    async def people(self) -> list[Person]:
        """Everybody, by name."""
        return await self._store.read(read_people)

    async def add(self, name: str, role: Role, password: str | None = None) -> Secret | None:
        """Let a person in. Without a password: a link's token by which they choose one.

        Raises InvalidConfiguration with faults at `name` and `password`.
        """
        given = () if password is None else password_faults(password, name)
        _refuse([*name_faults(name), *given])
        hashed = None if password is None else await self._hash(password)

        def write(tx: Transaction) -> Secret | None:
            key = add_person(tx, tidy_name(name), fold(name), role, hashed)
            if key is None:
                _refuse([Fault(path="name", message="somebody has this name already")])
            return None if hashed else make_link(tx, LinkKind.CHOOSE_PASSWORD, key)

        return await self._store.write(write)

    async def invite_again(self, name: str) -> Secret:
        """A link's token by which a person chooses a new password. Raises NotFound.

        The former password and sessions are good until it is used.
        """
        return await self._store.write(
            lambda tx: make_link(tx, LinkKind.CHOOSE_PASSWORD, _known(tx, name).key)
        )

    async def change_role(self, name: str, role: Role) -> None:
        """Change what a person may do, at once. Raises NotFound or InvalidConfiguration."""

        def write(tx: Transaction) -> None:
            person = _known(tx, name)
            if role is not Role.ADMIN and is_last_admin(tx, person):
                _refuse([_LAST_ADMIN])
            set_role(tx, person.key, role)

        await self._store.write(write)

    async def change_password(self, name: str, old: str, new: str, keep: str) -> None:
        """Change one's own password; ends one's sessions but for the one with the id `keep`.

        Raises WrongPassword, TooManyTries, or InvalidConfiguration with faults at `password`.
        """
        _refuse(password_faults(new, name))
        key = await recognise(
            self._store, self._hashing, name, old, "", lambda tx, person: person.key
        )
        hashed = await self._hash(new)

        def write(tx: Transaction) -> None:
            set_password(tx, key, hashed)
            drop_all_links(tx, key)
            end_sessions(tx, key, keep)

        await self._store.write(write)

    async def remove(self, name: str) -> None:
        """Forget a person and end their sessions. Raises NotFound or InvalidConfiguration."""

        def write(tx: Transaction) -> None:
            person = _known(tx, name)
            if is_last_admin(tx, person):
                _refuse([_LAST_ADMIN])
            remove_person(tx, person.key)

        await self._store.write(write)

    async def _hash(self, password: str) -> str:
        try:
            async with self._hashing.turn():
                return await self._hashing.hash(password)
        except Busy:
            raise TooManyTries(1) from None


_LINK_GONE: Final = "this link is unknown, was used already, or is too old"
_LAST_ADMIN: Final = Fault(
    path="role", message="is the last admin: make somebody else an admin first"
)


def _known(tx: Transaction, name: str) -> StoredPerson:
    person = find_person(tx, fold(name))
    if person is None:
        raise NotFound(f"there is nobody called {tidy_name(name)}")
    return person


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise InvalidConfiguration(faults)
