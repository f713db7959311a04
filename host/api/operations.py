"""For operators and their machines: health, figures, the description of the API."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.api.answers import answer, error_answer
from host.api.messages import ledger_by_id
from host.api.openapi import document
from host.metrics import CONTENT_TYPE, Metrics
from host.store.connections import generation
from host.store.store import Store


def operation_routes(store: Store, metrics: Metrics, ready: Callable[[], bool]) -> list[Route]:
    """The routes that need no token: they tell nothing of anybody."""

    async def get_health(request: Request) -> Response:
        return answer({"status": "ok"})

    async def get_ready(request: Request) -> Response:
        if not ready():
            return error_answer(503, "not_ready", "the host is starting or stopping")
        await store.read(generation)  # an error of the store is told as what it is
        return answer({"status": "ready"})

    async def get_metrics(request: Request) -> Response:
        text = metrics.text(await store.read(ledger_by_id))
        return Response(text, media_type=CONTENT_TYPE)

    async def get_openapi(request: Request) -> Response:
        return answer(document())

    return [
        Route("/healthz", get_health, methods=["GET"]),
        Route("/readyz", get_ready, methods=["GET"]),
        Route("/metrics", get_metrics, methods=["GET"]),
        Route("/api/openapi.json", get_openapi, methods=["GET"]),
    ]
