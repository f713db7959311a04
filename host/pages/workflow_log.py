"""What a workflow did: its log, one run with all its steps, and the runs that wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host import wire
from host.catalogue import event_label
from host.configure.workflow_view import connections_around
from host.errors import NotFound, UnreadableBody
from host.model import Json
from host.pages import entrance
from host.pages.customers import customer_path
from host.pages.palette import palette
from host.pages.run_steps import route_json, shown_steps
from host.pages.run_words import ToldRun, ending, error_words, node_name, tell, work_time
from host.pages.site import Site
from host.pages.toast import go
from host.pages.workflow_frame import WorkflowFrame, draw_workflow, find_workflow_frame
from host.routing import Routing
from host.store.engine import Transaction
from host.store.events import find_event
from host.store.finding import find_customer, messages_of_run
from host.store.keys import key_from_text, key_text, ms_of
from host.store.messages import MessageView
from host.store.runs import PAGE, RUN_DAYS, read_run, read_runs
from host.workflow import Graph, Outcome, Result, graph_as_json

RESULTS: Final = (("", "Any"), *((result, str(result)) for result in Result))


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRuns:
    """Which runs a page was asked for: the words of its address."""

    path: str
    result: str = ""
    customer: str = ""
    before: int | None = None

    @classmethod
    def read(cls, path: str, given: Mapping[str, str]) -> AskedRuns:
        """Out of an address. Raises UnreadableBody for what is no result."""
        result = given.get("result", "")
        if result not in ("", *Result):
            raise UnreadableBody(f"{result[:40]!r} is no result: {', '.join(Result)}")
        return cls(
            path=path,
            result=result,
            customer=given.get("customer", "").strip(),
            before=key_from_text(given.get("before", "")),
        )

    @property
    def narrowed(self) -> bool:
        """Whether only some of the runs were asked for."""
        return bool(self.result or self.customer)

    def address(self, before: int | None = None) -> str:
        """The address of the same runs, from a cursor on."""
        words = {"result": self.result, "customer": self.customer}
        words["before"] = "" if before is None else key_text(before)
        query = urlencode({name: text for name, text in words.items() if text})
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """A page of runs. `older`: the cursor of the next page."""

    runs: tuple[ToldRun, ...] = ()
    older: int | None = None

    @property
    def looked_back_to(self) -> int | None:
        """The page is not full: it looked no further back than this (ms since 1970)."""
        return ms_of(self.older) if self.older is not None and len(self.runs) < PAGE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails:
    """One run with all around it. `data`: of its event; None: no longer kept."""

    told: ToldRun
    data: Json
    messages: tuple[MessageView, ...]
    palette: dict[str, Any]


def workflow_log_routes(site: Site) -> list[Path]:
    """The routes of a workflow's log, of one run, and of the runs that wait."""

    async def get_log(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        asked = AskedRuns.read(f"{frame.path}/log", request.query_params)
        return await _draw_runs(request, "workflow_log.html", frame, asked, asked, tab="/log")

    async def get_running(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        path = f"{frame.path}/running"
        given = {**request.query_params, "result": ""}
        asked = AskedRuns.read(path, given)
        waiting = AskedRuns.read(path, {**given, "result": Result.WAITING})
        template = "workflow_running.html"
        return await _draw_runs(request, template, frame, asked, waiting, tab="/running")

    async def _draw_runs(
        request: Request,
        template: str,
        frame: WorkflowFrame,
        asked: AskedRuns,
        wanted: AskedRuns,
        *,
        tab: str,
    ) -> Response:
        page = await site.store.read(lambda tx: _read_page(tx, frame.view.row.key, wanted))
        return await draw_workflow(
            site,
            request,
            template,
            frame,
            tab=tab,
            asked=asked,
            page=page,
            results=RESULTS,
            days=RUN_DAYS,
            key_text=key_text,
            **_words(await site.configure.routing()),
        )

    async def get_run(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        event = _event_in(request)
        details = await site.store.read(lambda tx: _read_run(site, tx, frame, event))
        told = details.told
        routing = await site.configure.routing()
        graph = told.graph
        return await draw_workflow(
            site,
            request,
            "workflow_run.html",
            frame,
            tab="/log",
            told=told,
            run=told.run,
            details=details,
            graph=None if graph is None else wire.dumps(graph_as_json(graph)).decode(),
            palette=wire.dumps(details.palette).decode(),
            route=wire.dumps(route_json(told)).decode(),
            shown_steps=shown_steps,
            errors=[error_words(told, s) for s in told.steps if s.outcome is Outcome.ERROR],
            event=key_text(event),
            event_label=event_label,
            **_words(routing),
        )

    async def post_cancel(request: Request) -> Response:
        frame = await find_workflow_frame(site, request)
        running, event = f"{frame.path}/running", _event_in(request)
        if not await site.workflows.cancel(frame.view.row.id, event):
            text = "Nothing was cancelled: the run came to its end meanwhile."
            return go(f"{frame.path}/log/{key_text(event)}", text, failed=True)
        return go(running, "The run is cancelled: it goes no further.")

    one = "/workflows/{id}"
    return [
        entrance.get(site, f"{one}/log", get_log),
        entrance.get(site, f"{one}/log/{{event}}", get_run),
        entrance.get(site, f"{one}/running", get_running),
        entrance.post(site, f"{one}/running/{{event}}/cancel", post_cancel),
    ]


def _words(routing: Routing) -> dict[str, Any]:
    """The words with which templates tell of runs."""
    around = connections_around(routing)
    return {
        "connections": {id_: one.title for id_, one in around.items()},
        "ending": ending,
        "node_name": node_name,
        "work_time": work_time,
        "path_of": customer_path,
    }


def _read_page(tx: Transaction, workflow: int, asked: AskedRuns) -> RunPage:
    customer: int | None = None
    if asked.customer:
        found = find_customer(tx, asked.customer)
        if found is None:
            return RunPage()
        customer = found.customer.key
    runs, older = read_runs(
        tx, workflow, result=asked.result, customer=customer, before=asked.before
    )
    return RunPage(runs=tuple(tell(tx, runs)), older=older)


def _read_run(site: Site, tx: Transaction, frame: WorkflowFrame, event: int) -> RunDetails:
    run = read_run(tx, frame.view.row.key, event)
    if run is None:
        raise NotFound(f"there is no such run any more: runs are kept for {RUN_DAYS} days")
    (told,) = tell(tx, [run])
    came = find_event(tx, event)
    item = wire.loads(came.body) if came else None
    data: Json = (item.get("data") or {}) if isinstance(item, dict) else None
    return RunDetails(
        told=told,
        data=data,
        messages=tuple(messages_of_run(tx, site.store.install, run)),
        palette=palette(site.workflows.around(tx), told.graph or Graph()),
    )


def _event_in(request: Request) -> int:
    key = key_from_text(request.path_params["event"])
    if key is None:
        raise NotFound("there is no run under this address")
    return key
