"""Workflows: the list, and what is done to a whole one: made, imported, copied, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.catalogue import event_label
from host.configure import WorkflowView
from host.document import read_workflows, write_workflow
from host.errors import InvalidConfiguration, VersionConflict
from host.pages import entrance
from host.pages.drawing import draw
from host.pages.drawn import fault_words, form_faults
from host.pages.entrance import visitor_of
from host.pages.forms import Faults, Form, read_form
from host.pages.site import Site
from host.pages.toast import go
from host.workflow import Level
from host.workflow.document import LONGEST_NAME, free_name, read_workflow

LIST: Final = "/workflows"
_MOST_TOLD: Final = 20  # faults of an import

_SHOWN: Final[Mapping[str, Callable[[WorkflowView], bool]]] = {
    "": lambda view: True,
    "active": lambda view: view.row.active,
    "paused": lambda view: view.state == "paused",
    "draft": lambda view: view.state == "draft",
    "with faults": lambda view: not view.ready,
}
"""What the list can be cut down to."""


def workflow_routes(site: Site) -> list[Path]:
    """The routes of the list of workflows."""

    async def get_workflows(request: Request) -> Response:
        show = request.query_params.get("show", "")
        chosen = _SHOWN.get(show, _SHOWN[""])
        views = await site.workflows.all()
        return await draw(
            site,
            request,
            "workflows.html",
            views=[view for view in views if chosen(view)],
            total=len(views),
            show=show if show in _SHOWN else "",
            event_label=event_label,
            shows=[(name, sum(map(rule, views))) for name, rule in _SHOWN.items()],
        )

    async def get_new(request: Request) -> Response:
        return await _new(request)

    async def post_new(request: Request) -> Response:
        form = await read_form(request)
        name = form.text("name")
        try:
            draft = read_workflow({"name": name, "active": False})
            view = await site.workflows.save(draft, by=_who(request))
        except (InvalidConfiguration, VersionConflict) as error:
            return await _new(request, status=422, name=name, faults=_faults(error))
        return go(f"{LIST}/{view.row.id}", "Made. Begin with a trigger.")

    async def post_import(request: Request) -> Response:
        text = (await read_form(request)).secret("text")
        try:
            drafts = read_workflows(text)
            names = {view.row.name for view in await site.workflows.all()}
            view: WorkflowView | None = None
            for draft in drafts:
                name = free_name(draft.name or "Workflow", names)
                names.add(name)
                wanted = replace(draft, name=name, active=False)
                view = await site.workflows.save(wanted, by=_who(request))
        except InvalidConfiguration as error:
            return await _new(request, status=422, text=text, import_faults=_unread(error))
        if view is None or len(drafts) > 1:
            return go(LIST, f"Imported as drafts: {len(drafts)} workflows.")
        text = "Imported as a draft. Look it through, then activate it."
        return go(f"{LIST}/{view.row.id}", text)

    async def get_export(request: Request) -> Response:
        view = await site.workflows.find(request.path_params["id"])
        row = view.row
        # As `export` writes it: of what is active the version that runs.
        runs = row.active_version if row.active else None
        graph = view.graph if runs is None else await site.workflows.graph(row.id, runs)
        return Response(
            write_workflow(row.name, row.active, graph),
            media_type="application/toml",
            headers={"Content-Disposition": f'attachment; filename="{row.id}.toml"'},
        )

    async def post_duplicate(request: Request) -> Response:
        view = await site.workflows.duplicate(request.path_params["id"], by=_who(request))
        return go(f"{LIST}/{view.row.id}", f"{view.row.name} is a draft of its own.")

    async def post_delete(request: Request) -> Response:
        view = await site.workflows.find(request.path_params["id"])
        await site.workflows.delete(view.row.id)
        return go(LIST, f"{view.row.name} is deleted: events start it no more.")

    async def post_activate(request: Request) -> Response:
        form = await read_form(request)
        id_ = request.path_params["id"]
        try:
            view = await site.workflows.activate(id_, by=_who(request))
        except InvalidConfiguration:
            view = await site.workflows.find(id_)
            told = [
                fault_words(fault.node, fault.message, view.graph)
                for fault in view.faults
                if fault.level is Level.FAULT
            ]
            text = f"Not activated. {'; '.join(told[:1])}. Its faults are marked."
            return go(f"{LIST}/{id_}", text, failed=True)
        return go(_back(form, id_), f"{view.row.name} is active: events start it from now on.")

    async def post_pause(request: Request) -> Response:
        form = await read_form(request)
        view = await site.workflows.pause(request.path_params["id"], by=_who(request))
        text = f"{view.row.name} is paused: events start nothing; runs that wait go on."
        return go(_back(form, view.row.id), text)

    async def _new(
        request: Request,
        *,
        status: int = 200,
        name: str = "",
        text: str = "",
        faults: Faults | None = None,
        import_faults: Faults | None = None,
    ) -> Response:
        return await draw(
            site,
            request,
            "workflow_new.html",
            status=status,
            active=LIST,
            name=name,
            text=text,
            longest=LONGEST_NAME,
            faults=faults,
            import_faults=import_faults,
        )

    one = f"{LIST}/{{id}}"
    return [
        entrance.get(site, LIST, get_workflows),
        entrance.get(site, f"{LIST}/new", get_new),
        entrance.post(site, f"{LIST}/new", post_new),
        entrance.post(site, f"{LIST}/import", post_import),
        entrance.get(site, f"{one}/export", get_export),
        entrance.post(site, f"{one}/duplicate", post_duplicate),
        entrance.post(site, f"{one}/delete", post_delete),
        entrance.post(site, f"{one}/activate", post_activate),
        entrance.post(site, f"{one}/pause", post_pause),
    ]


def _who(request: Request) -> str | None:
    visitor = visitor_of(request)
    return visitor.name if visitor else None


def _back(form: Form, id_: str) -> str:
    """Where the button stood: in the list, or on the workflow's own page."""
    return LIST if form.text("from") == "list" else f"{LIST}/{id_}"


def _unread(error: InvalidConfiguration) -> Faults:
    """What is wrong with a text to import: one fault stands at the field, more on top."""
    told = tuple(str(fault) for fault in error.faults)
    if len(told) == 1:
        return Faults({"text": told[0]})
    return Faults({"text": f"It has {len(told)} faults: see above."}, told[:_MOST_TOLD])


def _faults(error: InvalidConfiguration | VersionConflict) -> Faults:
    if isinstance(error, VersionConflict):
        return Faults({"name": "Somebody made a workflow of this name just now: give another."})
    return form_faults(error.faults, ("name",), None)
