"""What the forms of Sync Fields and External events share: rows, versions, and saving them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeAlias

from starlette.responses import Response

from host.configuration import ConnectionDraft
from host.errors import Fault, InvalidConfiguration, VersionConflict
from host.pages.forms import Faults, Form
from host.pages.site import Site

LATE: Final = (
    "Somebody else saved this connection while you were editing it. What you typed is kept "
    "below. Look it through: saving now puts it in the place of theirs."
)


Again: TypeAlias = Callable[..., Awaitable[Response]]
"""Draws a form again: with rows, and perhaps `status`, `version` and `faults`."""


async def save_rows(
    site: Site,
    draft: ConnectionDraft,
    form: Form,
    rows: Sequence[object],
    inputs: Iterable[str],
    again: Again,
    read: Callable[[Iterable[Fault]], Iterable[Fault]] = tuple,
) -> Response | None:
    """Save; None when that was done, else the form again with what is wrong.

    `inputs`: names of the form's inputs, at which faults stand; `read` may move faults to them.
    """
    try:
        await site.configure.save(draft, version=form.version)
    except VersionConflict:
        now = (await site.configure.routing()).find(draft.id).row.version
        return await again(rows, status=409, version=str(now), faults=Faults(whole=(LATE,)))
    except InvalidConfiguration as error:
        faults = Faults.of(read(error.faults), f"connections.{draft.id}", inputs)
        return await again(rows, status=422, faults=faults)
    return None


def input_names(table: str, columns: Sequence[str], rows: int) -> list[str]:
    """The names of all inputs of a table of rows: `fields[0].loyalty` and so on."""
    return [f"{table}[{n}].{column}" for n in range(rows) for column in columns]


def changed_rows(saved: Sequence[object], typed: Sequence[object]) -> int:
    """How many rows are not as they were saved: changed, added or removed."""
    gone = [row for row in saved if row not in typed]
    new = [row for row in typed if row not in saved]
    return max(len(gone), len(new))
