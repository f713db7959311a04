"""The rows of External events as they are typed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from host.errors import Fault
from host.model import EventMapping
from host.pages.forms import Form

COLUMNS: Final = ("loyalty", "external", "type", "attributes", "enabled")
ALL: Final = "all"
CHOSEN: Final = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One row, as typed. `attributes`: a line for each chosen value, `path = name`."""

    loyalty: str = ""
    external: str = ""
    type: str = ""
    values: str = ALL  # or the chosen ones
    attributes: str = ""
    enabled: bool = True
    fresh: bool = False  # just added: it gets the focus

    @property
    def mapping(self) -> EventMapping:
        """The row as the configuration has it."""
        return EventMapping(
            loyalty=self.loyalty,
            external=self.external,
            type=self.type,
            attributes=_chosen(self.attributes) if self.values == CHOSEN else None,
            enabled=self.enabled,
        )


def rows_of(mappings: Iterable[EventMapping]) -> list[EventRow]:
    """The rows of these mappings."""
    return [
        EventRow(
            loyalty=one.loyalty,
            external=one.external,
            type=one.type,
            values=ALL if one.attributes is None else CHOSEN,
            attributes=_lines(one.attributes),
            enabled=one.enabled,
        )
        for one in mappings
    ]


def typed_rows(form: Form) -> list[EventRow]:
    """The rows of a posted form; those left blank are none."""
    rows = (
        EventRow(
            loyalty=row.get("loyalty", ""),
            external=row.get("external", ""),
            type=row.get("type", ""),
            # Whoever typed some means them, whatever stands in the choice beside.
            values=CHOSEN if row.get("attributes") else row.get("values", ALL),
            attributes=row.get("attributes", ""),
            enabled="enabled" in row,
        )
        for row in form.rows("events")
    )
    return [row for row in rows if row.loyalty or row.external]


def at_inputs(faults: Iterable[Fault]) -> list[Fault]:
    """Faults of single values belong to the one input in which all of them are typed."""
    inside = ".attributes."
    return [
        Fault(path=fault.path.partition(inside)[0] + inside[:-1], message=fault.message)
        if inside in fault.path
        else fault
        for fault in faults
    ]


def _chosen(text: str) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs = (line.partition("=") for line in lines)
    return {path.strip(): (name if sign else path).strip() for path, sign, name in pairs}


def _lines(attributes: Mapping[str, str] | None) -> str:
    pairs = (attributes or {}).items()
    return "\n".join(path if path == name else f"{path} = {name}" for path, name in pairs)
