"""Words for a mistyped name: the nearest one that exists."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like this one, whatever the case; None when nothing is like it."""
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` to end a sentence with, or nothing."""
    name = nearest(word, known)
    return "" if name is None else f'; did you mean "{name}"?'


def listed(names: Iterable[str]) -> str:
    """Names for a sentence: `a, b, c`, or `none`."""
    return ", ".join(names) or "none"
