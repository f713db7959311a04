"""The editor of a workflow: drawn, checked while it is drawn, saved, and its older versions."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host import wire
from host.api.answers import answer
from host.configure import WorkflowView
from host.errors import InvalidConfiguration, NotFound, VersionConflict
from host.pages import entrance
from host.pages.drawn import (
    drawn_graph,
    drawn_workflow,
    fault_words,
    form_faults,
    graph_text,
    node_of,
)
from host.pages.entrance import visitor_of
from host.pages.forms import Faults, Form, read_form
from host.pages.palette import faults_json, palette
from host.pages.site import Site
from host.pages.toast import go
from host.pages.workflow_frame import WorkflowFrame, draw_workflow, find_workflow_frame
from host.workflow import Graph
from host.workflow.document import LONGEST_NAME

Mark: TypeAlias = dict[str, str]
"""A fault or a warning, as the canvas shows it."""

_LATE: Final = (
    "Somebody else saved this workflow while you were drawing. What you drew is kept below. "
    "Look it through: saving now puts it in the place of theirs."
)
_LONGEST_NUMBER: Final = 9  # digits of a version


def workflow_editor_routes(site: Site) -> list[Path]:
    """The routes of the editor."""

    async def get_editor(request: Request) -> Response:
        return await _page(request, await find_workflow_frame(site, request))

    async def post_editor(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        form = await read_form(request)
        visitor = visitor_of(request)
        by = visitor.name if visitor else None
        try:
            view = await site.workflows.save(
                drawn_workflow(form),
                id_=frame.view.row.id,
                version=form.version,
                by=by,
                draft_only=True,
            )
        except VersionConflict:
            return await _again(request, frame, form, 409, Faults(whole=(_LATE,)))
        except InvalidConfiguration as error:
            faults = form_faults(error.faults, ("name",), None)
            return await _again(request, frame, form, 422, faults)
        if form.text("do") != "activate":
            return go(frame.path, _saved(view))
        try:
            await site.workflows.activate(view.row.id, by=by)
        except InvalidConfiguration:
            text = f"Saved as version {view.row.version}, not activated: it has faults."
            return go(frame.path, text, failed=True)
        return go(frame.path, f"Active: events start version {view.row.version} from now on.")

    async def post_check(request: Request) -> Response:
        _, marks = await _read(await read_form(request))
        return answer({"faults": marks})

    async def get_versions(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        return await draw_workflow(
            site,
            request,
            "workflow_versions.html",
            frame,
            tab="/versions",
            versions=await site.workflows.versions(frame.view.row.id),
        )

    async def get_version(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        version = _number(request.path_params["version"])
        graph = await site.workflows.graph(frame.view.row.id, version)
        saved = await site.workflows.versions(frame.view.row.id)
        return await draw_workflow(
            site,
            request,
            "workflow_version.html",
            frame,
            tab="/versions",
            version=version,
            saved=next((one for one in saved if one.version == version), None),
            drawn=graph_text(graph),
            palette=await _palette(graph),
        )

    async def post_restore(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        version = _number((await read_form(request)).text("version"))
        visitor = visitor_of(request)
        view = await site.workflows.restore(
            frame.view.row.id, version, by=visitor.name if visitor else None
        )
        text = f"Version {version} is the newest again, as version {view.row.version}."
        return go(frame.path, text + " Activate it to have events start it.")

    async def _again(
        request: Request, frame: WorkflowFrame, form: Form, status: int, faults: Faults
    ) -> Response:
        """The editor with what was drawn, and what is wrong with it."""
        graph, marks = await _read(form)
        return await _page(
            request,
            frame,
            status=status,
            faults=faults,
            name=form.text("name"),
            version=frame.view.row.version if status == 409 else form.version,
            edited=True,
            graph=graph or frame.view.graph,
            drawn=form.secret("graph"),
            marks=marks,
        )

    async def _read(form: Form) -> tuple[Graph | None, list[Mark]]:
        """The graph that was posted, None if it cannot be read, and what is wrong with it."""
        try:
            graph = drawn_graph(form)
        except InvalidConfiguration as error:
            return None, [
                {"node": node_of(one.path), "field": "", "level": "fault", "message": one.message}
                for one in error.faults
            ]
        return graph, faults_json(await site.workflows.check(graph))

    async def _page(
        request: Request,
        frame: WorkflowFrame,
        *,
        status: int = 200,
        marks: list[Mark] | None = None,
        **typed: Any,
    ) -> Response:
        view = frame.view
        shown = {
            "faults": None,
            "name": view.row.name,
            "version": view.row.version,
            "edited": False,
            "graph": view.graph,
            "drawn": graph_text(view.graph),
            **typed,
        }
        graph: Graph = shown.pop("graph")
        if marks is None:
            marks = faults_json(view.faults)
        return await draw_workflow(
            site,
            request,
            "workflow_editor.html",
            frame,
            tab="",
            status=status,
            longest=LONGEST_NAME,
            palette=await _palette(graph),
            found=[fault_words(one["node"], one["message"], graph) for one in marks],
            **shown,
            marks=wire.dumps(marks).decode(),
        )

    async def _palette(graph: Graph) -> str:
        around = await site.store.read(site.workflows.around)
        return wire.dumps(palette(around, graph)).decode()

    one = "/workflows/{id}"
    return [
        entrance.get(site, one, get_editor),
        entrance.post(site, one, post_editor),
        entrance.post(site, f"{one}/check", post_check),
        entrance.get(site, f"{one}/versions", get_versions),
        entrance.get(site, f"{one}/versions/{{version}}", get_version),
        entrance.post(site, f"{one}/restore", post_restore),
    ]


def _saved(view: WorkflowView) -> str:
    if view.is_newest_active:  # nothing but the name was changed
        return f"Saved. Events start version {view.row.version} as before."
    if view.row.active:
        return f"Saved as version {view.row.version}, a draft. Activate it to have events start it."
    return "Saved. Nothing happens until it is activated."


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise NotFound("there is no such version")
    return int(text)
