"""What a person does to one message, to chosen ones, or to all that a list's filters match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from host.delivery.queue import Action, Tally
from host.pages import entrance
from host.pages.asked import LISTS, QUEUE, Asked, ListKind
from host.pages.drawing import draw, draw_part, wants_part
from host.pages.entrance import place_after
from host.pages.forms import Form, read_form
from host.pages.queue import MOST
from host.pages.site import Site
from host.pages.toast import go
from host.pages.words import several
from host.store.listing import MessageFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An action in words: on its button, in its question, and when it is done."""

    action: Action
    button: str
    question: str
    done: str
    consequence: str
    danger: bool = False
    asks_for_one: bool = False  # before it acts on messages chosen by hand


DEEDS: Final[Mapping[str, Deed]] = {
    "resend": Deed(
        action="resend",
        button="Resend now",
        question="Resend {} now?",
        done="due now",
        consequence="Each goes as soon as its connection lets it, counted as its next resend, "
        "under its own id.",
    ),
    "discard": Deed(
        action="discard",
        button="Discard",
        question="Discard {}?",
        done="discarded",
        consequence="What is discarded never reaches its destination, unless somebody replays it.",
        danger=True,
        asks_for_one=True,
    ),
    "replay": Deed(
        action="replay",
        button="Replay",
        question="Replay {}?",
        done="put back into the queue",
        consequence="Each goes again, behind what its customer has waiting. One that keeps its id "
        "is recognised as a repeat; one that has to go under a new id, without the profile part, "
        "may arrive twice.",
    ),
    "set-aside": Deed(
        action="set_aside",
        button="Set aside",
        question="Set aside {}?",
        done="set aside under Undelivered",
        consequence="Each leaves the queue, so that its customer's next message may go. "
        "It is kept under Undelivered and can be replayed, then behind the others.",
    ),
}
"""By the last part of the address."""


def message_action_routes(site: Site) -> list[Path]:
    """The posts of the lists and of the message page."""
    return [entrance.post(site, f"/messages/{name}", partial(_act, site, name)) for name in DEEDS]


async def _act(site: Site, name: str, request: Request) -> Response:
    deed = DEEDS[name]
    form = await read_form(request)
    back = place_after(form.text("back") or QUEUE.path)
    given = dict(form.fields)
    kind = LISTS.get(form.text("list"), QUEUE)
    everything = form.flag("all")
    ids = () if everything else ((form.text("one"),) if form.flag("one") else form.all("id"))
    if not everything and not ids:
        text = "Nothing is selected: tick the messages first."
        if wants_part(request):
            return draw_part(request, "queue_sure_part.html", nothing=text)
        return go(back, text, failed=True)
    asked = Asked.read(kind, given)
    now = await site.store.read(lambda tx: tx.now)
    wanted = asked.wanted(now) if everything else MessageFilter(ids=tuple(dict.fromkeys(ids)))
    if (everything or deed.asks_for_one) and not form.flag("sure"):
        return await _ask(site, request, deed, name, kind, asked, form, ids, back)
    tally = await site.queue.change(deed.action, wanted, limit=MOST)
    return go(back, told(deed, tally, chosen=len(wanted.ids)), failed=not tally.changed)


async def _ask(
    site: Site,
    request: Request,
    deed: Deed,
    name: str,
    kind: ListKind,
    asked: Asked,
    form: Form,
    ids: tuple[str, ...],
    back: str,
) -> Response:
    """Say what will happen, and wait for a yes."""
    counted = form.text("count")
    what = several(len(ids), "message")
    if not ids:
        count = int(counted) if counted.isdecimal() and len(counted) < 10 else None
        what = "all messages that match" if count is None else f"all {several(count, 'message')}"
    context: dict[str, Any] = {
        "nothing": "",
        "title": deed.question.format(what),
        "deed": deed,
        "action": f"/messages/{name}",
        "back": back,
        "most": MOST if not ids else None,
        "fields": [
            *(("id", id_) for id_ in ids),
            *([] if ids else [("all", "on"), *asked.fields().items()]),
            ("list", kind.path),
            ("back", back),
            ("sure", "on"),
        ],
    }
    if wants_part(request):
        return draw_part(request, "queue_sure_part.html", **context)
    return await draw(site, request, "queue_sure.html", active=QUEUE.path, **context)


def told(deed: Deed, tally: Tally, *, chosen: int = 0) -> str:
    """What was done, and what was not; `chosen`: how many were named."""
    changed_meanwhile = max(tally.skipped, chosen - tally.changed)
    parts = [f"{several(tally.changed, 'message')} {deed.done}"]
    if changed_meanwhile:
        parts.append(f"{changed_meanwhile:,} had changed meanwhile")
    text = ", ".join(parts) + "."
    if tally.new_ids:
        text += f" {tally.new_ids:,} of them go under a new id: they may arrive twice."
    if tally.matched >= MOST:
        text += f" One press takes {MOST:,}, the newest first: there may be more."
    return text
