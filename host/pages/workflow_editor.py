"""The editor of a workflow: drawn, checked while it is drawn, saved, and its older versions."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host import wire
from host.api.answers import answer
from host.configuration.reading import Faults as FormFaults
from host.errors import InvalidConfiguration, NotFound, UnreadableBody, VersionConflict
from host.pages import entrance
from host.pages.entrance import visitor_of
from host.pages.forms import Faults, Form, read_form
from host.pages.palette import faults_json, palette
from host.pages.site import Site
from host.pages.toast import go
from host.pages.workflow_frame import WorkflowFrame, draw_workflow, find_workflow_frame
from host.workflow import Graph, graph_as_json, read_graph
from host.workflow.document import LONGEST_NAME, read_workflow

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
            draft = read_workflow({"name": form.text("name"), **_drawn(form)})
            view = await site.workflows.save(
                draft, id_=frame.view.row.id, version=form.version, by=by, draft_only=True
            )
        except VersionConflict:
            return await _again(request, frame, form, 409, Faults(whole=(_LATE,)))
        except InvalidConfiguration as error:
            faults = Faults.of(error.faults, "workflow", ("name",))
            return await _again(request, frame, form, 422, faults)
        if form.text("do") != "activate":
            return go(frame.path, _saved(view.row.active, view.row.version))
        try:
            await site.workflows.activate(view.row.id, by=by)
        except InvalidConfiguration:
            text = f"Saved as version {view.row.version}, not activated: it has faults."
            return go(frame.path, text, failed=True)
        return go(frame.path, f"Active: events start version {view.row.version} from now on.")

    async def post_check(request: Request) -> Response:
        form = await read_form(request)
        try:
            graph = drawn_graph(form)
        except InvalidConfiguration as error:
            told = [
                {"node": _node_of(fault.path), "field": "", "level": "fault", "message": str(fault)}
                for fault in error.faults
            ]
            return answer({"faults": told})
        return answer({"faults": faults_json(await site.workflows.check(graph))})

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
        return await draw_workflow(
            site,
            request,
            "workflow_version.html",
            frame,
            tab="/versions",
            version=version,
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
        return await _page(
            request,
            frame,
            status=status,
            faults=faults,
            typed=form.secret("graph"),
            name=form.text("name"),
            version=None if status == 409 else form.version,
        )

    async def _page(
        request: Request,
        frame: WorkflowFrame,
        *,
        status: int = 200,
        faults: Faults | None = None,
        typed: str = "",
        name: str | None = None,
        version: int | None = None,
    ) -> Response:
        view = frame.view
        return await draw_workflow(
            site,
            request,
            "workflow_editor.html",
            frame,
            tab="",
            status=status,
            faults=faults,
            name=view.row.name if name is None else name,
            longest=LONGEST_NAME,
            version=view.row.version if version is None else version,
            drawn=typed or graph_text(view.graph),
            edited=bool(typed),
            palette=await _palette(view.graph),
            marks=wire.dumps(faults_json(view.faults)).decode(),
            found=view.faults,
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


def drawn_graph(form: Form) -> Graph:
    """The graph that was posted. Raises UnreadableBody, InvalidConfiguration."""
    noted = FormFaults()
    graph = read_graph(_drawn(form), "workflow", noted)
    noted.raise_if_any()
    return graph


def _drawn(form: Form) -> dict[str, object]:
    """The graph that was posted, as JSON gave it. Raises UnreadableBody."""
    try:
        value = wire.loads(form.secret("graph"))
    except (ValueError, RecursionError):
        raise UnreadableBody("the graph is not JSON") from None
    if not isinstance(value, dict):
        raise UnreadableBody("the graph is not an object with nodes and edges")
    return {"nodes": value.get("nodes", []), "edges": value.get("edges", [])}


def _node_of(path: str) -> str:
    """The node that the path of a fault names; "": none."""
    _, nodes, rest = path.partition(".nodes.")
    return rest.partition(".")[0] if nodes else ""


def _saved(active: bool, version: int) -> str:
    if active:
        return f"Saved as version {version}, a draft. Activate it to have events start it."
    return "Saved. Nothing happens until it is activated."


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise NotFound("there is no such version")
    return int(text)


def graph_text(graph: Graph) -> str:
    """A graph as the canvas takes and posts it: JSON."""
    return wire.dumps(graph_as_json(graph)).decode()
