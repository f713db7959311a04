"""Connect: the settings of a connection typed, tried and saved."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.catalogue import CUSTOMER_FIELDS
from host.configuration import ConnectionConfig
from host.errors import InvalidConfiguration, RefusedSettings, VersionConflict
from host.manifest import Manifest
from host.model import ConnectionState
from host.pages import entrance
from host.pages.connect_form import (
    DELIVERY_LABELS,
    ConnectForm,
    draft_of,
    faults_of,
    stored_form,
    typed_form,
)
from host.pages.connection_frame import ConnectionFrame, draw_in_frame, find_frame
from host.pages.drawing import draw, draw_part, wants_part
from host.pages.ending import ending_of, ending_routes
from host.pages.forms import Faults, Form, read_form
from host.pages.site import Site
from host.pages.toast import go
from host.pages.trial import TrialResult, try_draft
from host.registry import Module
from host.routing import Routing

_LATE: Final = (
    "Somebody else changed this connection while you were editing it. What you typed is kept "
    "below, but for the secrets. Look it through: saving now puts it over their change."
)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A posted form of a connection. `draw_again` shows it as it was typed."""

    id: str
    manifest: Manifest
    frame: ConnectionFrame | None  # None: the connection is new
    posted: Form
    form: ConnectForm
    draw_again: Callable[..., Awaitable[Response]]

    @property
    def config(self) -> ConnectionConfig | None:
        """The connection as it is saved."""
        return self.frame.route.config if self.frame else None


def connect_routes(site: Site) -> list[Path]:
    """The routes of making, changing, disconnecting and deleting a connection."""

    async def draw_new(
        request: Request,
        module: Module,
        routing: Routing,
        *,
        status: int = 200,
        form: ConnectForm | None = None,
        typed_id: str = "",
        **context: Any,
    ) -> Response:
        manifest = module.manifest
        if not module.ready or manifest is None:
            return await draw(
                site, request, "connect_not_ready.html", status=status, module=module, **_MODULES
            )
        own = [route.row.id for route in routing.routes if route.row.module == module.name]
        suggested = free_id(module.name, routing)
        return await draw(
            site,
            request,
            "connect_new.html",
            status=status,
            module=module,
            manifest=manifest,
            own=own,
            asks_id=bool(own) or suggested != _as_id(module.name),
            connection_id=typed_id or suggested,
            form=form or stored_form(manifest, None),
            action=f"/modules/{module.name}/connect",
            version=0,
            refused=status != 200,
            **{**_MODULES, **_PLAIN, **context},
        )

    async def get_new(request: Request) -> Response:
        module = site.modules.registry.get(request.path_params["name"])
        return await draw_new(request, module, await site.configure.routing())

    async def read_new(request: Request) -> _Typed | Response:
        module = site.modules.registry.get(request.path_params["name"])
        routing = await site.configure.routing()
        posted = await read_form(request)
        manifest = module.manifest
        if not module.ready or manifest is None:
            return await draw_new(request, module, routing, status=422)
        id_ = posted.text("id") or free_id(module.name, routing)
        form = typed_form(manifest, None, posted)
        draw_again = partial(draw_new, request, module, routing, form=form, typed_id=id_)
        return _Typed(id_, manifest, None, posted, form, draw_again)

    async def post_new(request: Request) -> Response:
        typed = await read_new(request)
        if isinstance(typed, Response):
            return typed

        async def again(status: int, faults: Faults) -> Response:
            return await typed.draw_again(status=status, faults=faults)

        if any(route.row.id == typed.id for route in (await site.configure.routing()).routes):
            taken = f"There is a connection {typed.id} already: give this one another id"
            return await again(422, Faults({"id": taken}))
        return await save(typed, 0, again)

    async def post_new_test(request: Request) -> Response:
        return await test(request, await read_new(request))

    async def draw_existing(
        request: Request,
        frame: ConnectionFrame,
        *,
        status: int = 200,
        form: ConnectForm | None = None,
        **context: Any,
    ) -> Response:
        route = frame.route
        if form is None and route.manifest is not None:
            form = stored_form(route.manifest, route.config)
        shown = {
            **_PLAIN,
            "faults": _trouble(frame) if status == 200 else None,
            **context,
        }
        return await draw_in_frame(
            site,
            request,
            "connect.html",
            frame,
            tab="/connect",
            status=status,
            form=form,
            action=f"{frame.path}/connect",
            version=route.row.version,
            refused=status != 200,
            **await ending_of(site, route),
            **shown,
        )

    async def get_existing(request: Request) -> Response:
        return await draw_existing(request, await find_frame(site, request.path_params["id"]))

    async def read_existing(request: Request) -> _Typed | Response:
        frame = await find_frame(site, request.path_params["id"])
        posted = await read_form(request)
        route, manifest = frame.route, frame.route.manifest
        if manifest is None or not frame.module.ready:
            return await draw_existing(request, frame, status=422)
        form = typed_form(manifest, route.config, posted)
        draw_again = partial(draw_existing, request, frame, form=form)
        return _Typed(route.row.id, manifest, frame, posted, form, draw_again)

    async def post_existing(request: Request) -> Response:
        typed = await read_existing(request)
        if isinstance(typed, Response):
            return typed

        async def again(status: int, faults: Faults) -> Response:
            now = await find_frame(site, typed.id)  # with the version of now
            return await draw_existing(request, now, status=status, form=typed.form, faults=faults)

        return await save(typed, typed.posted.version, again)

    async def post_existing_test(request: Request) -> Response:
        return await test(request, await read_existing(request))

    async def test(request: Request, typed: _Typed | Response) -> Response:
        """Try what was typed, beside the form or, without a script, with it."""
        if isinstance(typed, Response):
            return typed
        draft, unread = draft_of(typed.manifest, typed.id, typed.config, typed.posted)
        result = (
            TrialResult(verdict="untried", said="", duration_ms=0, faults=Faults(unread))
            if unread
            else await try_draft(site.configure, typed.manifest, draft, typed.form.names)
        )
        if wants_part(request):
            return draw_part(request, "connect_trial.html", trial=result)
        return await typed.draw_again(faults=result.faults, trial=result)

    async def save(
        typed: _Typed,
        version: int | None,
        again: Callable[[int, Faults], Awaitable[Response]],
    ) -> Response:
        id_, manifest, frame, config = typed.id, typed.manifest, typed.frame, typed.config
        draft, unread = draft_of(manifest, id_, config, typed.posted)
        if unread:
            return await again(422, Faults(unread))
        try:
            route = await site.configure.save(draft, version=version)
        except VersionConflict:
            return await again(409, Faults(whole=(_LATE,)))
        except InvalidConfiguration as error:
            names = stored_form(manifest, config).names
            faults = faults_of(error.faults, id_, manifest, names)
            if isinstance(error, RefusedSettings) and error.said not in faults.whole:
                faults = Faults(faults.fields, (error.said, *faults.whole))
            return await again(422, faults)
        connected = config is None or (
            frame is not None and frame.route.row.state is ConnectionState.NOT_CONNECTED
        )
        title = route.row.title or route.module.title
        if connected:
            text = f"Connected to {title}. Now say which fields of a customer go over."
            return go(f"/connections/{id_}/fields", text)
        return go(f"/connections/{id_}/connect", f"Saved. {title} is connected.")

    new, existing = "/modules/{name}/connect", "/connections/{id}"
    return [
        entrance.get(site, new, get_new),
        entrance.post(site, new, post_new),
        entrance.post(site, f"{new}/test", post_new_test),
        entrance.get(site, f"{existing}/connect", get_existing),
        entrance.post(site, f"{existing}/connect", post_existing),
        entrance.post(site, f"{existing}/connect/test", post_existing_test),
        *ending_routes(site, draw_existing),
    ]


_MODULES: Final = {"active": "/modules"}
_PLAIN: Final[dict[str, Any]] = {
    "faults": None,
    "trial": None,
    "delivery_labels": DELIVERY_LABELS,
    "customer_fields": tuple((field.id, field.label) for field in CUSTOMER_FIELDS),
}


def free_id(module: str, routing: Routing) -> str:
    """The id of a module's next connection: its name, then `NAME-2`, `NAME-3` …"""
    taken = {route.row.id for route in routing.routes}
    name = _as_id(module)
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _as_id(module: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "-", module.lower()).lstrip("-_")[:60] or "connection"


def _trouble(frame: ConnectionFrame) -> Faults | None:
    """What the destination last found wrong, at the setting that it is about."""
    row = frame.route.row
    if row.state is not ConnectionState.NEEDS_ATTENTION or row.reason is None or not row.field:
        return None
    return Faults({f"settings.{row.field}": row.reason.text})
