"""Sync Fields: which customer field becomes which attribute on the far side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.catalogue import CUSTOMER_FIELDS
from host.configuration import ConnectionDraft
from host.pages import entrance
from host.pages.connection_frame import ConnectionFrame, draw_in_frame, find_frame
from host.pages.drawing import draw_part, wants_part
from host.pages.field_rows import COLUMNS, FieldRow, rows_of, typed_rows, with_usual
from host.pages.forms import Faults, Form, read_form
from host.pages.row_form import Again, changed_rows, input_names, save_rows
from host.pages.site import Site
from host.pages.toast import go
from host.pages.words import several
from host.preview import ProfilePreview, preview_profile
from host.routing import Route
from host.store.backfills import count_customers
from host.store.customers import StoredCustomer, find_customers, newest_customer
from host.store.engine import Transaction
from host.store.finding import last_profile


def field_routes(site: Site) -> list[Path]:
    """The routes of Sync Fields."""

    async def get_fields(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        rows = rows_of(frame.route.config.fields, frame.route.manifest)
        return await _page(request, frame, rows, customer=request.query_params.get("customer", ""))

    async def post_fields(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        form = await read_form(request)
        manifest = frame.route.manifest
        rows = typed_rows(form, manifest)
        deed, _, place = form.text("do").partition(" ")
        again = partial(
            _page, request, frame, customer=form.text("customer"), version=form.text("version")
        )
        if deed == "add":
            return await again([*rows, FieldRow(fresh=True)])
        if deed == "remove":
            return await again(typed_rows(form.without("fields", place), manifest))
        if deed == "usual" and manifest is not None:
            return await again(with_usual(rows, manifest))
        if deed == "preview":
            if wants_part(request):
                shown = await _preview(frame.route, rows, form.text("customer"))
                return draw_part(request, "fields_preview.html", **shown, module=frame.module)
            return await again(rows)
        return await _save(frame, form, rows, again)

    async def _save(
        frame: ConnectionFrame, form: Form, rows: Sequence[FieldRow], again: Again
    ) -> Response:
        draft = ConnectionDraft(id=frame.route.row.id, fields=tuple(row.mapping for row in rows))

        inputs = input_names("fields", COLUMNS, len(rows))
        if refused := await save_rows(site, draft, form, rows, inputs, again):
            return refused
        count = await site.store.read(count_customers)
        text = (
            f"Saved. This concerns {several(count, 'customer')}: each is sent when something "
            "about them changes. To send all of them now, open Send all now."
        )
        return go(f"{frame.path}/fields", text)

    async def _page(
        request: Request,
        frame: ConnectionFrame,
        rows: Sequence[FieldRow],
        *,
        customer: str = "",
        version: str = "",
        status: int = 200,
        faults: Faults | None = None,
    ) -> Response:
        saved = frame.route.config.fields
        return await draw_in_frame(
            site,
            request,
            "fields.html",
            frame,
            tab="/fields",
            status=status,
            rows=rows,
            blank=FieldRow(),
            faults=faults,
            version=version or frame.route.row.version,
            changes=changed_rows(saved, [row.mapping for row in rows]),
            loyalty_fields=CUSTOMER_FIELDS,
            customers=await site.store.read(count_customers),
            **await _preview(frame.route, rows, customer),
        )

    async def _preview(route: Route, rows: Sequence[FieldRow], typed: str) -> dict[str, Any]:
        install = site.store.install
        customer = await site.store.read(partial(_customer, typed=typed))
        preview: ProfilePreview | None = None
        last: object = None
        if customer is not None:
            complete = [row.mapping for row in rows if row.loyalty and row.remote]
            preview = preview_profile(route, complete, customer)
            told = partial(last_profile, install=install, connection=route.row.id)
            found = await site.store.read(partial(told, customer=customer.id))
            last = found[1] if found else None
        return {"customer": customer, "typed_customer": typed, "preview": preview, "last": last}

    return [
        entrance.get(site, "/connections/{id}/fields", get_fields),
        entrance.post(site, "/connections/{id}/fields", post_fields),
    ]


def _customer(tx: Transaction, *, typed: str) -> StoredCustomer | None:
    """The customer that was asked for, else the newest."""
    if typed:
        return find_customers(tx, [typed]).get(typed)
    return newest_customer(tx)
