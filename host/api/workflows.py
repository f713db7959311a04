"""Workflows: read, saved, tried, and what they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.api.answers import answer, time_text
from host.api.bodies import json_body, loads, settings_body, version_of
from host.api.doors import Doors
from host.configure import Workflows, WorkflowView
from host.errors import Fault, InvalidConfiguration, UnreadableBody
from host.routing import Routing
from host.sample_run import SampleRun, SampleStep, try_out
from host.store.customers import find_customers
from host.store.engine import Transaction
from host.store.keys import key_from_text, key_text
from host.store.runs import StoredRun, read_runs
from host.store.store import Store
from host.workflow import Result, graph_as_json
from host.workflow.document import read_workflow

_RESULTS: Final = ("", *Result)
_GIVEN: Final = {"event", "customer"}


def workflow_routes(
    workflows: Workflows, store: Store, routing: Callable[[Transaction], Routing], doors: Doors
) -> list[Path]:
    """The routes of workflows."""

    async def get_workflows(request: Request) -> Response:
        await doors.check(request, "admin")
        return answer({"workflows": [workflow_json(view) for view in await workflows.all()]})

    async def get_workflow(request: Request) -> Response:
        await doors.check(request, "admin")
        return _one(await workflows.find(request.path_params["id"]))

    async def put_workflow(request: Request) -> Response:
        await doors.check(request, "admin")
        id_ = request.path_params["id"]
        body = await json_body(request)
        if isinstance(body, dict) and body.get("id", id_) != id_:
            fault = Fault(path="id", message="the id is that of the address: it stays")
            raise InvalidConfiguration([fault])
        draft = read_workflow(body)
        return _one(await workflows.save(draft, id_=id_, version=version_of(request)))

    async def delete_workflow(request: Request) -> Response:
        await doors.check(request, "admin")
        await workflows.delete(request.path_params["id"])
        return answer({"id": request.path_params["id"], "result": "deleted"})

    async def post_test(request: Request) -> Response:
        await doors.check(request, "admin")
        view = await workflows.find(request.path_params["id"])
        body = await settings_body(request)
        given = loads(body) if body.strip() else {}
        if not isinstance(given, dict) or given.keys() - _GIVEN:
            raise UnreadableBody('the body must be like {"event": {…}, "customer": {…}}')
        return answer(sample_json(await try_out(workflows, store, routing, view.graph, **given)))

    async def get_runs(request: Request) -> Response:
        await doors.check(request, "admin")
        key = (await workflows.find(request.path_params["id"])).row.key
        result = request.query_params.get("result", "")
        if result not in _RESULTS:
            raise UnreadableBody(f"result must be one of {', '.join(Result)}")
        cursor = request.query_params.get("cursor")
        before = key_from_text(cursor) if cursor else None
        if cursor and before is None:
            raise UnreadableBody("the cursor is none that was given out")
        id_ = request.query_params.get("customer")

        def read(tx: Transaction) -> tuple[list[StoredRun], int | None]:
            customer = find_customers(tx, [id_]).get(id_) if id_ else None
            if id_ and customer is None:
                return [], None
            whose = customer.key if customer else None
            return read_runs(tx, key, result=result, customer=whose, before=before)

        runs, older = await store.read(read)
        return answer(
            {
                "runs": [stored_run_json(run) for run in runs],
                "next": None if older is None else key_text(older),
            }
        )

    one = "/api/workflows/{id}"
    return [
        Path("/api/workflows", get_workflows, methods=["GET"]),
        Path(one, get_workflow, methods=["GET"]),
        Path(one, put_workflow, methods=["PUT"]),
        Path(one, delete_workflow, methods=["DELETE"]),
        Path(f"{one}/test", post_test, methods=["POST"]),
        Path(f"{one}/runs", get_runs, methods=["GET"]),
    ]


def workflow_json(view: WorkflowView) -> dict[str, Any]:
    """A workflow with its newest graph; given back as it is, it changes nothing."""
    row = view.row
    return {
        "id": row.id,
        "name": row.name,
        "state": view.state,
        "active": row.active,
        "version": row.version,
        "active_version": row.active_version,
        "trigger": view.trigger or None,
        "faults": [
            {
                "node": fault.node or None,
                "field": fault.field or None,
                "level": fault.level,
                "message": fault.message,
            }
            for fault in view.faults
        ],
        "runs_24h": view.runs,
        "errors_24h": view.errors,
        "changed_at": time_text(row.changed_at),
        "changed_by": row.changed_by,
        **graph_as_json(view.graph),
    }


def _one(view: WorkflowView) -> Response:
    return answer(workflow_json(view), headers={"ETag": f'"{view.row.version}"'})


def stored_run_json(run: StoredRun) -> dict[str, Any]:
    """What a workflow did for an event."""
    return {
        "event": run.event_id,
        "customer": run.customer_id,
        "version": run.version,
        "result": run.result,
        "reason": run.reason,
        "at": time_text(run.at),
        "ended_at": time_text(run.ended_at),
        "duration_us": run.duration,
        "steps": [
            {"node": node, "outcome": outcome, "input": input_, "text": text or None}
            for node, outcome, input_, text in run.steps
        ],
    }


def sample_json(run: SampleRun) -> dict[str, Any]:
    """What a workflow would do for an event."""
    return {
        "event": {
            "id": run.event.id,
            "customer": run.event.customer,
            "action": run.event.action,
            "data": run.event.data,
        },
        "customer": run.customer,
        "result": run.result,
        "steps": [_sample_step(step) for step in run.steps],
    }


def _sample_step(shown: SampleStep) -> dict[str, Any]:
    step = shown.step
    return {
        "node": step.node,
        "outcome": step.outcome,
        "input": step.input,
        "text": step.text or shown.problem or None,
        "request": None
        if shown.request is None
        else {
            "method": shown.request.method,
            "url": shown.request.url,
            "body": shown.request.body.decode(errors="replace"),
        },
        "profile": shown.profile,
        "notes": list(shown.notes),
    }
