"""Keys of rows, and the ids that the outside sees for them. Pure.

A key is a 63-bit integer: milliseconds since 2020 in the upper bits, a counter in the lower
twenty. So rows of a table keyed by it are appended, and a time is a range of keys. Keys are
never used twice, not even after an old backup was put back, since time has gone on: a
destination that de-duplicates by our ids must never see an old id with new content.
"""

from __future__ import annotations

import threading
from typing import Final

_BEGINNING: Final = 1_577_836_800_000  # 2020-01-01T00:00:00Z
_COUNTER_BITS: Final = 20
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
LAST_KEY: Final = 2**63 - 1  # what a database's integer can hold; never given out
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_LENGTH: Final = 13


def first_key_at(ms: int) -> int:
    """The smallest key of a millisecond since 1970."""
    return min(max(0, ms - _BEGINNING) << _COUNTER_BITS, LAST_KEY)


def ms_of(key: int) -> int:
    """The millisecond since 1970 in which a key was given out."""
    return (key >> _COUNTER_BITS) + _BEGINNING


class Keys:
    """Gives out keys in growing order, to any thread; knows the last one given."""

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._lock = threading.Lock()

    def at_least(self, last: int) -> None:
        """Give out only keys above this one from now on."""
        self._last = max(self._last, last)

    def take(self, count: int, now: int) -> int:
        """The first of `count` keys in a row; `now` in milliseconds since 1970."""
        with self._lock:
            first = max(self._last + 1, first_key_at(now))
            self._last = first + count - 1
        return first


def key_text(key: int) -> str:
    """Thirteen letters and digits that sort as the keys do."""
    return (
        _PAIRS[key >> 60][1]
        + _PAIRS[(key >> 50) & 1023]
        + _PAIRS[(key >> 40) & 1023]
        + _PAIRS[(key >> 30) & 1023]
        + _PAIRS[(key >> 20) & 1023]
        + _PAIRS[(key >> 10) & 1023]
        + _PAIRS[key & 1023]
    )


def key_from_text(text: str) -> int | None:
    """The key written so, or None."""
    if len(text) != _LENGTH or any(letter not in _VALUES for letter in text):
        return None
    key = 0
    for letter in text:
        key = key << 5 | _VALUES[letter]
    return key if key < LAST_KEY else None


def message_id(install: str, key: int, edition: int) -> str:
    """The id of a message, which is also its dedupe id: unique across installs."""
    return f"{install}-{key_text(key)}" + (f".{edition}" if edition > 1 else "")


def message_key(text: str) -> int | None:
    """The key of a message by its id, with or without an edition, or None."""
    return key_from_text(text.partition(".")[0].rpartition("-")[2])
