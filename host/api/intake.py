"""Events and customers handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Any, Final, TypeAlias
from uuid import uuid4

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host.api.answers import answer
from host.api.bodies import whole_body
from host.api.doors import Doors
from host.errors import NotFound, RefusedItem
from host.intake.intake import Intake
from host.intake.plan import DUPLICATE, STALE, TAKEN, UNCHANGED, Item, Verdict
from host.metrics import Metrics
from host.reading.bodies import Items, read_items
from host.reading.customers import read_customer
from host.reading.events import TakenEvent, read_event
from host.reading.items import peek_id

_LARGE: Final = 128 * 1024  # bytes from which a body is read beside the event loop

Read: TypeAlias = Item | RefusedItem | None


def intake_routes(intake: Intake, doors: Doors, metrics: Metrics) -> list[Route]:
    """The routes of events and customers."""

    async def post_events(request: Request) -> Response:
        await doors.check(request, "events")
        body = await whole_body(request)
        key = request.headers.get("idempotency-key")
        items, read = await _beside(body, partial(_read_events, body, _kind(request), key))
        verdicts = await intake.take([one for one in read if isinstance(one, TakenEvent)])
        return _events_answer(items, read, verdicts, metrics)

    async def post_customers(request: Request) -> Response:
        await doors.check(request, "events")
        body = await whole_body(request)
        items, read = await _beside(body, partial(_read_customers, body, _kind(request)))
        taken = [one for one in read if one is not None and not isinstance(one, RefusedItem)]
        return _customers_answer(items, read, await intake.take(taken), metrics)

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


async def _beside(
    body: bytes, read: Callable[[], tuple[Items, list[Read]]]
) -> tuple[Items, list[Read]]:
    """Read a large body beside the event loop, so that nobody waits for it."""
    return await anyio.to_thread.run_sync(read) if len(body) > _LARGE else read()


def _read_events(body: bytes, kind: str | None, key: str | None) -> tuple[Items, list[Read]]:
    items = read_items(body, kind)
    now = datetime.now(UTC)
    read: list[Read] = []
    for position, raw in enumerate(items.items):
        if raw is None:
            read.append(None)
            continue
        fallback = partial(fallback_id, key, position) if key else _fresh_id
        try:
            read.append(read_event(raw, now=now, fallback_id=fallback))
        except RefusedItem as refused:
            read.append(refused)
    return items, read


def _read_customers(body: bytes, kind: str | None) -> tuple[Items, list[Read]]:
    items = read_items(body, kind)
    read: list[Read] = []
    for raw in items.items:
        try:
            read.append(None if raw is None else read_customer(raw))
        except RefusedItem as refused:
            read.append(refused)
    return items, read


def fallback_id(key: str, position: int) -> str:
    """The id of an event that brings none, by the request's Idempotency-Key and its position."""
    return f"ik-{blake2b(f'{key} {position}'.encode(), digest_size=16).hexdigest()}"


def _fresh_id() -> str:
    return uuid4().hex


def _merged(read: Sequence[Read], verdicts: Sequence[Verdict]) -> list[Verdict | None]:
    """One verdict per item: those of the taking where the reading let it through."""
    rest = iter(verdicts)
    return [one if one is None or isinstance(one, RefusedItem) else next(rest) for one in read]


def _refused(items: Items, read: Sequence[Read], verdicts: Sequence[Verdict | None]) -> list[Any]:
    return [
        {
            items.by: items.number(position),
            "id": _id_of(read[position], items.items[position]),
            "error": {"code": verdict.code, "message": str(verdict)},
        }
        for position, verdict in enumerate(verdicts)
        if isinstance(verdict, RefusedItem)
    ]


def _id_of(read: Read, raw: bytes | None) -> str | None:
    """The id that a refused item brought, as far as it can be told."""
    if isinstance(read, TakenEvent):
        return read.event.id
    return peek_id(raw or b"", "id", "_id")


def _events_answer(
    items: Items, read: Sequence[Read], taken: Sequence[Verdict], metrics: Metrics
) -> Response:
    verdicts = _merged(read, taken)
    refused = _refused(items, read, verdicts)
    told: dict[str, Any] = {
        "taken": verdicts.count(TAKEN),
        "duplicates": verdicts.count(DUPLICATE),
        "skipped": verdicts.count(None),
        "refused": refused,
        "ids": [
            one.event.id if isinstance(one, TakenEvent) and isinstance(verdict, str) else None
            for one, verdict in zip(read, verdicts, strict=True)
        ],
    }
    metrics.took("event", told)
    return answer(told, _status(told["taken"] + told["duplicates"], len(refused)))


def _customers_answer(
    items: Items, read: Sequence[Read], taken: Sequence[Verdict], metrics: Metrics
) -> Response:
    verdicts = _merged(read, taken)
    refused = _refused(items, read, verdicts)
    told = {
        "taken": verdicts.count(TAKEN),
        "unchanged": verdicts.count(UNCHANGED),
        "stale": verdicts.count(STALE),
        "skipped": verdicts.count(None),
        "refused": refused,
        "ids": [
            None if one is None or isinstance(one, RefusedItem | TakenEvent) else one.id
            for one in read
        ],
    }
    metrics.took("customer", told)
    return answer(told, _status(len(taken), len(refused)))


def _status(accepted: int, refused: int) -> int:
    return 422 if refused and not accepted else 202
