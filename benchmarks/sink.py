"""A destination that takes everything: 20 ms an answer, arrivals counted, nothing kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.stack import serve

LATENCY: Final = 0.02  # seconds from the request's last byte to the answer

_array: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Counters(msgspec.Struct):
    """What arrived so far; `last_at` is `time.monotonic`, which all processes share."""

    requests: int = 0
    batches: int = 0
    last_at: float = 0.0


def _one(body: bytes) -> int:
    return 1


def _many(body: bytes) -> int:
    return len(_array.decode(body))


def create_app() -> Starlette:
    """The application: mParticle's two paths, and `GET /counters`."""
    counters = Counters()

    def taking(count: Callable[[bytes], int]) -> Callable[[Request], object]:
        async def take(request: Request) -> Response:
            batches = count(await request.body())
            counters.requests += 1
            counters.batches += batches
            counters.last_at = time.monotonic()
            await asyncio.sleep(LATENCY)
            return Response(status_code=202)

        return take

    async def show(request: Request) -> Response:
        return JSONResponse(msgspec.to_builtins(counters))

    return Starlette(
        routes=[
            Route("/v2/events", taking(_one), methods=["POST"]),
            Route("/v2/bulkevents", taking(_many), methods=["POST"]),
            Route("/counters", show),
        ]
    )


if __name__ == "__main__":
    serve(create_app())
