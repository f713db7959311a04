"""The rows of Sync Fields as they are typed, and what to say beside each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from host.catalogue import CUSTOMER_FIELDS, IDENTITY_FIELDS
from host.manifest import Manifest
from host.model import FieldMapping, WhenEmpty
from host.pages.forms import Form

COLUMNS: Final = ("loyalty", "remote", "when_empty")
_TYPES: Final = {field.id: field.type for field in CUSTOMER_FIELDS}
_TEXTS: Final = ("text", "time", "date", "number", "boolean")  # what a text attribute can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One row, as typed. `cautions`: what to know before saving; they block nothing."""

    loyalty: str = ""
    remote: str = ""
    when_empty: WhenEmpty = "keep"
    cautions: tuple[str, ...] = ()
    fresh: bool = False  # just added: it gets the focus

    @property
    def mapping(self) -> FieldMapping:
        """The row as the configuration has it."""
        return FieldMapping(loyalty=self.loyalty, remote=self.remote, when_empty=self.when_empty)


def rows_of(mappings: Iterable[FieldMapping], manifest: Manifest | None) -> list[FieldRow]:
    """The rows of these mappings, each with its cautions."""
    return [
        FieldRow(
            loyalty=one.loyalty,
            remote=one.remote,
            when_empty=one.when_empty,
            cautions=tuple(_cautions(one.loyalty, one.remote, manifest)),
        )
        for one in mappings
    ]


def typed_rows(form: Form, manifest: Manifest | None) -> list[FieldRow]:
    """The rows of a posted form; those left blank are none."""
    typed = (
        FieldMapping(
            loyalty=row.get("loyalty", ""),
            remote=row.get("remote", ""),
            when_empty="delete" if row.get("when_empty") == "delete" else "keep",
        )
        for row in form.rows("fields")
    )
    return rows_of((one for one in typed if one.loyalty or one.remote), manifest)


def with_usual(rows: Sequence[FieldRow], manifest: Manifest) -> list[FieldRow]:
    """The rows with the module's usual ones added, where neither side is taken."""
    taken = {row.loyalty for row in rows} | {row.remote for row in rows}
    usual = [
        one for one in manifest.usual_fields if one.loyalty not in taken and one.remote not in taken
    ]
    return [*rows, *rows_of(usual, manifest)]


def _cautions(loyalty: str, remote: str, manifest: Manifest | None) -> Iterable[str]:
    if manifest is None:
        return
    reserved = next((field for field in manifest.remote_fields if field.name == remote), None)
    ours = _TYPES.get(loyalty)
    if reserved is not None and ours is not None and not _fits(ours, reserved.type):
        yield f"{loyalty} is {_a(ours)}, but {remote} takes {_a(reserved.type)}"
    if reserved is None and remote and loyalty in IDENTITY_FIELDS:
        yield f"{loyalty} tells who a person is: send it only where that is agreed"


def _fits(ours: str, theirs: str) -> bool:
    return theirs in ("any", ours) or (theirs == "text" and ours in _TEXTS)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
