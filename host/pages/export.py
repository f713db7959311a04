"""Messages as a table for spreadsheets: what a list shows, no payload, no secret."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Final

from starlette.responses import Response, StreamingResponse

from host.api.answers import time_text
from host.delivery.queue import Queue
from host.store.listing import MessageFilter
from host.store.messages import MessageView

MOST_EXPORTED: Final = 50_000
_AT_ONCE: Final = 500
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS: Final = (
    "message",
    "connection",
    "customer",
    "kind",
    "event",
    "state",
    "reason",
    "reason in words",
    "sends",
    "next attempt",
    "made",
    "settled",
    "environment",
)


def export(queue: Queue, wanted: MessageFilter, name: str) -> Response:
    """The messages meant as CSV, newest first, written while they are read."""
    return StreamingResponse(
        _lines(queue, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


async def _lines(queue: Queue, wanted: MessageFilter) -> AsyncIterator[str]:
    yield _text([_COLUMNS])
    cursor: str | None = None
    left = MOST_EXPORTED
    while left:
        views, cursor = await queue.page(wanted, cursor, min(_AT_ONCE, left))
        yield _text([_row(view) for view in views])
        left -= len(views)
        if cursor is None:
            return
    yield _text([(f"cut after {MOST_EXPORTED} messages: narrow the filters for the rest",)])


def _row(view: MessageView) -> tuple[object, ...]:
    reason = view.reason
    return (
        view.id,
        view.connection,
        view.customer,
        view.kind,
        view.action or "",
        view.state,
        reason.code if reason else "",
        reason.text if reason else "",
        view.attempts,
        time_text(view.next_attempt_at) or "",
        time_text(view.made_at),
        time_text(view.settled_at) or "",
        view.environment or "",
    )


def _text(rows: Sequence[Sequence[object]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([_harmless(cell) for cell in row] for row in rows)
    return file.getvalue()


def _harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    text = str(cell).replace("\0", "␀")
    return f"'{text}" if text.startswith(_FORMULA) else text
