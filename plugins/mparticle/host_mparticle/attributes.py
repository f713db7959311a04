"""Which values mParticle takes under a name, and what becomes of the others. Pure.

The figures are those of mParticle's "Default service limits"; the rule that an object in
`custom_attributes` refuses the whole batch was seen on the live service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from host import Json, RemoteField, dumps
from host_mparticle import notes
from host_mparticle.notes import Notes

MOST_ATTRIBUTES: Final = 100
NAME_LENGTH: Final = 256
VALUE_LENGTH: Final = 4096
LIST_LENGTH: Final = 1000
ENTRY_LENGTH: Final = 512
RESERVED_PREFIX: Final = "$"

_TEXT_RULE: Final = "numbers become text, other values are left out"

RESERVED: Final = (
    RemoteField(
        name="$age",
        type="number",
        meaning="Age in years: a number, or text that is one. Not a date of birth.",
    ),
    RemoteField(name="$gender", type="text", meaning=f"Text as it is (M, male); {_TEXT_RULE}."),
    RemoteField(name="$country", type="text", meaning=f"Free text (HU, USA); {_TEXT_RULE}."),
    RemoteField(name="$zip", type="text", meaning=f"Text, for leading zeros; {_TEXT_RULE}."),
    RemoteField(name="$city", type="text", meaning=f"Free text; {_TEXT_RULE}."),
    RemoteField(name="$state", type="text", meaning=f"Free text (NY); {_TEXT_RULE}."),
    RemoteField(name="$address", type="text", meaning=f"Street address as text; {_TEXT_RULE}."),
    RemoteField(name="$firstname", type="text", meaning=f"First name; {_TEXT_RULE}."),
    RemoteField(name="$lastname", type="text", meaning=f"Last name; {_TEXT_RULE}."),
    RemoteField(
        name="$mobile",
        type="text",
        meaning="Phone number as text. Outputs use it beside the identity mobile_number.",
    ),
)
"""The ten names that mParticle reserves ("JSON reference": lower case on this channel)."""

_NUMBERS: Final = (int, float, Decimal)
PLAIN: Final = (str, *_NUMBERS)
"""Types of the plain values beside null; to Python a boolean is an integer."""
_PLAIN_TYPES: Final = frozenset((bool, *_NUMBERS))
_NESTED: Final = (list, tuple, dict)
_LISTS: Final = (list, tuple)

_NUMERIC: Final = re.compile(r"\s*[0-9]{1,9}(\.[0-9]{1,9})?\s*", re.ASCII)


def is_number(value: Json) -> bool:
    """Is this a JSON number? (To Python a boolean is one as well.)"""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def as_text(value: Json) -> str:
    """A value as text: text as it is, anything else as its compact JSON text."""
    return value if isinstance(value, str) else dumps(value).decode()


def is_empty(value: Json) -> bool:
    """Does this count as emptied: null, empty text, empty object, a list without values?"""
    if isinstance(value, _LISTS):
        return all(entry is None for entry in value)
    return value is None or value == "" or value == {}


def cut_name(name: str, remarks: Notes) -> str:
    """The name as mParticle keeps it."""
    if len(name) <= NAME_LENGTH:
        return name
    remarks.add(notes.CUT_NAME, name)
    return name[:NAME_LENGTH]


def scalar(name: str, value: Json, remarks: Notes) -> Json:
    """A value for a place that takes plain values only; what is nested becomes JSON text."""
    if not isinstance(value, str):
        if value is None or isinstance(value, _NUMBERS):
            return value
        remarks.add(notes.AS_JSON, name)
        value = as_text(value)
    if len(value) > VALUE_LENGTH:
        remarks.add(notes.CUT_TEXT, name)
        return value[:VALUE_LENGTH]
    return value


def plain_attributes(values: Mapping[str, Json], prefix: str) -> dict[str, Json] | None:
    """All values as they are, under names that begin with `prefix`; None: some cannot go so.

    Most events hold a few short texts and numbers: one look spares asking about each value.
    """
    if len(values) > MOST_ATTRIBUTES:
        return None
    found: dict[str, Json] = {}
    for name, value in values.items():
        kind = type(value)
        if kind is str:
            if len(value) > VALUE_LENGTH:  # type: ignore[arg-type]  # it is a str
                return None
        elif kind not in _PLAIN_TYPES:
            return None
        name = prefix + name
        if len(name) > NAME_LENGTH:
            return None
        found[name] = value
    return found


def user_value(name: str, value: Json, remarks: Notes) -> Json:
    """A value for `user_attributes`, or None: nothing to send. Lists of plain values are kept."""
    if name.startswith(RESERVED_PREFIX):
        return _reserved(name, value, remarks)
    if isinstance(value, _LISTS) and not any(map(_is_nested, value)):
        return _list(name, value, remarks) or None
    return scalar(name, value, remarks)


def _is_nested(value: Json) -> bool:
    return isinstance(value, _NESTED)


def _list(name: str, values: list[Json] | tuple[Json, ...], remarks: Notes) -> list[Json]:
    entries: list[Json] = [value for value in values if value is not None]
    if len(entries) < len(values):
        remarks.add(notes.NULL_ENTRIES, name)
    if len(entries) > LIST_LENGTH:
        remarks.add(notes.CUT_LIST, name)
        del entries[LIST_LENGTH:]
    if any(isinstance(value, str) and len(value) > ENTRY_LENGTH for value in entries):
        remarks.add(notes.CUT_ENTRIES, name)
        return [value[:ENTRY_LENGTH] if isinstance(value, str) else value for value in entries]
    return entries


def _number(value: Json) -> Json:
    numeric = isinstance(value, str) and _NUMERIC.fullmatch(value)
    return value if numeric or is_number(value) else None


def _text(value: Json) -> Json:
    return as_text(value) if isinstance(value, str) or is_number(value) else None


_TYPES: Final[Mapping[str, tuple[Callable[[Json], Json], str]]] = {
    "number": (_number, notes.NOT_A_NUMBER),
    "text": (_text, notes.NOT_TEXT),
}
"""Type of a reserved attribute → the value in that type or None, and the remark for None."""

_RESERVED_TYPES: Final = {field.name: field.type for field in RESERVED}


def _reserved(name: str, value: Json, remarks: Notes) -> Json:
    kind = _RESERVED_TYPES.get(name)
    if kind is None:
        remarks.add(notes.NOT_RESERVED, name)
        return None
    convert, remark = _TYPES[kind]
    fitting = convert(value)
    if fitting is None:
        remarks.add(remark, name)
        return None
    return scalar(name, fitting, remarks)
