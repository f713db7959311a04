"""People, sessions, links and tries on a real store: who comes in, and for how long."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import argon2
import pytest

from host.accounts import Accounts, Link, LinkKind, Role, TooManyTries, WrongPassword
from host.errors import InvalidConfiguration, NotFound
from host.store.retention import drop_old
from host.store.store import Store
from host.store.tries import begin_try
from host.store.users import find_person, set_password
from tests.hashing import quick
from tests.storing import Clock

pytestmark = pytest.mark.anyio

PASSWORD: Final = "a long enough password"
OTHER: Final = "another long password"
MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class House:
    """Accounts on a store, and the clock that both go by."""

    accounts: Accounts
    store: Store
    clock: Clock
    file: Path

    async def signed_in(self, name: str = "ada", password: str = PASSWORD) -> str:
        """The token of a new session."""
        return (await self.accounts.sign_in(name, password, "")).reveal()

    async def try_in_vain(self, name: str = "ada", address: str = "", times: int = 1) -> None:
        """Sign in with a wrong password."""
        for _ in range(times):
            with pytest.raises(WrongPassword):
                await self.accounts.sign_in(name, "wrong password", address)

    async def wait_of(self, name: str = "ada", address: str = "") -> int:
        """How long somebody has to wait, who would have the right password."""
        with pytest.raises(TooManyTries) as refused:
            await self.accounts.sign_in(name, PASSWORD, address)
        return refused.value.retry_after

    def kept(self) -> bytes:
        """Everything on disk."""
        return b"".join(path.read_bytes() for path in self.file.parent.glob("host.db*"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An admin, `ada`, is there."""
    clock = Clock()
    file = tmp_path / "host.db"
    store = await Store.open(f"sqlite:///{file}", tmp_path, clock=clock)
    accounts = Accounts(store, quick())
    await accounts.add("ada", Role.ADMIN, PASSWORD)
    yield House(accounts, store, clock, file)
    await store.close()


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[House]:
    """Nobody is there yet."""
    clock = Clock()
    file = tmp_path / "host.db"
    store = await Store.open(f"sqlite:///{file}", tmp_path, clock=clock)
    yield House(Accounts(store, quick()), store, clock, file)
    await store.close()


async def set_up_token(house: House) -> str:
    token = await house.accounts.set_up_token()
    assert token is not None
    return token.reveal()


async def invitation(house: House, name: str = "bo", role: Role = Role.VIEWER) -> str:
    token = await house.accounts.add(name, role)
    assert token is not None
    return token.reveal()


def faults(refused: pytest.ExceptionInfo[InvalidConfiguration]) -> set[str]:
    return {fault.path for fault in refused.value.faults}


def test_a_role_may_all_that_lesser_ones_may() -> None:
    assert [[role.may(other) for other in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


# Set-up.


async def test_the_set_up_link_makes_the_first_admin_and_signs_in(empty: House) -> None:
    token = await set_up_token(empty)

    link = await empty.accounts.link(token)
    session = await empty.accounts.accept(token, name=" Ada ", password=PASSWORD)
    visitor = await empty.accounts.visitor(session.reveal())

    assert link is not None and (link.kind, link.name) == (LinkKind.SET_UP, None)
    assert visitor is not None and (visitor.name, visitor.role) == ("Ada", Role.ADMIN)
    assert await empty.accounts.link(token) is None
    assert await empty.accounts.set_up_token() is None


async def test_a_new_set_up_link_ends_the_one_before(empty: House) -> None:
    first, second = await set_up_token(empty), await set_up_token(empty)

    assert await empty.accounts.link(first) is None
    with pytest.raises(NotFound):
        await empty.accounts.accept(first, name="ada", password=PASSWORD)
    assert await empty.accounts.accept(second, name="ada", password=PASSWORD)


async def test_a_set_up_link_opens_nothing_once_there_is_somebody(empty: House) -> None:
    token = await set_up_token(empty)
    await empty.accounts.add("ada", Role.ADMIN, PASSWORD)

    assert await empty.accounts.link(token) is None
    with pytest.raises(NotFound):
        await empty.accounts.accept(token, name="eve", password=PASSWORD)
    assert [person.name for person in await empty.accounts.people()] == ["ada"]


async def test_of_two_who_set_up_at_once_one_does(empty: House) -> None:
    token = await set_up_token(empty)
    done: list[str] = []

    async def set_up(name: str) -> None:
        try:
            await empty.accounts.accept(token, name=name, password=PASSWORD)
        except NotFound:
            return
        done.append(name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(set_up, "ada")
        tasks.start_soon(set_up, "eve")

    assert [person.name for person in await empty.accounts.people()] == done
    assert len(done) == 1


async def test_a_link_that_was_used_wrongly_still_stands(empty: House) -> None:
    token = await set_up_token(empty)

    with pytest.raises(InvalidConfiguration) as refused:
        await empty.accounts.accept(token, name="", password="short")

    assert faults(refused) == {"name", "password"}
    assert await empty.accounts.accept(token, name="ada", password=PASSWORD)


# Names and passwords.


@pytest.mark.parametrize(
    ("name", "password", "at"),
    [
        ("", PASSWORD, "name"),
        ("   ", PASSWORD, "name"),
        ("a" * 65, PASSWORD, "name"),
        ("a\nb", PASSWORD, "name"),
        ("a\u202eb", PASSWORD, "name"),
        ("a\ud800b", PASSWORD, "name"),
        ("bo", "123456789", "password"),
        ("bo", "x" * 1025, "password"),
        ("Bo@Example.com", "bo@example.COM", "password"),
        ("", "short", "name password"),
        ("ADA", PASSWORD, "name"),
        ("\uff21da", PASSWORD, "name"),
    ],
    ids=repr,
)
async def test_what_is_wrong_with_a_person_is_said_where(
    house: House, name: str, password: str, at: str
) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        await house.accounts.add(name, Role.VIEWER, password)

    assert faults(refused) == set(at.split())
    assert len(await house.accounts.people()) == 1


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("a" * 64, "x" * 10),
        ("bo@example.com", "x" * 1024),
        ("Bo Øre", "          "),
        ("李", "\ud800 a lone half"),
    ],
    ids=ascii,
)
async def test_other_names_and_passwords_are_taken(house: House, name: str, password: str) -> None:
    await house.accounts.add(name, Role.VIEWER, password)

    assert await house.signed_in(name, password)


async def test_spellings_that_look_alike_are_one(house: House) -> None:
    await house.accounts.add("Zoë", Role.VIEWER, "crème brûlée, twice")

    assert await house.signed_in(" ZOE\u0308 ", "cre\u0300me bru\u0302le\u0301e, twice")


async def test_only_digests_and_hashes_are_on_disk(house: House) -> None:
    session = await house.signed_in()
    link = await invitation(house)
    await house.try_in_vain("what-was-typed", "203.0.113.77")

    kept = house.kept()

    assert b"$argon2id$" in kept
    secrets = (PASSWORD, session, link, "what-was-typed", "203.0.113.77")
    assert not [text for text in secrets if text.encode() in kept]


# Signing in.


async def test_a_wrong_password_and_an_unknown_name_are_told_alike(house: House) -> None:
    await invitation(house, "bo")

    told = []
    for name, password in [("ada", OTHER), ("eve", PASSWORD), ("bo", PASSWORD), ("bo", "")]:
        with pytest.raises(WrongPassword) as refused:
            await house.accounts.sign_in(name, password, "")
        told.append(str(refused.value))

    assert len(set(told)) == 1


async def test_a_hash_of_former_parameters_is_made_anew(house: House) -> None:
    former = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    key = await key_of(house, "ada")
    await house.store.write(lambda tx: set_password(tx, key, former))

    accounts = Accounts(house.store)  # with the parameters of every day

    await accounts.sign_in("ada", PASSWORD, "")
    renewed = await hash_of(house, "ada")
    await accounts.sign_in("ada", PASSWORD, "")

    assert renewed.startswith("$argon2id$") and "m=65536" in renewed
    assert await hash_of(house, "ada") == renewed


async def key_of(house: House, name: str) -> int:
    person = await house.store.read(lambda tx: find_person(tx, name))
    assert person is not None
    return person.key


async def hash_of(house: House, name: str) -> str:
    person = await house.store.read(lambda tx: find_person(tx, name))
    assert person is not None and person.password is not None
    return person.password


async def test_five_failures_in_a_row_make_even_the_right_password_wait(house: House) -> None:
    await house.try_in_vain(times=4)
    await house.signed_in()  # ends the row
    await house.try_in_vain(times=5)

    wait = await house.wait_of()
    house.clock.now += wait

    assert wait == 1
    assert await house.signed_in()
    await house.try_in_vain(times=4)


async def test_the_wait_doubles_up_to_a_quarter_of_an_hour(house: House) -> None:
    await house.try_in_vain(times=5)

    waits = [await house.wait_of()]
    for _ in range(11):
        house.clock.now += waits[-1]
        await house.try_in_vain()
        waits.append(await house.wait_of())

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_tries_during_a_wait_do_not_lengthen_it(house: House) -> None:
    await house.try_in_vain(times=5)

    waits = [await house.wait_of() for _ in range(5)]

    assert set(waits) == {1}


async def test_failures_of_a_quarter_of_an_hour_ago_do_not_count(house: House) -> None:
    await house.try_in_vain(times=4)
    house.clock.now += 15 * MINUTE
    await house.try_in_vain(times=4)

    assert await house.signed_in()


async def test_names_wait_apart_and_unknown_ones_like_known_ones(house: House) -> None:
    await house.try_in_vain("eve", times=5)

    assert await house.wait_of("EVE") == 1
    assert await house.signed_in()


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.8"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
    ],
)
async def test_an_address_waits_whatever_names_it_tries(
    house: House, address: str, same: str, other: str
) -> None:
    for number in range(5):
        await house.try_in_vain(f"guess-{number}", address)

    assert await house.wait_of("ada", same) == 1
    assert await house.accounts.sign_in("ada", PASSWORD, other)
    house.clock.now += 1
    assert await house.accounts.sign_in("ada", PASSWORD, address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", ""])
async def test_a_proxy_on_this_machine_makes_nobody_wait_for_others(
    house: House, address: str
) -> None:
    for number in range(6):
        await house.try_in_vain(f"guess-{number}", address)

    assert await house.accounts.sign_in("ada", PASSWORD, address)


async def test_many_tries_at_once_are_not_one(house: House) -> None:
    outcomes: list[type[Exception]] = []

    async def guess() -> None:
        try:
            await house.accounts.sign_in("ada", "wrong password", "")
        except (WrongPassword, TooManyTries) as refused:
            outcomes.append(type(refused))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(guess)

    assert outcomes.count(WrongPassword) == 5
    assert outcomes.count(TooManyTries) == 15


async def test_a_flood_is_refused_before_it_fills_the_memory(house: House) -> None:
    waits: list[int] = []

    async def guess(number: int) -> None:
        try:
            await house.accounts.sign_in(f"guess-{number}", "wrong password", "")
        except TooManyTries as refused:
            waits.append(refused.retry_after)
        except WrongPassword:
            pass

    async with anyio.create_task_group() as tasks:
        for number in range(80):
            tasks.start_soon(guess, number)

    assert len(waits) == 80 - 52
    assert await house.signed_in()


# Sessions.


async def test_a_session_lives_by_being_used(house: House) -> None:
    token = await house.signed_in()

    for _ in range(5):
        house.clock.now += 11 * HOUR
        assert await house.accounts.visitor(token)
    house.clock.now += 12 * HOUR

    assert await house.accounts.visitor(token) is None


async def test_a_session_ends_after_thirty_days_however_much_it_is_used(house: House) -> None:
    token = await house.signed_in()
    begun = house.clock.now

    while await house.accounts.visitor(token):
        house.clock.now += 6 * HOUR

    assert house.clock.now - begun == 30 * DAY


async def test_the_last_use_is_written_once_a_minute(house: House) -> None:
    token = await house.signed_in()
    begun = int(house.clock.now * 1000)
    seen = []

    for _ in range(5):
        house.clock.now += 20
        await house.accounts.visitor(token)
        (session,) = await house.accounts.sessions("ada")
        seen.append(session.used_at - begun)

    assert seen == [0, 0, 60_000, 60_000, 60_000]
    (person,) = await house.accounts.people()
    assert person.last_seen_at == begun + 60_000


async def test_a_session_is_ended_by_its_owner_its_id_or_all_at_once(house: House) -> None:
    accounts = house.accounts
    tokens = [await house.signed_in() for _ in range(4)]
    visitors = [await accounts.visitor(token) for token in tokens]
    ids = [visitor.session for visitor in visitors if visitor]

    async def living() -> list[int]:
        return [n for n, token in enumerate(tokens) if await accounts.visitor(token)]

    await accounts.sign_out(tokens[0])
    after_sign_out = await living()
    await accounts.end_session("ada", ids[1])
    after_id = await living()
    await accounts.end_sessions("ada", keep=ids[2])
    after_all = await living()

    assert (after_sign_out, after_id, after_all) == ([1, 2, 3], [2, 3], [2])
    assert [session.id for session in await accounts.sessions("ada")] == [ids[2]]
    with pytest.raises(NotFound):
        await accounts.end_session("ada", ids[1])


async def test_nobody_ends_the_session_of_another(house: House) -> None:
    await house.accounts.add("bo", Role.VIEWER, PASSWORD)
    token = await house.signed_in()
    (session,) = await house.accounts.sessions("ada")

    with pytest.raises(NotFound):
        await house.accounts.end_session("bo", session.id)

    assert await house.accounts.visitor(token)


@pytest.mark.parametrize("token", ["", "nothing", "ключ", "x" * 10_000], ids=ascii)
async def test_what_is_no_token_opens_nothing(house: House, token: str) -> None:
    assert await house.accounts.visitor(token) is None
    assert await house.accounts.link(token) is None
    await house.accounts.sign_out(token)


# Links.


async def test_somebody_who_was_invited_chooses_a_password_once(house: House) -> None:
    token = await invitation(house, "Bo", Role.OPERATOR)
    link = await house.accounts.link(token)
    invited = {person.name: person.invited for person in await house.accounts.people()}

    session = await house.accounts.accept(token, password=OTHER)
    visitor = await house.accounts.visitor(session.reveal())

    assert link is not None and (link.kind, link.name) == (LinkKind.CHOOSE_PASSWORD, "Bo")
    assert invited == {"ada": False, "Bo": True}
    assert visitor is not None and (visitor.name, visitor.role) == ("Bo", Role.OPERATOR)
    assert await house.signed_in("bo", OTHER)
    with pytest.raises(NotFound):
        await house.accounts.accept(token, password=PASSWORD)


async def test_a_forgotten_password_is_chosen_anew_and_ends_what_the_old_one_opened(
    house: House,
) -> None:
    old_session = await house.signed_in()
    sign_in = await house.accounts.sign_in_link("ada")
    first = await house.accounts.invite_again("ADA")
    second = await house.accounts.invite_again("ada")

    before = await house.accounts.visitor(old_session)
    await house.accounts.accept(second.reveal(), password=OTHER)

    assert before is not None
    assert await house.accounts.visitor(old_session) is None
    assert await house.accounts.link(first.reveal()) is None
    assert await house.accounts.link(sign_in.reveal()) is None
    await house.try_in_vain()
    assert await house.signed_in("ada", OTHER)


async def test_a_sign_in_link_signs_in_once_without_a_password(house: House) -> None:
    await house.accounts.add("guide", Role.ADMIN)
    token = (await house.accounts.sign_in_link("guide")).reveal()
    link = await house.accounts.link(token)

    session = await house.accounts.accept(token)
    visitor = await house.accounts.visitor(session.reveal())

    assert isinstance(link, Link) and link.kind is LinkKind.SIGN_IN
    assert visitor is not None and visitor.name == "guide"
    with pytest.raises(NotFound):
        await house.accounts.accept(token)


@pytest.mark.parametrize(
    ("kind", "days"), [(LinkKind.SET_UP, 1), (LinkKind.CHOOSE_PASSWORD, 7), (LinkKind.SIGN_IN, 1)]
)
async def test_a_link_is_good_for_its_time(empty: House, kind: LinkKind, days: int) -> None:
    if kind is LinkKind.SET_UP:
        token = await set_up_token(empty)
    else:
        token = await invitation(empty)
        if kind is LinkKind.SIGN_IN:
            token = (await empty.accounts.sign_in_link("bo")).reveal()

    empty.clock.now += days * DAY - 1
    found = await empty.accounts.link(token)
    empty.clock.now += 1

    assert found is not None and found.kind is kind
    assert await empty.accounts.link(token) is None
    with pytest.raises(NotFound):
        await empty.accounts.accept(token, name="bo", password=PASSWORD)


# People.


async def test_a_new_role_counts_in_sessions_that_are_open(house: House) -> None:
    await house.accounts.add("bo", Role.VIEWER, PASSWORD)
    token = await house.signed_in("bo")

    await house.accounts.change_role("BO", Role.OPERATOR)
    visitor = await house.accounts.visitor(token)

    assert visitor is not None and visitor.role is Role.OPERATOR


async def test_removing_somebody_ends_sessions_and_links_at_once(house: House) -> None:
    invited = await invitation(house, "bo")
    session = (await house.accounts.accept(invited, password=PASSWORD)).reveal()
    again = (await house.accounts.invite_again("bo")).reveal()

    await house.accounts.remove("Bo")

    assert await house.accounts.visitor(session) is None
    assert await house.accounts.link(again) is None
    assert [person.name for person in await house.accounts.people()] == ["ada"]
    await house.try_in_vain("bo")


async def test_the_last_admin_stays_one(house: House) -> None:
    await house.accounts.add("bo", Role.OPERATOR, PASSWORD)
    await invitation(house, "cy", Role.ADMIN)  # who could not sign in yet

    with pytest.raises(InvalidConfiguration):
        await house.accounts.remove("ada")
    with pytest.raises(InvalidConfiguration):
        await house.accounts.change_role("ada", Role.OPERATOR)
    await house.accounts.change_role("ada", Role.ADMIN)
    await house.accounts.change_role("bo", Role.ADMIN)
    await house.accounts.remove("ada")

    assert {one.name: one.role for one in await house.accounts.people()} == {
        "bo": Role.ADMIN,
        "cy": Role.ADMIN,
    }


async def test_of_two_admins_who_remove_each_other_at_once_one_stays(house: House) -> None:
    await house.accounts.add("bo", Role.ADMIN, PASSWORD)
    refused: list[str] = []

    async def remove(name: str) -> None:
        try:
            await house.accounts.remove(name)
        except InvalidConfiguration:
            refused.append(name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(remove, "ada")
        tasks.start_soon(remove, "bo")

    assert [person.name for person in await house.accounts.people()] == refused


async def test_an_invited_admin_who_was_a_mistake_can_be_removed(house: House) -> None:
    await invitation(house, "typo", Role.ADMIN)

    await house.accounts.remove("typo")

    assert [person.name for person in await house.accounts.people()] == ["ada"]


async def test_changing_the_password_keeps_this_session_and_ends_the_others(house: House) -> None:
    here, elsewhere = await house.signed_in(), await house.signed_in()
    visitor = await house.accounts.visitor(here)
    assert visitor is not None
    sign_in = await house.accounts.sign_in_link("ada")

    await house.accounts.change_password("ada", PASSWORD, OTHER, visitor.session)

    assert await house.accounts.visitor(here) == visitor
    assert await house.accounts.visitor(elsewhere) is None
    assert await house.accounts.link(sign_in.reveal()) is None
    await house.try_in_vain()
    assert await house.signed_in("ada", OTHER)


async def test_the_old_password_must_be_right_and_guessing_it_waits(house: House) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        await house.accounts.change_password("ada", PASSWORD, "short", "")
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await house.accounts.change_password("ada", "wrong password", OTHER, "")

    assert faults(refused) == {"password"}
    with pytest.raises(TooManyTries):
        await house.accounts.change_password("ada", PASSWORD, OTHER, "")
    house.clock.now += 1
    assert await house.signed_in()


@pytest.mark.parametrize("name", ["nobody", ""])
async def test_who_is_not_there_is_said(house: House, name: str) -> None:
    accounts = house.accounts

    for asked in (
        accounts.remove(name),
        accounts.change_role(name, Role.ADMIN),
        accounts.invite_again(name),
        accounts.sign_in_link(name),
        accounts.sessions(name),
        accounts.end_sessions(name),
    ):
        with pytest.raises(NotFound):
            await asked


# What is over is forgotten.


async def test_what_has_ended_leaves_the_database(house: House) -> None:
    await house.signed_in()
    await invitation(house)
    await house.try_in_vain("eve", "203.0.113.7")
    sizes = [await rows(house)]

    for pause in (15 * MINUTE, 12 * HOUR, 7 * DAY):
        house.clock.now += pause + 1
        while await house.store.write(drop_old):
            pass
        sizes.append(await rows(house))

    assert sizes == [(1, 1, 2), (1, 1, 0), (0, 1, 0), (0, 0, 0)]


async def rows(house: House) -> tuple[int, int, int]:
    """How many sessions, links and failed tries are kept."""
    with closing(sqlite3.connect(house.file)) as raw:
        sessions, links, tries = (
            raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("session", "link", "failed_try")
        )
    return sessions, links, tries


async def test_many_are_forgotten_in_small_steps(house: House) -> None:
    subjects = [str(number).encode() for number in range(700)]
    await house.store.write(lambda tx: begin_try(tx, subjects))
    house.clock.now += HOUR

    more, left = await house.store.write(drop_old), await rows(house)
    at_last = await house.store.write(drop_old)

    assert (more, left[2], at_last) == (True, 200, False)
    assert await rows(house) == (0, 0, 0)
