"""A page that holds nothing but the workflow editor, served as the host serves its own pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from host.pages import shield
from host.pages.forms import read_form
from host.pages.shield import Shield
from tests.harness import ThreadServer

STATIC: Final = Path(shield.__file__).with_name("static")
BOTH: Final = ["success", "failure"]
LOOKUPS: Final = [
    {"value": "{{ event.data.points }}", "label": "Event · Points"},
    {"value": "{{ customer.first_name }}", "label": "Customer · First name"},
]
OPERATORS: Final = [
    {"value": "is", "label": "is", "takes": "one"},
    {"value": "more", "label": "is more than", "takes": "one"},
    {"value": "in_list", "label": "is in list", "takes": "list"},
    {"value": "is_empty", "label": "is empty", "takes": "none"},
]
MATCH: Final = {
    "name": "match",
    "label": "Passes when",
    "kind": "choice",
    "default": "all",
    "choices": [
        {"value": "all", "label": "all rows hold (AND)"},
        {"value": "any", "label": "any row holds (OR)"},
    ],
}


def _filter(type_: str, title: str, about: str, *attributes: str) -> dict[str, Any]:
    rows = {
        "name": "rows",
        "label": "Conditions",
        "kind": "conditions",
        "required": True,
        "most": 20,
        "suggestions": [{"value": one, "label": one.capitalize()} for one in attributes],
        "operators": OPERATORS,
    }
    return {
        "type": type_,
        "title": title,
        "about": about,
        "outputs": BOTH,
        "inputs": 1,
        "fields": [MATCH, rows],
    }


def _choice(name: str, label: str, *values: str, **more: Any) -> dict[str, Any]:
    choices = [{"value": one, "label": one.capitalize()} for one in values]
    return {"name": name, "label": label, "kind": "choice", "required": True, **more} | (
        {"choices": choices} if choices else {}
    )


EVENT: Final = {
    "type": "event_trigger",
    "title": "Event",
    "about": "Starts the workflow when a customer does something.",
    "inputs": 0,
    "outputs": ["success"],
    "most": 1,
    "summary": "event",
    "fields": [
        {
            "name": "event",
            "label": "Event type",
            "kind": "text",
            "required": True,
            "help": "The action that starts it.",
            "suggestions": [{"value": "point_add", "label": "Point add"}],
        }
    ],
}
WAIT: Final = {
    "type": "wait",
    "title": "Wait",
    "about": "Goes on after a while.",
    "inputs": 1,
    "outputs": ["success"],
    "fields": [
        {
            "name": "amount",
            "label": "How long",
            "kind": "number",
            "required": True,
            "least": 1,
            "most": 43200,
        },
        _choice("unit", "Unit", "minutes", "hours", "days", default="days"),
    ],
}
INTERRUPT: Final = {
    "type": "interrupt",
    "title": "Interrupt",
    "about": "Ends the run here.",
    "inputs": 1,
    "outputs": [],
    "fields": [],
}
COMMUNICATION: Final = {
    "type": "marketing_communication",
    "title": "Trigger marketing communication",
    "about": "Sends an event to a connected module.",
    "inputs": 1,
    "outputs": BOTH,
    "summary": "event",
    "fields": [
        _choice("connection", "Connection", "first", "second"),
        {"name": "event", "label": "External event", "kind": "text", "required": True},
        _choice(
            "event_type",
            "External event type",
            by="connection",
            choices_by={
                "first": [{"value": "transaction", "label": "Transaction"}],
                "second": [{"value": "other", "label": "Other"}],
            },
        ),
        {
            "name": "payload",
            "label": "Payload",
            "kind": "pairs",
            "most": 100,
            "key_label": "Key",
            "value_label": "Value",
            "suggestions": LOOKUPS,
        },
    ],
}
SYNC: Final = {
    "type": "sync_data",
    "title": "Sync data",
    "about": "Sends the customer's fields to a connected module.",
    "summary": "connection",
    "inputs": 1,
    "outputs": BOTH,
    "fields": [_choice("connection", "Connection", "first", "second")],
}
PALETTE: Final[dict[str, Any]] = {
    "limits": {"nodes": 100, "edges": 200},
    "groups": [
        {"title": "Triggers", "nodes": [EVENT]},
        {
            "title": "Filters",
            "nodes": [
                _filter(
                    "event_filter",
                    "Event attribute filter",
                    "Looks at what the event brings.",
                    "points",
                    "store",
                ),
                _filter(
                    "customer_filter",
                    "Customer attribute filter",
                    "Looks at the customer.",
                    "country",
                    "tier",
                ),
            ],
        },
        {"title": "Flow", "nodes": [WAIT, INTERRUPT]},
        {"title": "Actions", "nodes": [COMMUNICATION, SYNC]},
    ],
}


class Kept(StaticFiles):
    """Files that a browser keeps as long as it runs."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        response = super().file_response(*args, **more)
        response.headers["Cache-Control"] = "max-age=3600"
        return response


class CanvasServer(ThreadServer):
    """Shows what it is told to show, and keeps what it is asked and sent."""

    def __init__(self) -> None:
        self.palette = PALETTE
        self.graph: dict[str, Any] | str = ""
        self.faults: list[dict[str, str]] = []
        self.answer: list[dict[str, str]] = []  # faults that a check finds
        self.route: list[dict[str, str]] | None = None
        self.checked: list[Any] = []
        self.saved: list[str] = []
        super().__init__(
            Starlette(
                routes=[
                    Route("/", self._page),
                    Route("/check", self._check, methods=["POST"]),
                    Route("/save", self._save, methods=["POST"]),
                    Mount("/static", Kept(directory=STATIC)),
                ],
                middleware=[Middleware(Shield)],
            )
        )

    def forget(self) -> None:
        """Show an empty board again, and have been asked nothing."""
        self.palette, self.graph, self.route = PALETTE, "", None
        self.faults, self.answer, self.checked, self.saved = [], [], [], []

    async def _page(self, request: Request) -> Response:
        text = self.graph if isinstance(self.graph, str) else json.dumps(self.graph)
        given = {"name": "graph", "data-palette": json.dumps(self.palette), "data-check": "/check"}
        given["data-faults"] = json.dumps(self.faults)
        if self.route is not None:
            given |= {"readonly": "", "data-route": json.dumps(self.route)}
        attributes = " ".join(f'{name}="{escape(value)}"' for name, value in given.items())
        return HTMLResponse(_PAGE.format(attributes=attributes, text=escape(text)))

    async def _check(self, request: Request) -> Response:
        form = await read_form(request)
        assert request.headers["hx-request"] == "true"
        self.checked.append(json.loads(form.secret("graph")))
        return JSONResponse({"faults": self.answer})

    async def _save(self, request: Request) -> Response:
        form = await read_form(request)
        self.saved.append(form.secret("graph"))
        return HTMLResponse(_SAVED)


@contextmanager
def canvas_server() -> Iterator[CanvasServer]:
    """The page, served for as long as it is looked at."""
    server = CanvasServer()
    yield server
    server.stop()


def node(id_: str, type_: str, **more: Any) -> dict[str, Any]:
    """A node of a graph."""
    return {"id": id_, "type": type_, **more}


def chain(*nodes: dict[str, Any], edges: Sequence[tuple[str, str, str]] = ()) -> dict[str, Any]:
    """A graph of these nodes; `edges` are (from, output, to)."""
    return {
        "nodes": list(nodes),
        "edges": [{"from": start, "to": end, "on": output} for start, output, end in edges],
    }


_SAVED: Final = """<!doctype html>
<title>Saved</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
"""
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Welcome · Workflows</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/app.css">
<link rel="stylesheet" href="/static/flow/flow.css">
<script src="/static/flow/canvas.js" type="module"></script>
</head>
<body>
<main id="main">
<h1>Welcome</h1>
<form method="post" action="/save">
<flow-canvas {attributes}>
<label>Graph <textarea name="graph">{text}</textarea></label>
</flow-canvas>
<div class="actions">
<button class="primary">Save</button>
<button type="reset">Discard</button>
</div>
</form>
</main>
</body>
</html>
"""
