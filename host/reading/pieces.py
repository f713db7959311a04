"""Where the items of a JSON text begin and end, though some of them may be no JSON.

Looks at strings and brackets only and does not recurse: a piece may be anything, to any depth.
"""

from __future__ import annotations

import re
from typing import Final

from host.errors import BodyTooLarge, UnreadableBody

MAX_ITEMS: Final = 1_200_000
"""No body of 32 MB holds so many events that could be taken (the shortest has 29 bytes)."""

# Possessive throughout: no backtracking, so that time is linear whatever the body.
_BETWEEN_ITEMS: Final = re.compile(
    rb'(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{},])', re.DOTALL
)
_BRACKETS: Final = re.compile(
    rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[{]++|[\]}]++)', re.DOTALL
)


def split_array(body: bytes, start: int) -> tuple[list[bytes], int]:
    """The pieces between the commas of an array and the position after its closing bracket.

    `start` is the position after the opening bracket. Raises `UnreadableBody` when there is no
    closing one, `BodyTooLarge` for over `MAX_ITEMS`.
    """
    items: list[bytes] = []
    begin = position = start
    while stop := _BETWEEN_ITEMS.match(body, position):
        position = stop.end()
        mark = stop[1]
        if mark in (b"[", b"{"):
            position = end_of(body, position)
        elif mark in (b",", b"]"):
            items.append(body[begin : position - 1].strip(b" \t\r\n"))
            begin = position
            if len(items) > MAX_ITEMS:
                raise too_many()
        if mark == b"]":
            return ([] if items == [b""] else items), position
    raise _cut_off(body)


def end_of(body: bytes, position: int) -> int:
    """The position after the bracket that closes what was opened just before `position`.

    Raises `UnreadableBody` when there is none.
    """
    depth = 1
    while run := _BRACKETS.match(body, position):
        first, position = run.span(1)
        length = position - first
        if body[first] in b"[{":
            depth += length
        elif length >= depth:
            return first + depth
        else:
            depth -= length
    raise _cut_off(body)


def _cut_off(body: bytes) -> UnreadableBody:
    return UnreadableBody(
        f"the JSON text ends inside a string, an object or an array (byte {len(body)}); "
        "send it again whole"
    )


def too_many() -> BodyTooLarge:
    """The refusal of a body with over `MAX_ITEMS` items."""
    return BodyTooLarge(f"the body holds over {MAX_ITEMS} items; send them in several requests")
