"""Send all now: every customer's mapped fields, and how far it has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.backfill.words import BackfillView, Preview, Whom
from host.errors import InvalidConfiguration
from host.pages import entrance
from host.pages.connection_frame import ConnectionFrame, draw_in_frame, find_frame
from host.pages.drawing import draw_part, wants_part
from host.pages.entrance import visitor_of
from host.pages.forms import Faults, Form, read_form
from host.pages.site import Site
from host.pages.toast import go
from host.reading.times import read_moment
from host.store.backfills import BackfillState

_NO_TIME: Final = "is not a day or a time: write 2026-01-31 or 2026-01-31T08:00:00Z"
_NOBODY: Final = "name at least one customer, an id a line"


def send_all_routes(site: Site) -> list[Path]:
    """The routes of a connection's backfill."""

    async def get_send_all(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        if wants_part(request):
            view = await site.backfills.latest(frame.route.row.id)
            part = draw_part(request, "send_all_progress.html", **_progress(frame, view))
            if view is None or view.state is not BackfillState.RUNNING:
                part.headers["HX-Refresh"] = "true"  # the form comes back
            return part
        # A link may name whom it is meant for; the form is there to be looked at first.
        return await _page(request, frame, Form(request.query_params.multi_items()))

    async def post_start(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        form = await read_form(request)
        id_ = frame.route.row.id
        whom, faults = _whom(form)
        if faults:
            return await _page(request, frame, form, status=422, faults=Faults(faults))
        visitor = visitor_of(request)
        try:
            if form.text("do") == "look":
                preview = await site.backfills.preview(id_, whom)
                return await _page(request, frame, form, preview=preview)
            await site.backfills.start(id_, whom, by=visitor.name if visitor else "")
        except InvalidConfiguration as error:
            told = Faults(whole=tuple(fault.message for fault in error.faults))
            return await _page(request, frame, form, status=422, faults=told)
        return go(f"{frame.path}/send-all", "Started. Live events go first.")

    def post_change(
        change: Callable[[str], Awaitable[BackfillView]], text: str
    ) -> Callable[[Request], Awaitable[Response]]:
        async def post(request: Request) -> Response:
            frame = await find_frame(site, request.path_params["id"])
            await change(frame.route.row.id)
            return go(f"{frame.path}/send-all", text)

        return post

    async def _page(
        request: Request,
        frame: ConnectionFrame,
        form: Form,
        *,
        status: int = 200,
        faults: Faults | None = None,
        preview: Preview | None = None,
    ) -> Response:
        view = await site.backfills.latest(frame.route.row.id)
        return await draw_in_frame(
            site,
            request,
            "send_all.html",
            frame,
            tab="/send-all",
            status=status,
            faults=faults,
            preview=preview,
            whom=form.text("whom", "all"),
            customers=form.text("customers"),
            since=form.text("since"),
            only_changed=form.flag("only_changed"),
            **_progress(frame, view),
        )

    one = "/connections/{id}/send-all"
    flow = site.backfills
    paused = "Paused. What was made goes out; the rest waits for you."
    cancelled = "Cancelled. What was made before goes out."
    return [
        entrance.get(site, one, get_send_all),
        entrance.post(site, one, post_start),
        entrance.post(site, f"{one}/pause", post_change(flow.pause, paused)),
        entrance.post(site, f"{one}/resume", post_change(flow.resume, "It goes on.")),
        entrance.post(site, f"{one}/cancel", post_change(flow.cancel, cancelled)),
    ]


def _progress(frame: ConnectionFrame, view: BackfillView | None) -> dict[str, Any]:
    running = view is not None and view.state is BackfillState.RUNNING
    under_way = view is not None and view.state.under_way
    return {"view": view, "running": running, "under_way": under_way, "path": frame.path}


def _whom(form: Form) -> tuple[Whom, dict[str, str]]:
    """Whom the form means, or what is wrong with it by input."""
    faults: dict[str, str] = {}
    chosen = form.text("whom")
    ids = tuple(line.strip() for line in form.text("customers").splitlines() if line.strip())
    since = read_moment(form.text("since")) if chosen == "since" else None
    if chosen == "since" and since is None:
        faults["since"] = f"{form.text('since') or 'Nothing'} {_NO_TIME}"
    if chosen == "list" and not ids:
        faults["customers"] = _NOBODY
    whom = Whom(
        customers=ids if chosen == "list" else None,
        since=since,
        only_changed=form.flag("only_changed"),
    )
    return whom, faults
