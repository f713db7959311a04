"""One raw item → a JSON object with sound numbers and text, or the reason why not."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

from host.errors import RefusedItem
from host.wire import NotANumber, loads

MAX_ITEM_BYTES: Final = 1024 * 1024
MAX_NESTING: Final = 64  # objects and lists inside each other, the item itself counted
MAX_KEY: Final = 512  # characters of an id, a customer, an action
MAX_DIGITS: Final = 4300
"""Digits of an integer that Python reads and writes without being told otherwise."""

_PEEKED_BYTES: Final = 4 * MAX_ITEM_BYTES
_UNPEEKABLE: Final = (
    ValueError,
    ArithmeticError,
    RecursionError,
    AttributeError,  # not an object
    StopIteration,  # no id
    RefusedItem,
)

_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")

_KINDS: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an integer",
    Decimal: "a fraction",
    str: "a string",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def kind_of(value: object) -> str:
    """What a JSON value is, in words that show nothing of it."""
    return _KINDS[type(value)]


def invalid(message: str) -> RefusedItem:
    """The refusal of an item that is JSON but not what is taken."""
    return RefusedItem("invalid_event", message)


def read_object(raw: bytes, what: str) -> dict[str, Any]:
    """The fields of one item; `what` (event, customer) names it in the refusal.

    Raises `RefusedItem`: too_large, invalid_json, invalid_number, invalid_text, invalid_event.
    """
    if len(raw) > MAX_ITEM_BYTES:
        raise RefusedItem(
            "too_large", f"the {what} has {len(raw)} bytes; at most {MAX_ITEM_BYTES} are taken"
        )
    try:
        value = loads(raw)
    except (ValueError, ArithmeticError, RecursionError):
        raise _fault(raw, what) from None
    if type(value) is not dict:
        raise invalid(f"the {what} must be an object, not {kind_of(value)}")
    if raw.count(b"[") + raw.count(b"{") > MAX_NESTING and nests_over(raw, MAX_NESTING):
        raise _too_deep(what)
    return value


def read_key(value: object, field: str) -> str:
    """An id or name of at most 512 characters; an integer becomes its decimal text."""
    text = str(value) if type(value) is int else value
    if type(text) is str and 0 < len(text) <= MAX_KEY:
        return text
    if type(text) is not str:
        found = f"not {kind_of(value)}"
    else:
        found = f"this one has {len(text)}" if text else "this one is empty"
    raise invalid(f"{field} must be a string of 1 to {MAX_KEY} characters or an integer; {found}")


def peek_id(raw: bytes, *names: str) -> str | None:
    """The id of a refused item, to name it in the answer; None when it shows none.

    `names` are the fields where an id may stand, `id` alone when none are given.
    """
    if len(raw) > _PEEKED_BYTES:
        return None
    try:
        item = json.loads(raw.decode("utf-8", "surrogateescape"), parse_float=Decimal)
        found = (item.get(name) for name in names or ("id",))
        text = read_key(next(value for value in found if value is not None), "id")
        text.encode()  # half a surrogate pair cannot go into an answer
    except _UNPEEKABLE:
        return None
    return text


def nests_over(raw: bytes, limit: int) -> bool:
    """Whether valid JSON text has more than `limit` objects and lists inside each other."""
    brackets = _STRINGS.sub(b"", raw).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(limit):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")  # takes off the innermost level, no more
    return bool(brackets)


def _too_deep(what: str) -> RefusedItem:
    return invalid(f"the {what} nests deeper than {MAX_NESTING} objects and lists")


def _fault(raw: bytes, what: str) -> RefusedItem:
    """Why the quick reader failed; its own words are too vague to tell (seen: a lone surrogate
    is called truncated input)."""
    try:
        value = json.loads(
            raw.decode(),
            parse_constant=_no_number,
            parse_float=_check_fraction,
            parse_int=_check_integer,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except NotANumber as error:
        return RefusedItem("invalid_number", str(error))
    except UnicodeDecodeError as error:
        return RefusedItem("invalid_text", f"the text is not UTF-8 (byte {error.start})")
    except UnicodeEncodeError:
        return RefusedItem("invalid_text", "a string holds half of a surrogate pair")
    except json.JSONDecodeError as error:
        return RefusedItem("invalid_json", f"not JSON: {error.msg} (character {error.pos})")
    except RecursionError:
        return _too_deep(what)
    return RefusedItem("invalid_json", "not JSON that can be read")


def _no_number(name: str) -> None:
    raise NotANumber(f"{name} is not a number that JSON has")


def _check_fraction(text: str) -> int:
    try:
        finite = abs(float(Decimal(text))) != float("inf")
    except ArithmeticError:
        finite = False
    if not finite:
        raise NotANumber("a number is beyond what a number can hold (about 1.8e308)")
    return 0


def _check_integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise NotANumber(f"an integer has over {MAX_DIGITS} digits")
    return 0
