"""A destination to try the module on: takes items, forgets nothing, shows what arrived."""

from __future__ import annotations

import hmac
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from host import dumps, loads
from host_template.manifest import STAND_IN_TOKEN

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Template stand-in</title>
<meta http-equiv="refresh" content="2"><style>body {{ font: 1rem system-ui; margin: 2rem }}
td, th {{ text-align: left; padding: .2rem 1rem .2rem 0 }}</style>
<h1>What arrived ({count})</h1><table>
<tr><th>Customer<th>Event<th>Environment<th>Id</tr>{rows}</table></html>"""


def create_app() -> Starlette:
    """A new stand-in, which remembers items by id for as long as it runs."""
    arrived: dict[str, dict[str, Any]] = {}  # by id: a repeat changes nothing

    async def items(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {STAND_IN_TOKEN}".encode()):
            return JSONResponse({"error": "unknown token"}, status_code=401)
        try:
            found = [(item["id"], _row(item)) for item in loads(await request.body())]
        except (ValueError, TypeError, KeyError):
            return JSONResponse({"error": "an array of items is wanted"}, status_code=400)
        for id, row in found:
            arrived.setdefault(id, row)
        return JSONResponse({"taken": len(found)}, status_code=202)

    async def arrivals(request: Request) -> Response:
        return Response(dumps(list(arrived.values())), media_type="application/json")

    async def page(request: Request) -> Response:
        rows = "".join(map(_cells, reversed(arrived.values())))
        return HTMLResponse(_PAGE.format(count=len(arrived), rows=rows))

    return Starlette(
        routes=[
            Route("/items", items, methods=["POST"]),
            Route("/arrivals", arrivals),
            Route("/", page),
        ]
    )


def _row(item: dict[str, Any]) -> dict[str, Any]:
    event = item["event"]
    return {
        "customer": item["customer"],
        "event": event["name"] if event is not None else None,
        "environment": item["environment"],
        "id": item["id"],
        "item": item,
    }


def _cells(row: dict[str, Any]) -> str:
    values = (row["customer"], row["event"] or "profile", row["environment"], row["id"])
    return "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in values) + "</tr>"
