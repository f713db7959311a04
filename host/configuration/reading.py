"""Values out of a parsed TOML or JSON document, by type; what does not fit becomes a fault.

Each reader answers None for what it cannot read, after noting why, so that one pass finds
every fault. No value is repeated in a fault: it may be a secret in the wrong place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from host.configuration.suggestion import did_you_mean, listed
from host.errors import Fault, InvalidConfiguration


class Faults:
    """What was found wrong so far, in the order of the document."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def note(self, path: str, message: str) -> None:
        """Remember one fault."""
        self._found.append(Fault(path=path, message=message))

    def raise_if_any(self) -> None:
        """Raise `InvalidConfiguration` with all of them, when there are any."""
        if self._found:
            raise InvalidConfiguration(self._found)


_TYPE_NAMES: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (type(None), "nothing"),
    (bool, "true or false"),
    (int, "a whole number"),
    ((float, Decimal), "a number with a fraction"),
    (str, "a text"),
    (Mapping, "a table"),
    (Sequence, "a list"),
)


def type_name(value: object) -> str:
    """What a value is, in words for an operator."""
    return next((name for kind, name in _TYPE_NAMES if isinstance(value, kind)), "a date or time")


def table(value: object, path: str, faults: Faults) -> Mapping[str, object] | None:
    """A table with any keys."""
    if isinstance(value, Mapping):
        return value
    faults.note(path, f"must be a table, not {type_name(value)}")
    return None


def only(keys: Sequence[str], found: Mapping[str, object], path: str, faults: Faults) -> None:
    """Note the keys of a table that nobody knows."""
    for key in found:
        if key not in keys:
            here = f"{path}.{key}" if path else str(key)
            hint = did_you_mean(str(key), keys) or f"; known here: {listed(keys)}"
            faults.note(here, f"there is no such key{hint}")


def rows(
    value: object, keys: Sequence[str], path: str, faults: Faults
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The tables of a list, each with its path."""
    if not isinstance(value, (list, tuple)):
        faults.note(path, f"must be a list of tables, not {type_name(value)}")
        return
    for place, item in enumerate(value):
        here = f"{path}[{place}]"
        row = table(item, here, faults)
        if row is not None:
            only(keys, row, here, faults)
            yield here, row


def text(value: object, path: str, faults: Faults) -> str | None:
    """A text, which may be empty."""
    if isinstance(value, str):
        return value
    faults.note(path, f"must be a text in quotes, not {type_name(value)}")
    return None


def needed_text(row: Mapping[str, object], key: str, path: str, faults: Faults) -> str:
    """The text under a key that must be there; "" after a fault."""
    if key not in row:
        faults.note(f"{path}.{key}", "is missing: give it")
        return ""
    return text(row[key], f"{path}.{key}", faults) or ""


def flag(value: object, path: str, faults: Faults) -> bool | None:
    """True or false."""
    if isinstance(value, bool):
        return value
    faults.note(path, f"must be true or false, not {type_name(value)}")
    return None


def whole(value: object, path: str, faults: Faults) -> int | None:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    faults.note(path, f"must be a whole number, not {type_name(value)}")
    return None


def seconds(value: object, path: str, faults: Faults) -> float | None:
    """A number of seconds, whole or not."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
        faults.note(path, "must be a number of seconds that can be counted")
        return None
    faults.note(path, f"must be a number of seconds, not {type_name(value)}")
    return None


def seconds_list(value: object, path: str, faults: Faults) -> tuple[float, ...] | None:
    """A list of numbers of seconds."""
    if not isinstance(value, (list, tuple)):
        faults.note(path, f"must be a list of numbers of seconds, not {type_name(value)}")
        return None
    numbers = [seconds(item, f"{path}[{place}]", faults) for place, item in enumerate(value)]
    return tuple(number for number in numbers if number is not None)


def texts(value: object, path: str, faults: Faults) -> dict[str, str] | None:
    """A table whose values are texts."""
    found = table(value, path, faults)
    if found is None:
        return None
    read = {name: text(item, f"{path}.{name}", faults) for name, item in found.items()}
    return {name: item for name, item in read.items() if item is not None}
