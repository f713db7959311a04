"""Customers: found, and one with all that is known of them and all that happened."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host import wire
from host.accounts import Role
from host.catalogue import CUSTOMER_FIELDS, event_label
from host.configure.workflow_view import connections_around
from host.errors import NotFound, UnreadableBody
from host.model import Json, MessageState
from host.pages import entrance
from host.pages.drawing import draw
from host.pages.forms import read_form
from host.pages.message import OUTCOMES
from host.pages.run_words import ToldRun, ending, tell
from host.pages.site import Site
from host.pages.toast import go
from host.preview import preview_profile
from host.routing import Route, Routing
from host.store.customers import StoredCustomer
from host.store.engine import Transaction
from host.store.finding import (
    PAGE,
    FoundCustomer,
    PastEvent,
    TimeLine,
    count_waiting,
    find_customer,
    last_profile,
    list_customers,
    read_time_line,
    search_customers,
)
from host.store.messages import MessageView
from host.store.retention import HISTORY_DAYS
from host.store.runs import RUN_DAYS

SHOW: Final = (
    ("", "Everything"),
    ("events", "Events"),
    ("workflows", "Workflows"),
    ("messages", "Messages"),
)
_HISTORY_MS: Final = HISTORY_DAYS * 86_400_000
_RUNS_MS: Final = RUN_DAYS * 86_400_000
_LABELS: Final = {field.id: field.label for field in CUSTOMER_FIELDS}
_LONGEST_CURSOR: Final = 19  # digits of a key

Runs: TypeAlias = dict[int, list[ToldRun]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FarSide:
    """A customer as one connection knows them. `last`: the profile part delivered last."""

    route: Route
    last: object | None
    message: MessageView | None  # that brought it
    differs: bool  # from what would be sent now
    waiting: int  # messages that were not delivered yet; counted up to a page

    @property
    def queue(self) -> str:
        """The address where these messages stand."""
        return f"/connections/{self.route.row.id}/queue"


def customer_routes(site: Site) -> list[Path]:
    """The routes of customers. An id may hold anything, so it stands in the query."""

    async def get_customers(request: Request) -> Response:
        typed = request.query_params.get("q", "").strip()
        before = _key(request.query_params.get("before", ""))

        def read(tx: Transaction) -> list[FoundCustomer]:
            return search_customers(tx, typed) if typed else list_customers(tx, before)

        found = await site.store.read(read)
        return await draw(
            site,
            request,
            "customers.html",
            found=found,
            typed=typed,
            before=before,
            older=found[-1].customer.key if not typed and len(found) == PAGE else None,
            full=len(found) == PAGE,
            path_of=customer_path,
        )

    async def get_customer(request: Request) -> Response:
        id_ = request.query_params.get("id", "")
        show = request.query_params.get("show", "")
        state = _state(request.query_params.get("state", "")) if show == "messages" else None
        before = _key(request.query_params.get("before", ""))
        routing = await site.configure.routing()
        install = site.store.install

        def read(tx: Transaction) -> tuple[FoundCustomer, TimeLine, Runs, list[FarSide]]:
            found = find_customer(tx, id_)
            if found is None:
                raise NotFound("there is no customer under that id; erased ones are known no more")
            line = read_time_line(
                tx, install, found.customer, before=before, show=show, state=state
            )
            far_sides = [_far_side(tx, install, r, found.customer) for r in routing.routes]
            return found, line, _told(tx, line), far_sides

        found, line, runs, far_sides = await site.store.read(read)
        return await draw(
            site,
            request,
            "customer.html",
            active="/customers",
            found=found,
            merged=found.customer.is_merged,
            customer=found.customer,
            fields=_labelled(found.customer.fields or {}),
            far_sides=far_sides,
            line=line,
            runs=runs,
            run_days=RUN_DAYS,
            ending=ending,
            connections={id_: one.title for id_, one in connections_around(routing).items()},
            show=show if show in dict(SHOW) else "",
            shows=SHOW,
            state=state or "",
            states=tuple(MessageState),
            before=before,
            page=PAGE,
            path_of=customer_path,
            send_now=_send_now,
            event_label=event_label,
            data_of=_data,
            why_none=partial(_why_none, routing, int(time.time() * 1000)),
            outcomes=OUTCOMES,
        )

    async def post_erase(request: Request) -> Response:
        form = await read_form(request)
        id_ = form.secret("id")
        if form.text("typed") != id_.strip():
            text = "Nothing was erased: the id that was typed is another one."
            return go(customer_path(id_), text, failed=True)
        if not await site.intake.erase(id_):
            raise NotFound("there is no customer under that id")
        text = (
            f"{id_} is erased here: profile, identities, contents of events and messages. "
            "What was delivered before is erased at each destination by its own means."
        )
        return go("/customers", text)

    return [
        entrance.get(site, "/customers", get_customers),
        entrance.get(site, "/customer", get_customer),
        entrance.post(site, "/customer/erase", post_erase, role=Role.ADMIN),
    ]


def customer_path(id_: str, **more: str) -> str:
    """The address of a customer's page."""
    given = {name: text for name, text in more.items() if text}
    return f"/customer?{urlencode({'id': id_, **given})}"


def _far_side(tx: Transaction, install: str, route: Route, customer: StoredCustomer) -> FarSide:
    told = last_profile(tx, install, route.row.id, customer.id)
    message, last = told if told else (None, None)
    now = preview_profile(route, route.config.fields, customer)
    silent = customer.opted_out or customer.is_merged
    differs = last is not None and not silent and not now.problem and now.content != last
    return FarSide(
        route=route,
        last=last,
        message=message,
        differs=differs,
        waiting=count_waiting(tx, install, route.row.id, customer.id),
    )


def _labelled(fields: Mapping[str, Json]) -> list[tuple[str, str, Json]]:
    """Every field: its name, its label, its value."""
    return [(name, _LABELS.get(name, ""), value) for name, value in fields.items()]


def _data(event: PastEvent) -> Json:
    """What an event said of itself."""
    if event.body is None:
        return None
    item = wire.loads(event.body)
    data: Json = item.get("data") if isinstance(item, dict) else None
    return data or {}


def _told(tx: Transaction, line: TimeLine) -> Runs:
    """The runs of a page of a time line, by the keys of their events."""
    runs: Runs = {}
    for told in tell(tx, line.runs):
        runs.setdefault(told.run.event, []).append(told)
    return runs


def _why_none(routing: Routing, now: int, event: PastEvent, runs: Sequence[ToldRun] = ()) -> str:
    """Why no message is there of an event, as far as history and configuration tell."""
    if event.at < now - _HISTORY_MS:
        return f"messages are kept for {HISTORY_DAYS} days"
    if any(told.waits for told in runs):
        return "no message yet: a workflow waits"
    takers = routing.takers.get(event.action, ())
    if runs and not takers:
        return "no message: no connection has it associated, and no workflow made one"
    if not takers and event.action in routing.workflows:
        if event.at < now - _RUNS_MS:
            return f"no message: what workflows did for it is kept for {RUN_DAYS} days"
        return "no message: it starts a workflow now, and started none when it came"
    if not takers:
        return "no message: no connection has it associated"
    if not any(taker.switched_on for taker in takers):
        return "no message: the module that takes it is switched off"
    return "no message: it was not associated when it came, or the module was switched off then"


def _state(text: str) -> MessageState | None:
    """A state out of an address. Raises UnreadableBody for what is none."""
    if text and text not in tuple(MessageState):
        raise UnreadableBody(f"{text[:40]!r} is no state: {', '.join(MessageState)}")
    return MessageState(text) if text else None


def _send_now(route: Route, found: FoundCustomer) -> str:
    """Where this one customer's mapped fields can be sent; "": they cannot."""
    id_ = found.customer.id
    silent = found.customer.opted_out or found.customer.is_merged
    if silent or not route.switched_on or id_.splitlines() != [id_.strip()]:
        return ""
    query = urlencode({"whom": "list", "customers": id_})
    return f"/connections/{route.row.id}/send-all?{query}"


def _key(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_CURSOR else None
