"""Messages, the ledger, and the stream of what is settled just now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from host import wire
from host.api.answers import answer, time_of, time_text
from host.api.bodies import settings_body
from host.api.doors import Doors
from host.delivery.delivery import Delivery
from host.delivery.queue import Action, Queue
from host.delivery.watching import watch
from host.errors import NotFound, UnreadableBody
from host.model import MessageState, Reason
from host.store.connections import connection_keys
from host.store.engine import Transaction
from host.store.ledger import STATES, read_ledger
from host.store.listing import MessageFilter
from host.store.messages import MessageDetail, MessageView, read_view
from host.store.store import Store

MOST: Final = 500  # messages a page
_DEFAULT: Final = 50


def message_routes(store: Store, queue: Queue, delivery: Delivery, doors: Doors) -> list[Route]:
    """The routes of messages."""

    async def get_messages(request: Request) -> Response:
        await doors.check(request, "admin")
        query = request.query_params
        wanted = read_filter(query)
        views, cursor = await queue.page(wanted, query.get("cursor"), _limit(query))
        return answer({"messages": [message_json(view) for view in views], "next": cursor})

    async def get_message(request: Request) -> Response:
        await doors.check(request, "admin")
        detail = await queue.detail(request.path_params["id"])
        if detail is None:
            raise NotFound("there is no message under that id")
        return answer(detail_json(detail))

    async def post_change(request: Request) -> Response:
        await doors.check(request, "admin")
        order = _order(await settings_body(request))
        tally = await queue.change(
            cast(Action, request.url.path.rpartition("/")[2]),
            read_filter(order.filter, order.ids),
            limit=order.limit,
            dry_run=order.dry_run,
        )
        told = asdict(tally)
        if not told["new_ids"]:
            del told["new_ids"]
        return answer(told)

    async def get_ledger(request: Request) -> Response:
        await doors.check(request, "admin")
        return answer({"connections": await store.read(ledger_by_id)})

    async def get_stream(request: Request) -> Response:
        await doors.check(request, "admin")
        return StreamingResponse(
            _settled(store, delivery),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    return [
        Route("/api/messages", get_messages, methods=["GET"]),
        Route("/api/messages/resend", post_change, methods=["POST"]),
        Route("/api/messages/discard", post_change, methods=["POST"]),
        Route("/api/messages/replay", post_change, methods=["POST"]),
        Route("/api/messages/{id}", get_message, methods=["GET"]),
        Route("/api/ledger", get_ledger, methods=["GET"]),
        Route("/api/stream", get_stream, methods=["GET"]),
    ]


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be done to which messages."""

    ids: tuple[str, ...] = ()
    connection: str | None = None
    state: str | None = None
    customer: str | None = None
    reason: str | None = None
    since: str | None = None
    limit: int | None = None
    dry_run: bool = False

    @property
    def filter(self) -> Mapping[str, str]:
        """The criteria that were given."""
        names = ("connection", "state", "customer", "reason", "since")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def _order(body: bytes) -> _Order:
    try:
        return msgspec.json.decode(body or b"{}", type=_Order)
    except ValueError as error:
        raise UnreadableBody(f"the body does not say which messages are meant: {error}") from None


def read_filter(given: Mapping[str, str], ids: Sequence[str] = ()) -> MessageFilter:
    """A filter out of text. Raises UnreadableBody for what is no state or no time."""
    state = given.get("state") or None
    if state is not None and state not in STATES:
        raise UnreadableBody(f"{state[:40]!r} is no state; there are {', '.join(STATES)}")
    since = given.get("since") or None
    return MessageFilter(
        connection=given.get("connection") or None,
        state=None if state is None else MessageState(state),
        customer=given.get("customer") or None,
        reason=given.get("reason") or None,
        since=None if since is None else time_of(since),
        ids=tuple(dict.fromkeys(ids)),
    )


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit") or str(_DEFAULT)
    if not text.isdecimal() or len(text) > len(str(MOST)) or not 1 <= int(text) <= MOST:
        raise UnreadableBody(f"limit must be a number from 1 to {MOST}")
    return int(text)


def message_json(view: MessageView) -> dict[str, Any]:
    """A message as lists show it."""
    return {
        "id": view.id,
        "connection": view.connection,
        "module": view.module,
        "kind": view.kind,
        "customer": view.customer,
        "event": view.event,
        "action": view.action,
        "state": view.state,
        "reason": _reason(view.reason),
        "attempts": view.attempts,
        "resends": max(0, view.attempts - 1),
        "next_attempt_at": time_text(view.next_attempt_at),
        "dedupe_id": view.id,
        "environment": view.environment,
        "notes": list(view.notes),
        "made_at": time_text(view.made_at),
        "settled_at": time_text(view.settled_at),
    }


def detail_json(detail: MessageDetail) -> dict[str, Any]:
    """A message with its payload and attempts."""
    return {
        **message_json(detail.view),
        "payload": detail.payload,
        "history": [
            {
                "at": time_text(line.at),
                "duration_ms": line.duration_ms,
                "status": line.status,
                "outcome": line.outcome,
                "reason": _reason(line.reason),
            }
            for line in detail.history
        ],
    }


def _reason(reason: Reason | None) -> dict[str, str] | None:
    return None if reason is None else {"code": reason.code, "text": reason.text}


def ledger_by_id(tx: Transaction) -> dict[str, dict[str, int]]:
    """The books of the connections there are, by id."""
    names = connection_keys(tx, deleted=False)
    books = read_ledger(tx)
    wanted = ("made", *STATES)
    return {id_: {column: books[key][column] for column in wanted} for key, id_ in names.items()}


async def _settled(store: Store, delivery: Delivery) -> AsyncIterator[bytes]:
    """Server-sent events: each message as it stands after an attempt."""
    async for ids in watch(delivery):
        if not ids:
            yield b": still here\n\n"
            continue
        for view in await store.read(partial(_views, install=store.install, ids=ids)):
            yield b"event: message\nid: %b\ndata: %b\n\n" % (
                view.id.encode(),
                wire.dumps(message_json(view)),
            )


def _views(tx: Transaction, *, install: str, ids: Sequence[str]) -> list[MessageView]:
    return [view for id_ in ids if (view := read_view(tx, install, id_)) is not None]
