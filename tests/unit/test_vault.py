"""Secrets at rest: closed with the first key, opened with any, never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from host.errors import StoreFault
from host.model import Secret
from host.store.vault import Vault, WrongKey, keys_of


def new_key() -> Secret:
    return Secret(Fernet.generate_key().decode())


SECRETS = {"api_secret": Secret("hush ☃ \x00"), "empty": Secret("")}


def test_what_was_closed_opens_with_the_same_key_and_is_not_readable() -> None:
    vault = Vault([new_key()])

    closed = vault.close(SECRETS)

    assert vault.open(closed) == SECRETS
    assert b"hush" not in closed
    assert closed != vault.close(SECRETS)


def test_a_changed_key_still_opens_what_the_former_one_closed() -> None:
    old, new = new_key(), new_key()
    closed = Vault([old]).close(SECRETS)

    both = Vault([new, old])

    assert both.open(closed) == SECRETS
    assert Vault([new]).open(both.close(SECRETS)) == SECRETS


@pytest.mark.parametrize("spoil", ["other key", "cut", "changed", "empty"])
def test_what_cannot_be_opened_is_a_wrong_key_that_tells_no_secret(spoil: str) -> None:
    key = new_key()
    closed = Vault([key]).close(SECRETS)
    broken = {"cut": closed[:-5], "changed": closed[:-9] + b"AAAAAAAA=", "empty": b""}

    with pytest.raises(WrongKey) as caught:
        Vault([new_key() if spoil == "other key" else key]).open(broken.get(spoil, closed))

    assert "hush" not in str(caught.value)
    assert "former key" in str(caught.value)


def test_the_check_word_tells_the_right_key_from_a_wrong_one() -> None:
    key = new_key()
    word = Vault([key]).check_word()

    assert Vault([new_key(), key]).opens(word)
    assert not Vault([new_key()]).opens(word)
    assert not Vault([key]).opens("nonsense")


@pytest.mark.parametrize("text", ["", "short", "not base64 at all!", "A" * 44])
def test_a_key_that_is_none_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(StoreFault) as caught:
        Vault([Secret(text)] if text else [Secret("x")])

    assert not text or text not in str(caught.value)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new"

    made = keys_of(home, ())
    again = keys_of(home, ())

    assert made == again
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600


def test_a_key_that_is_given_leaves_the_file_alone(tmp_path: Path) -> None:
    given = new_key()

    assert keys_of(tmp_path, [given]) == (given,)
    assert list(tmp_path.iterdir()) == []


def test_several_keys_of_a_file_may_stand_in_lines_or_behind_commas(tmp_path: Path) -> None:
    one, two, three = new_key(), new_key(), new_key()
    (tmp_path / "secret.key").write_text(f"{one.reveal()}\n{two.reveal()},{three.reveal()}\n\n")

    assert keys_of(tmp_path, ()) == (one, two, three)
