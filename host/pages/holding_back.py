"""Why a connection's messages do not leave just now, in words for the top of their lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from host.model import ConnectionState, ModuleState
from host.routing import Route
from host.store.engine import Transaction
from host.store.lanes import read_gate


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A connection that sends nothing, or less, just now. `until`: ms since 1970."""

    route: Route
    words: str
    until: int | None = None
    link: tuple[str, str] | None = None  # where it is mended, and what the link says
    bad: bool = False
    told_by_frame: bool = False  # a page of this one connection says so already


def read_held_back(tx: Transaction, routes: Sequence[Route]) -> list[HeldBack]:
    """Those of these connections whose messages wait for something."""
    return [held for route in routes if (held := _held_back(tx, route)) is not None]


def _held_back(tx: Transaction, route: Route) -> HeldBack | None:
    place = f"/connections/{route.row.id}"
    if not route.row.enabled:
        return HeldBack(route=route, words="is switched off. Its messages wait; none is lost.")
    if route.module.state is not ModuleState.READY:
        words = f"waits: its module is {route.module.state}. No message is lost."
        return HeldBack(
            route=route, words=words, link=("/modules", "Modules"), bad=True, told_by_frame=True
        )
    if route.row.state is ConnectionState.NEEDS_ATTENTION:
        reason = route.row.reason.text if route.row.reason else "the destination refuses it"
        words = f"needs attention: {reason}. Its messages wait, uncounted; none is lost."
        return HeldBack(route=route, words=words, link=(f"{place}/connect", "Fix"), bad=True)
    if route.row.state is not ConnectionState.CONNECTED:
        words = "is not connected. Its messages wait; none is lost."
        return HeldBack(route=route, words=words, link=(f"{place}/connect", "Connect"))
    if route.row.paused:
        words = "is paused. Its messages wait; none is lost."
        return HeldBack(route=route, words=words, link=(place, "Overview"))
    gate, _ = read_gate(tx, route.key)
    until = gate.not_before if gate.not_before > tx.now else None
    if gate.open:
        words = (
            "does not answer. One message at a time is tried; "
            "all go on by themselves as soon as one gets through."
        )
        return HeldBack(route=route, words=words, until=until)
    if until is not None:
        return HeldBack(route=route, words="asked to slow down: nothing goes out now.", until=until)
    return None
