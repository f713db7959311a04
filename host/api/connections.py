"""Connections and modules."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.api.answers import answer
from host.api.bodies import json_body, loads, settings_body, version_of
from host.api.doors import Doors
from host.configuration import (
    ConnectionDraft,
    as_json,
    event_as_json,
    field_as_json,
    read_connection,
    read_events,
    read_fields,
)
from host.configure import Configure
from host.modules import Modules
from host.registry import Module
from host.routing import Route


def connection_routes(configure: Configure, doors: Doors) -> list[Path]:
    """The routes of connections."""

    async def get_connections(request: Request) -> Response:
        await doors.check(request, "admin")
        routes = (await configure.routing()).routes
        return answer([connection_json(route) for route in routes])

    async def get_connection(request: Request) -> Response:
        await doors.check(request, "admin")
        return _connection(await _find(request))

    async def put_connection(request: Request) -> Response:
        await doors.check(request, "admin")
        draft = read_connection(request.path_params["id"], await json_body(request))
        return _connection(await configure.save(draft, version=version_of(request)))

    async def delete_connection(request: Request) -> Response:
        await doors.check(request, "admin")
        await configure.delete(request.path_params["id"])
        return answer({"id": request.path_params["id"], "result": "deleted"})

    async def post_test(request: Request) -> Response:
        await doors.check(request, "admin")
        id_ = request.path_params["id"]
        body = await settings_body(request)
        draft = read_connection(id_, loads(body)) if body.strip() else None
        begun = time.perf_counter()
        trial = await configure.test(id_, draft)
        duration = int((time.perf_counter() - begun) * 1000)
        return answer({"result": "connected", "title": trial.title, "duration_ms": duration})

    def post_pause(paused: bool) -> Callable[[Request], Any]:
        async def post(request: Request) -> Response:
            await doors.check(request, "admin")
            return _connection(await configure.pause(request.path_params["id"], paused))

        return post

    async def get_fields(request: Request) -> Response:
        await doors.check(request, "admin")
        return _fields(await _find(request))

    async def put_fields(request: Request) -> Response:
        await doors.check(request, "admin")
        rows = read_fields(_rows(await json_body(request), "fields"))
        draft = ConnectionDraft(id=(await _find(request)).row.id, fields=rows)
        return _fields(await configure.save(draft, version=version_of(request)))

    async def get_events(request: Request) -> Response:
        await doors.check(request, "admin")
        return _events(await _find(request))

    async def put_events(request: Request) -> Response:
        await doors.check(request, "admin")
        rows = read_events(_rows(await json_body(request), "events"))
        draft = ConnectionDraft(id=(await _find(request)).row.id, events=rows)
        return _events(await configure.save(draft, version=version_of(request)))

    async def _find(request: Request) -> Route:
        return (await configure.routing()).find(request.path_params["id"])

    one = "/api/connections/{id}"
    return [
        Path("/api/connections", get_connections, methods=["GET"]),
        Path(one, get_connection, methods=["GET"]),
        Path(one, put_connection, methods=["PUT"]),
        Path(one, delete_connection, methods=["DELETE"]),
        Path(f"{one}/test", post_test, methods=["POST"]),
        Path(f"{one}/pause", post_pause(True), methods=["POST"]),
        Path(f"{one}/resume", post_pause(False), methods=["POST"]),
        Path(f"{one}/fields", get_fields, methods=["GET"]),
        Path(f"{one}/fields", put_fields, methods=["PUT"]),
        Path(f"{one}/events", get_events, methods=["GET"]),
        Path(f"{one}/events", put_events, methods=["PUT"]),
    ]


def module_routes(modules: Modules, doors: Doors) -> list[Path]:
    """The routes of modules."""

    async def get_modules(request: Request) -> Response:
        await doors.check(request, "admin")
        return answer([module_json(module) for module in modules.registry.modules])

    def post_switch(enabled: bool) -> Callable[[Request], Any]:
        async def post(request: Request) -> Response:
            await doors.check(request, "admin")
            return answer(module_json(await modules.switch(request.path_params["name"], enabled)))

        return post

    return [
        Path("/api/modules", get_modules, methods=["GET"]),
        Path("/api/modules/{name}/enable", post_switch(True), methods=["POST"]),
        Path("/api/modules/{name}/disable", post_switch(False), methods=["POST"]),
    ]


def module_json(module: Module) -> dict[str, Any]:
    """A module as lists show it."""
    return {
        "name": module.name,
        "state": module.state,
        "reason": module.reason or None,
        "title": module.title,
        "version": module.version,
        "distribution": module.distribution,
        "enabled": module.enabled,
    }


def connection_json(route: Route) -> dict[str, Any]:
    """A connection with its state; secrets are told to be set, no more."""
    reason = route.row.reason
    return {
        **as_json(route.config, route.manifest),
        "title": route.row.title,
        "environment": route.row.environment,
        "state": route.row.shown_state,
        "reason": None if reason is None else {"code": reason.code, "text": reason.text},
        "version": route.row.version,
    }


def _connection(route: Route) -> Response:
    return answer(connection_json(route), headers=_etag(route))


def _fields(route: Route) -> Response:
    rows = [field_as_json(row) for row in route.config.fields]
    return answer({"fields": rows, "version": route.row.version}, headers=_etag(route))


def _events(route: Route) -> Response:
    rows = [event_as_json(row) for row in route.config.events]
    return answer({"events": rows, "version": route.row.version}, headers=_etag(route))


def _etag(route: Route) -> dict[str, str]:
    return {"ETag": f'"{route.row.version}"'}


def _rows(value: Any, name: str) -> Any:
    """The rows, given as a list or as they were read (`{"fields": […]}`)."""
    return value.get(name, []) if isinstance(value, dict) else value
