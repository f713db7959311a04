"""Overview of a connection: how it is, what it brought lately, and what is left to set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host import wire
from host.model import ConnectionState, MessageState, Reason
from host.pages import entrance
from host.pages.connection_frame import ConnectionFrame, draw_in_frame, find_frame
from host.pages.drawing import draw_part, wants_part
from host.pages.entrance import Handler
from host.pages.holding_back import HeldBack, read_held_back
from host.pages.site import Site
from host.pages.toast import go
from host.routing import Route
from host.store.engine import Transaction
from host.store.hours import Hour, read_hours, read_last_delivery, read_last_failure
from host.store.lanes import read_gate
from host.store.ledger import read_ledger
from host.store.messages import read_detail

HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailure:
    """The last attempt that did not deliver. `reason`: None when its message is no longer kept."""

    at: int  # ms since 1970
    message: str
    reason: Reason | None
    state: MessageState | None  # what became of the message since


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of setting a connection up."""

    words: str
    done: bool
    link: str
    what: str  # what it is good for


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What the store tells of a connection now. `last_delivery`: ms since 1970."""

    books: Mapping[str, int]
    hours: tuple[Hour, ...]
    last_delivery: int | None
    failure: LastFailure | None
    held: HeldBack | None
    probing: bool  # one message at a time is tried

    @property
    def delivered(self) -> int:
        """Messages that got there in these hours."""
        return sum(hour.delivered for hour in self.hours)

    @property
    def undelivered(self) -> int:
        """Messages that were given up or rejected in these hours."""
        return sum(hour.undelivered for hour in self.hours)

    @property
    def chart(self) -> str:
        """The hours as the chart's script reads them, times in seconds."""
        return wire.dumps(
            {
                "at": [hour.at // 1000 for hour in self.hours],
                "delivered": [hour.delivered for hour in self.hours],
                "undelivered": [hour.undelivered for hour in self.hours],
            }
        ).decode()


def overview_routes(site: Site) -> list[Path]:
    """The routes of the page, of Pause and of Resume."""

    async def get_overview(request: Request) -> Response:
        frame = await find_frame(site, request.path_params["id"])
        lately = await site.store.read(
            partial(read_lately, install=site.store.install, route=frame.route)
        )
        if wants_part(request):
            return draw_part(
                request, "overview_now.html", frame=frame, route=frame.route, lately=lately
            )
        return await draw_in_frame(
            site,
            request,
            "overview.html",
            frame,
            tab="",
            lately=lately,
            steps=steps_of(frame, lately),
            environment_help=_environment_help(frame),
        )

    def post_pause(paused: bool) -> Handler:
        async def post(request: Request) -> Response:
            route = await site.configure.pause(request.path_params["id"], paused)
            title = route.module.title
            text = (
                f"{title} is paused. Messages wait; none is lost."
                if paused
                else f"{title} goes on; what waited is sent now."
            )
            return go(f"/connections/{route.row.id}", text)

        return post

    one = "/connections/{id}"
    return [
        entrance.get(site, one, get_overview),
        entrance.post(site, f"{one}/pause", post_pause(True)),
        entrance.post(site, f"{one}/resume", post_pause(False)),
    ]


def read_lately(tx: Transaction, install: str, route: Route) -> Lately:
    """What the store tells of a connection; indexed rows only, however long its history."""
    gate, _ = read_gate(tx, route.key)
    return Lately(
        books=read_ledger(tx)[route.key],
        hours=tuple(read_hours(tx, route.key, HOURS)),
        last_delivery=read_last_delivery(tx, route.key),
        failure=_last_failure(tx, install, route.key),
        held=next(iter(read_held_back(tx, [route])), None),
        probing=gate.open,
    )


def _last_failure(tx: Transaction, install: str, connection: int) -> LastFailure | None:
    found = read_last_failure(tx, install, connection)
    if found is None:
        return None
    detail = read_detail(tx, install, found.message)
    if detail is None:
        return LastFailure(at=found.at, message=found.message, reason=None, state=None)
    tried = [line.reason for line in detail.history if line.reason is not None]
    return LastFailure(
        at=found.at,
        message=detail.view.id,
        reason=tried[-1] if tried else detail.view.reason,
        state=detail.view.state,
    )


def steps_of(frame: ConnectionFrame, lately: Lately) -> tuple[Step, ...]:
    """What is to be done until the first message arrives; nothing when all is done."""
    route, place = frame.route, frame.path
    title = route.module.title
    steps = (
        Step(
            words="Connect",
            done=route.row.state is not ConnectionState.NOT_CONNECTED,
            link=f"{place}/connect",
            what=f"Address and credentials of {title}.",
        ),
        Step(
            words="Map fields",
            done=bool(route.config.fields),
            link=f"{place}/fields",
            what="Which fields of a customer go over, and under which names.",
        ),
        Step(
            words="Associate events",
            done=bool(route.config.events),
            link=f"{place}/events",
            what="Which loyalty events go over, and under which names.",
        ),
        Step(
            words="See the first delivery",
            done=lately.books["delivered"] > 0 or lately.last_delivery is not None,
            link="/live",
            what="It happens by itself at the next event or changed customer; watch it live.",
        ),
    )
    return () if all(step.done for step in steps) else steps


def _environment_help(frame: ConnectionFrame) -> str:
    """What the plugin tells of the toggle that decides the environment."""
    manifest = frame.route.manifest
    if manifest is None or manifest.environments is None:
        return ""
    field = manifest.setting(manifest.environments.setting)
    return field.help if field else ""
