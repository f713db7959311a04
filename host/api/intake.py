"""Events and customers handed in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.api.answers import answer
from host.api.bodies import whole_body
from host.api.doors import Doors
from host.api.taking import Taking, Told
from host.errors import NotFound
from host.intake.intake import Intake
from host.intake.items import DUPLICATE, SKIPPED, STALE, TAKEN, UNCHANGED
from host.metrics import Metrics
from host.reading.customers import read_customer, read_customer_at
from host.reading.events import EventReader

EVENT_WORDS: Final = {TAKEN: "taken", DUPLICATE: "duplicates", SKIPPED: "skipped"}
CUSTOMER_WORDS: Final = {
    TAKEN: "taken",
    UNCHANGED: "unchanged",
    STALE: "stale",
    SKIPPED: "skipped",
}


def intake_routes(intake: Intake, doors: Doors, metrics: Metrics) -> list[Route]:
    """The routes of events and customers."""

    taking = Taking(intake)

    async def post_events(request: Request) -> Response:
        await doors.check(request, "events")
        body = await whole_body(request)
        reader = EventReader(datetime.now(UTC), request.headers.get("idempotency-key"))
        return _answer("event", await taking.take(body, _kind(request), reader, EVENT_WORDS))

    async def post_customers(request: Request) -> Response:
        await doors.check(request, "events")
        body = await whole_body(request)
        told = await taking.take(body, _kind(request), read_customer_at, CUSTOMER_WORDS)
        return _answer("customer", told)

    def _answer(kind: str, told: Told) -> Response:
        said = told.to_json()
        metrics.took(kind, said)
        return answer(said, told.status)

    async def put_customer(request: Request) -> Response:
        await doors.check(request, "admin")
        body = await whole_body(request)
        taken = read_customer(body, id=request.path_params["id"])
        verdict = (await intake.take([taken]))[0]
        return answer({"id": taken.id, "result": verdict})

    async def get_customer(request: Request) -> Response:
        await doors.check(request, "admin")
        stored = await intake.find(request.path_params["id"])
        if stored is None:
            raise NotFound("no customer is known under that id")
        return answer({"id": stored.id, **(stored.fields or {})})

    async def delete_customer(request: Request) -> Response:
        await doors.check(request, "admin")
        if not await intake.erase(request.path_params["id"]):
            raise NotFound("no customer is known under that id")
        return answer({"id": request.path_params["id"], "result": "erased"})

    return [
        Route("/api/events", post_events, methods=["POST"]),
        Route("/api/customers", post_customers, methods=["POST"]),
        Route("/api/customers/{id:path}", put_customer, methods=["PUT"]),
        Route("/api/customers/{id:path}", get_customer, methods=["GET"]),
        Route("/api/customers/{id:path}", delete_customer, methods=["DELETE"]),
    ]


def _kind(request: Request) -> str | None:
    return request.headers.get("content-type")
