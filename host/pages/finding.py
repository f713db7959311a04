"""Finding things by what a person types: every word somewhere, one wrong letter forgiven."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"\w+")
_SHORTEST: Final = 4  # letters from which one may be wrong: of fewer, anything is near


def matches(typed: str, *texts: str) -> bool:
    """Whether every typed word is in the texts, or is one wrong letter from a word's beginning."""
    joined = " ".join(texts).casefold()
    words = _WORD.findall(joined)
    return all(
        one in joined or any(_begins_nearly(word, one) for word in words)
        for one in typed.casefold().split()
    )


def _begins_nearly(word: str, typed: str) -> bool:
    if len(typed) < _SHORTEST:
        return False
    return any(one_letter_apart(typed, word[: len(typed) + more]) for more in (-1, 0, 1))


def one_letter_apart(one: str, other: str) -> bool:
    """Whether a letter was left out, put in, mistyped, or two neighbours swapped."""
    begin = 0
    while begin < min(len(one), len(other)) and one[begin] == other[begin]:
        begin += 1
    one, other = one[begin:], other[begin:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    swapped = len(one) == len(other) == 2 and one == other[::-1]
    return swapped or (len(one) <= 1 and len(other) <= 1)
