"""The rows of a connection as they are written: Sync fields and External events."""

from __future__ import annotations

from typing import Final

from host.configuration import reading
from host.configuration.mapping_checks import WHEN_EMPTY
from host.configuration.reading import Faults
from host.model import EventMapping, FieldMapping, WhenEmpty

FIELD_KEYS: Final = ("loyalty", "remote", "when_empty")
EVENT_KEYS: Final = ("loyalty", "external", "type", "attributes", "enabled")


def read_fields(value: object, path: str = "fields") -> tuple[FieldMapping, ...]:
    """The rows of Sync fields. Raises `InvalidConfiguration` with every fault of form."""
    faults = Faults()
    rows = fields_in(value, path, faults)
    faults.raise_if_any()
    return rows


def read_events(value: object, path: str = "events") -> tuple[EventMapping, ...]:
    """The rows of External events; a row without a type has "", which `merge` replaces.

    Raises `InvalidConfiguration` with every fault of form.
    """
    faults = Faults()
    rows = events_in(value, path, faults)
    faults.raise_if_any()
    return rows


def fields_in(value: object, path: str, faults: Faults) -> tuple[FieldMapping, ...]:
    """The rows of Sync fields in a list of tables; what is wrong goes to `faults`."""
    return tuple(
        FieldMapping(
            loyalty=reading.needed_text(row, "loyalty", here, faults),
            remote=reading.needed_text(row, "remote", here, faults),
            when_empty=_when_empty(row.get("when_empty", "keep"), f"{here}.when_empty", faults),
        )
        for here, row in reading.rows(value, FIELD_KEYS, path, faults)
    )


def _when_empty(value: object, path: str, faults: Faults) -> WhenEmpty:
    if value == "delete":
        return "delete"
    if value not in WHEN_EMPTY:
        faults.note(path, 'must be "keep" or "delete"')
    return "keep"


def events_in(value: object, path: str, faults: Faults) -> tuple[EventMapping, ...]:
    """The rows of External events in a list of tables; what is wrong goes to `faults`."""
    return tuple(
        EventMapping(
            loyalty=reading.needed_text(row, "loyalty", here, faults),
            external=reading.needed_text(row, "external", here, faults),
            type=reading.text(row.get("type", ""), f"{here}.type", faults) or "",
            attributes=None
            if row.get("attributes") is None
            else reading.texts(row["attributes"], f"{here}.attributes", faults),
            enabled=reading.flag(row.get("enabled", True), f"{here}.enabled", faults) is not False,
        )
        for here, row in reading.rows(value, EVENT_KEYS, path, faults)
    )
