"""What a browser posts: fields by name, rows of a table by number, faults by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from host.api.bodies import settings_body
from host.errors import Fault, UnreadableBody

_MOST_FIELDS: Final = 20_000
_ROW: Final = re.compile(r"(?P<table>[a-z_]+)\[(?P<place>[0-9]{1,6})\]\.(?P<column>[a-z_]+)")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a posted form, in order, as they were typed."""

    fields: Sequence[tuple[str, str]]

    def text(self, name: str, default: str = "") -> str:
        """The field of that name, without blanks around it."""
        return next((value.strip() for key, value in self.fields if key == name), default)

    def secret(self, name: str) -> str:
        """The field of that name, exactly as typed."""
        return next((value for key, value in self.fields if key == name), "")

    def flag(self, name: str) -> bool:
        """A box that was ticked: one that was not is absent from a post."""
        return any(key == name for key, _ in self.fields)

    @property
    def version(self) -> int | None:
        """The version of what was edited, which the form carried; None: it tells none."""
        text = self.text("version")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value under that name."""
        return tuple(value for key, value in self.fields if key == name)

    def row(self, table: str, place: str) -> Form:
        """The form with one row of a table alone."""
        return Form([one for one in self.fields if one[0].startswith(f"{table}[{place}].")])

    def without(self, table: str, place: str) -> Form:
        """The form without one row of a table."""
        return Form([one for one in self.fields if not one[0].startswith(f"{table}[{place}].")])

    def rows(self, table: str) -> list[dict[str, str]]:
        """The rows `table[0].column`, `table[1].column` … by their numbers, gaps closed."""
        rows: dict[int, dict[str, str]] = {}
        for key, value in self.fields:
            found = _ROW.fullmatch(key)
            if found and found["table"] == table:
                rows.setdefault(int(found["place"]), {})[found["column"]] = value.strip()
        return [rows[place] for place in sorted(rows)]


async def read_form(request: Request) -> Form:
    """The posted form. Raises BodyTooLarge or UnreadableBody."""
    body = await settings_body(request)
    try:
        text = body.decode()
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise UnreadableBody("the form cannot be read; load the page anew and try again") from None
    # Browsers send line breaks as CR LF whatever was typed.
    return Form([(name, value.replace("\r\n", "\n")) for name, value in pairs])


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a form: at fields, and as a whole. Empty: nothing."""

    fields: Mapping[str, str] = field(default_factory=dict)  # by the input's name
    whole: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.whole)

    @classmethod
    def of(cls, faults: Iterable[Fault], under: str = "", known: Iterable[str] = ()) -> Faults:
        """Faults of a configuration at the inputs that are named like their paths.

        `under` is what the paths begin with (`connections.NAME`); with `known`, a fault
        at no known input is one of the whole form.
        """
        names = frozenset(known)
        fields: dict[str, str] = {}
        whole: list[str] = []
        for fault in faults:
            name = fault.path.removeprefix(under).lstrip(".")
            if name and (not names or name in names):
                fields.setdefault(name, fault.message)
            else:
                whole.append(fault.message)
        return cls(fields, tuple(whole))
