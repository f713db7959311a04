"""External events: which loyalty event is sent as which event of the far side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.catalogue import EVENTS, event_label
from host.configuration import ConnectionDraft
from host.pages import entrance
from host.pages.connection_frame import ConnectionFrame, draw_in_frame, find_frame
from host.pages.curl import as_curl
from host.pages.drawing import draw_part, wants_part
from host.pages.event_rows import COLUMNS, EventRow, at_inputs, rows_of, typed_rows
from host.pages.forms import Faults, Form, read_form
from host.pages.row_form import Again, changed_rows, input_names, save_rows
from host.pages.site import Site
from host.pages.toast import go
from host.preview import EventPreview, made_up_event, newest_event, preview_event
from host.routing import Route
from host.store.seen import read_seen


def event_routes(site: Site) -> list[Path]:
    """The routes of External events."""

    async def get_events(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        return await _page(request, frame, rows_of(frame.route.config.events))

    async def post_events(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        form = await read_form(request)
        rows = typed_rows(form)
        deed, _, what = form.text("do").partition(" ")
        again = partial(_page, request, frame, version=form.text("version"))
        if deed == "add":
            return await again([*rows, _new(frame, "")])
        if deed == "associate":
            return await again([*rows, _new(frame, what)])
        if deed == "remove":
            return await again(typed_rows(form.without("events", what)))
        if deed == "try":
            tried = await _try(frame.route, _row_named(form, what))
            if wants_part(request):
                return draw_part(request, "events_tried.html", **tried, module=frame.module)
            return await again(rows, tried=tried)
        return await _save(frame, form, rows, again)

    async def _save(
        frame: ConnectionFrame, form: Form, rows: Sequence[EventRow], again: Again
    ) -> Response:
        draft = ConnectionDraft(id=frame.route.row.id, events=tuple(row.mapping for row in rows))

        inputs = input_names("events", COLUMNS, len(rows))
        refused = await save_rows(site, draft, form, rows, inputs, again, at_inputs)
        return refused or go(f"{frame.path}/events", "Saved. From now on these events are sent.")

    async def _page(
        request: Request,
        frame: ConnectionFrame,
        rows: Sequence[EventRow],
        *,
        version: str = "",
        status: int = 200,
        faults: Faults | None = None,
        tried: dict[str, Any] | None = None,
    ) -> Response:
        seen = await site.store.read(read_seen)
        associated = {row.loyalty for row in rows}
        saved = [one.mapping for one in rows_of(frame.route.config.events)]
        return await draw_in_frame(
            site,
            request,
            "events.html",
            frame,
            tab="/events",
            status=status,
            rows=rows,
            blank=_new(frame, ""),
            faults=faults,
            version=version or frame.route.row.version,
            changes=changed_rows(saved, [row.mapping for row in rows]),
            catalogue=EVENTS,
            seen=seen,
            others=[one for one in seen.values() if one.action not in associated],
            names=len({row.external for row in rows if row.enabled and row.external}),
            event_label=event_label,
            **(tried or {"tried": None, "real": False, "curl": None, "row": None}),
        )

    async def _try(route: Route, row: EventRow) -> dict[str, Any]:
        """The request that the row makes of the newest such event, else of an invented one."""
        event, customer = await site.store.read(partial(newest_event, action=row.loyalty))
        real = event is not None
        if event is None:
            event = made_up_event(row.loyalty, datetime.now(UTC))
        tried: EventPreview = await preview_event(route, row.mapping, event, customer)
        names = [f"${name.upper()}" for name in route.manifest.secrets] if route.manifest else []
        curl = as_curl(tried.request, names) if tried.request else None
        return {"tried": tried, "real": real, "curl": curl, "row": row}

    return [
        entrance.get(site, "/connections/{id}/events", get_events),
        entrance.post(site, "/connections/{id}/events", post_events),
    ]


def _new(frame: ConnectionFrame, action: str) -> EventRow:
    manifest = frame.route.manifest
    kind = manifest.default_event_type if manifest else None
    return EventRow(loyalty=action, external=action, type=kind or "", fresh=True)


def _row_named(form: Form, number: str) -> EventRow:
    """The row with that number in the form, whatever gaps the numbers have."""
    rows = typed_rows(form.row("events", number))
    return rows[0] if rows else EventRow()
