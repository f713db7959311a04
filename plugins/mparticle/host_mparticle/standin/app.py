"""The stand-in's HTTP side: mParticle's three calls, a control for tests, and what arrived."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from host import dumps, loads
from host_mparticle.batches import REQUEST_BYTES
from host_mparticle.events import HISTORICAL
from host_mparticle.manifest import DEMO_KEY, DEMO_SECRET
from host_mparticle.standin.far_side import StandIn, Verdict
from host_mparticle.standin.live_stream import live_stream_page
from host_mparticle.standin.misbehaviour import Act, Misbehaviour, Play

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

BASES: Final = ("/v2", "/s2s/v2")
SINGLE: Final = "single"
CALLS: Final = {
    "/events": SINGLE,
    "/bulkevents": "",
    "/bulkevents/historical": HISTORICAL,
}


class CutOff(Response):
    """Begins an answer and ends without its body, on which the server drops the connection.

    An exception before the first byte would not do: the server would answer 500.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 202, "headers": headers})


def create_app(
    *,
    key: str = DEMO_KEY,
    secret: str = DEMO_SECRET,
    stand_in: StandIn | None = None,
) -> Starlette:
    """An ASGI app that stands in for mParticle, letting in `key` and `secret`.

    `app.state.stand_in` is its `StandIn`, with `misbehave(...)`, `arrivals`, `counters`,
    `requests` and `clear()`.
    """
    far = stand_in or StandIn()
    pair = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode("ascii")
    calls = [
        Route(base + path, _call(far, pair, route), methods=["POST"])
        for base in BASES
        for path, route in CALLS.items()
    ]
    app = Starlette(routes=[*calls, *_control(far)])
    app.state.stand_in = far
    return app


def _call(far: StandIn, pair: str, route: str) -> Endpoint:
    async def call(request: Request) -> Response:
        body = await request.body()
        far.count("requests")
        refusal = _unauthorised(request, pair)
        if refusal is not None:
            return refusal
        batches = _batches(body, route)
        act = far.play.next()
        if act != Act():
            far.count("unwell")
        if far.play.misbehaviour.latency_ms:
            await anyio.sleep(far.play.misbehaviour.latency_ms / 1000)
        unwell = _instead(act)
        if unwell is not None:
            far.write_down(batches, str(unwell.status_code))
            return unwell
        verdict = _judge(far, batches, route, body, lost=act.cut_off)
        if act.delay and await _gone_within(request, act.delay):
            return CutOff()
        return CutOff() if act.cut_off else _answer(verdict, far.play.misbehaviour.usage)

    return call


def _unauthorised(request: Request, pair: str) -> Response | None:
    given = request.headers.get("authorization")
    if given is None:
        return Response(status_code=401)
    if not secrets.compare_digest(given.encode(), pair.encode()):
        return Response(status_code=403)
    return None


def _batches(body: bytes, route: str) -> Any:
    """The batches of a body; None if it is none of what this call takes."""
    try:
        found = loads(body)
    except (ValueError, RecursionError):
        return None
    if route == SINGLE:
        return [found] if isinstance(found, dict) else None
    return found if isinstance(found, list) else None


def _instead(act: Act) -> Response | None:
    """What is answered without looking at the body, if anything."""
    if act.redirect:
        return RedirectResponse(act.redirect, status_code=302)
    if act.html:
        return HTMLResponse("<!doctype html><title>Welcome</title><p>A web page.</p>")
    if act.status is None:
        return None
    headers = {}
    if act.retry_after is not None:
        headers["Retry-After"] = str(act.retry_after)
    if act.status == 429:
        headers["X-mp-rate-limit-exceeded"] = '"feed"'
    return Response(status_code=act.status, headers=headers)


def _judge(far: StandIn, batches: Any, route: str, body: bytes, *, lost: bool) -> Verdict:
    if batches is None:
        return Verdict(status=400, errors=("The body cannot be read as this call's JSON.",))
    if len(body) > REQUEST_BYTES:
        return Verdict(status=413, errors=("The request is larger than 256 KB.",))
    return far.take(batches, route, body.decode(), lost=lost)


def _answer(verdict: Verdict, usage: float | None) -> Response:
    headers = {} if usage is None else {"X-mp-rate-limit-percentage-used": f'"{usage:g}"'}
    body = verdict.body()
    kind = "application/json" if body else None
    return Response(body, status_code=verdict.status, headers=headers, media_type=kind)


async def _gone_within(request: Request, seconds: float) -> bool:
    """Wait; True as soon as the caller has hung up."""
    with anyio.move_on_after(seconds):
        while (await request.receive())["type"] != "http.disconnect":
            pass
        return True
    return False


def _control(far: StandIn) -> list[Route]:
    async def control(request: Request) -> Response:
        try:
            told = loads(await request.body() or b"{}")
            far.play = Play(Misbehaviour.from_json(told))
        except (ValueError, TypeError, RecursionError) as error:
            return _json({"error": str(error)}, 400)
        return _json({"ok": True})

    async def arrivals(request: Request) -> Response:
        return _json(far.arrivals)

    async def clear(request: Request) -> Response:
        far.clear()
        return _json({"ok": True})

    async def counters(request: Request) -> Response:
        return _json(far.counters)

    async def requests(request: Request) -> Response:
        return _json(far.requests)

    async def live_stream(request: Request) -> Response:
        return HTMLResponse(live_stream_page(far.arrivals, far.counters))

    return [
        Route("/", live_stream),
        Route("/_control", control, methods=["POST"]),
        Route("/arrivals", arrivals),
        Route("/arrivals", clear, methods=["DELETE"]),
        Route("/counters", counters),
        Route("/requests", requests),
    ]


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status_code=status, media_type="application/json")
