"""*Run with a sample event*: what a workflow would do, step by step; nothing is saved or sent."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host import wire
from host.accounts import Role
from host.carried import Event
from host.configure.workflow_view import trigger_of
from host.errors import Fault, InvalidConfiguration
from host.model import Json, to_ms
from host.pages import entrance
from host.pages.drawn import drawn_graph, form_faults, graph_text
from host.pages.forms import Faults, read_form
from host.pages.palette import palette
from host.pages.site import Site
from host.pages.words import iso, pretty
from host.pages.workflow_frame import WorkflowFrame, draw_workflow, find_workflow_frame
from host.sample_run import SampleRun, given_sample, try_out
from host.workflow import KINDS, Graph

_NAMES: Final = ("event", "customer")


def workflow_try_routes(site: Site) -> list[Path]:
    """The routes of *Run with a sample event*."""

    async def get_try(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        return await _page(request, frame, frame.view.graph)

    async def post_try(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        form = await read_form(request)
        typed = (form.secret("event"), form.secret("customer"))
        graph = frame.view.graph
        try:
            graph = drawn_graph(form) if form.secret("graph") else graph
            if not any(typed):  # from the editor: with what the host chooses
                run = await try_out(site.workflows, site.store, site.routing, graph)
                return await _page(request, frame, graph, run=run)
            event, customer = (_json(text, name) for text, name in zip(typed, _NAMES, strict=True))
            run = await try_out(
                site.workflows, site.store, site.routing, graph, event=event, customer=customer
            )
        except InvalidConfiguration as error:
            faults = form_faults(error.faults, _NAMES, graph)
            return await _page(
                request,
                frame,
                graph,
                status=422,
                typed=typed if any(typed) else None,
                faults=faults,
            )
        return await _page(request, frame, graph, run=run, typed=typed)

    async def _page(
        request: Request,
        frame: WorkflowFrame,
        graph: Graph,
        *,
        status: int = 200,
        run: SampleRun | None = None,
        typed: tuple[str, str] | None = None,
        faults: Faults | None = None,
    ) -> Response:
        chosen = typed is None  # by the host
        if typed is None:
            typed = await _suggested(graph)
        around = await site.store.read(site.workflows.around)
        nodes = {node.id: node for node in graph.nodes}
        return await draw_workflow(
            site,
            request,
            "workflow_try.html",
            frame,
            tab="/try",
            status=status,
            run=run,
            invented=run is not None and chosen and not run.real,
            event_text=typed[0],
            customer_text=typed[1],
            faults=faults,
            drawn=graph_text(graph),
            palette=wire.dumps(palette(around, graph)).decode(),
            route=wire.dumps(_route(run)).decode() if run else None,
            titles={id_: KINDS[node.type].title for id_, node in nodes.items()},
        )

    async def _suggested(graph: Graph) -> tuple[str, str]:
        """The newest event that starts it and who did that, else an invented one."""
        action = trigger_of(graph)
        if not action:
            return "", ""
        sample = await site.store.read(lambda tx: given_sample(tx, action))
        fields = {} if sample.customer.opted_out else (sample.customer.fields or {})
        return pretty(_as_item(sample.event)), pretty(dict(fields))

    return [
        entrance.get(site, "/workflows/{id}/try", get_try),
        entrance.post(site, "/workflows/{id}/try", post_try, role=Role.VIEWER),
    ]


def _json(text: str, name: str) -> Any:
    """What was typed, as JSON; nothing typed: None. Raises InvalidConfiguration."""
    if not text.strip():
        return None
    try:
        return wire.loads(text)
    except (ValueError, RecursionError):
        message = f"The {name} is not JSON: look for a missing comma or quote."
        raise InvalidConfiguration([Fault(path=name, message=message)]) from None


def _as_item(event: Event) -> dict[str, Json]:
    """An event as it is handed in."""
    return {
        "customer": event.customer,
        "action": event.action,
        "timestamp": iso(to_ms(event.occurred_at)),
        "data": event.data,
        **({} if event.account is None else {"account": event.account}),
        **event.fields,
    }


def _route(run: SampleRun) -> list[dict[str, str]]:
    """The nodes passed, as the canvas marks them."""
    return [{"node": one.step.node, "outcome": one.step.outcome} for one in run.steps]
