"""The bare HTTP stack of the host: reads, checks and answers as the host does, and no more.

Without doors, counters and pages: the least that a server in this language could take.
"""

from __future__ import annotations

import hmac
import uuid
from datetime import UTC, datetime

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.stack import serve
from host.errors import RefusedItem
from host.reading.bodies import Unpacker, read_items
from host.reading.events import read_event

TOKEN = "baseline"


async def take(request: Request) -> Response:
    """`POST /api/events`, answering what the host answers."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given, TOKEN):
        return Response(status_code=401)
    unpacker = Unpacker(request.headers.get("content-encoding"))
    async for chunk in request.stream():
        unpacker.feed(chunk)
    items = read_items(unpacker.finish(), request.headers.get("content-type"))
    answer = _answer(items.items)
    return Response(
        msgspec.json.encode(answer),
        status_code=202 if answer["taken"] else 422,
        media_type="application/json",
    )


def _answer(items: list[bytes | None]) -> dict[str, object]:
    now = datetime.now(UTC)
    ids: list[str | None] = []
    refused: list[dict[str, object]] = []
    for index, raw in enumerate(items):
        try:
            taken = raw and read_event(raw, now=now, fallback_id=lambda: uuid.uuid4().hex)
        except RefusedItem as error:
            refused.append({"index": index, "id": None, "error": {"code": error.code}})
            taken = None
        ids.append(taken.event.id if taken else None)
    return {
        "taken": len(ids) - ids.count(None),
        "duplicates": 0,
        "skipped": items.count(None),
        "refused": refused,
        "ids": ids,
    }


if __name__ == "__main__":
    serve(Starlette(routes=[Route("/api/events", take, methods=["POST"])]))
