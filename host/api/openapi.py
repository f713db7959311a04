"""The API described for machines (OpenAPI 3.1), from one table of its calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what it does, who may make it, and how it answers when all is well."""

    method: str
    path: str
    summary: str
    scope: str | None = "admin"
    status: int = 200
    body: str | None = None
    query: tuple[str, ...] = ()


_FILTER: Final = ("connection", "state", "customer", "reason", "since", "cursor", "limit")
_ID: Final = "/api/connections/{id}"
_WORKFLOW: Final = "/api/workflows/{id}"

CALLS: Final = (
    Call("post", "/api/events", "Hand in events", "events", 202, "Events"),
    Call("post", "/api/customers", "Hand in customers", "events", 202, "Customers"),
    Call("put", "/api/customers/{id}", "Replace a customer's profile", body="Object"),
    Call("get", "/api/customers/{id}", "A customer's profile"),
    Call("delete", "/api/customers/{id}", "Erase a customer"),
    Call("get", "/api/modules", "All modules"),
    Call("post", "/api/modules/{name}/enable", "Switch a module on"),
    Call("post", "/api/modules/{name}/disable", "Switch a module off"),
    Call("get", "/api/connections", "All connections"),
    Call("get", _ID, "A connection"),
    Call("put", _ID, "Try and save a connection", body="Object"),
    Call("delete", _ID, "Delete a connection"),
    Call("post", f"{_ID}/test", "Try a connection without saving", body="Object"),
    Call("post", f"{_ID}/pause", "Let a connection's messages wait"),
    Call("post", f"{_ID}/resume", "Deliver again"),
    Call("get", f"{_ID}/fields", "Field mappings"),
    Call("put", f"{_ID}/fields", "Replace the field mappings", body="Object"),
    Call("get", f"{_ID}/events", "Event mappings"),
    Call("put", f"{_ID}/events", "Replace the event mappings", body="Object"),
    Call("get", "/api/workflows", "All workflows"),
    Call("get", _WORKFLOW, "A workflow with its newest graph"),
    Call("put", _WORKFLOW, "Save a workflow; `active` activates or pauses it", body="Object"),
    Call("delete", _WORKFLOW, "Delete a workflow"),
    Call("post", f"{_WORKFLOW}/test", "Run it with a sample; nothing is sent", body="Object"),
    Call(
        "get",
        f"{_WORKFLOW}/runs",
        "What it did, newest first",
        query=("result", "customer", "cursor"),
    ),
    Call("get", "/api/messages", "Messages, newest first", query=_FILTER),
    Call("get", "/api/messages/{id}", "A message with payload and attempts"),
    Call("post", "/api/messages/resend", "Make messages due now", body="Selection"),
    Call("post", "/api/messages/discard", "Take messages out", body="Selection"),
    Call("post", "/api/messages/replay", "Put messages back", body="Selection"),
    Call("get", "/api/stream", "Messages as they are settled (server-sent events)"),
    Call("get", "/api/ledger", "How many messages stand where"),
    Call("get", "/healthz", "Is the process alive", None),
    Call("get", "/readyz", "Can it take events", None),
    Call("get", "/metrics", "Figures for Prometheus", None),
    Call("get", "/api/openapi.json", "This document", None),
)

_SCHEMAS: Final[dict[str, Any]] = {
    "Object": {"type": "object"},
    "Event": {
        "type": "object",
        "required": ["action"],
        "properties": {
            "id": {"type": ["string", "integer", "null"]},
            "customer": {"type": ["string", "integer"]},
            "action": {"type": "string", "minLength": 1},
            "data": {"type": ["object", "null", "array"]},
            "timestamp": {"type": ["string", "number", "null"]},
            "account": {"type": ["string", "integer", "null"]},
            "external_id": {"type": ["string", "integer", "null"]},
            "guest": {"type": ["boolean", "string", "integer", "null"]},
        },
    },
    "Events": {
        "oneOf": [
            {"$ref": "#/components/schemas/Event"},
            {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        ]
    },
    "Customers": {
        "oneOf": [
            {"$ref": "#/components/schemas/Object"},
            {"type": "array", "items": {"$ref": "#/components/schemas/Object"}},
        ]
    },
    "Selection": {
        "type": "object",
        "properties": {
            "ids": {"type": "array", "items": {"type": "string"}},
            "limit": {"type": "integer"},
            "dry_run": {"type": "boolean"},
            **{name: {"type": "string"} for name in _FILTER[:5]},
        },
    },
    "Error": {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "details": {},
                },
            }
        },
    },
}


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Loyalty Host", "version": version("loyalty-host")},
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(call: Call) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", call.path)
    ] + [{"name": name, "in": "query", "schema": {"type": "string"}} for name in call.query]
    operation: dict[str, Any] = {
        "summary": call.summary,
        "responses": {
            str(call.status): {"description": "done"},
            "default": {
                "description": "an error",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if parameters:
        operation["parameters"] = parameters
    if call.scope is not None:
        operation["security"] = [{"token": [call.scope]}]
    if call.body is not None:
        schema = {"$ref": f"#/components/schemas/{call.body}"}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation
