"""What a person says and is told about a backfill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from host.model import ConnectionState, ModuleState, Reason, from_ms
from host.routing import Route
from host.store.backfills import Backfill, BackfillState, Counts

DELETED: Final = Reason(code="connection_deleted", text="the connection was deleted")
NO_FIELDS: Final = Reason(
    code="no_fields", text="the connection maps no fields: there is nothing to send"
)
ROOM: Final = Reason(
    code="messages_wait", text="messages that wait on the connection are delivered first"
)
TROUBLE: Final = Reason(
    code="messages_retry", text="many messages of the connection wait for a resend"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Whose fields are sent. The parts narrow each other; without any it is everybody."""

    customers: tuple[str, ...] | None = None  # ids
    since: datetime | None = None  # only whose profile changed then or later
    only_changed: bool = False  # not whose mapped fields are those sent last


EVERYBODY: Final = Whom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a start would do."""

    customers: int  # that would be looked at
    exact: bool  # False: at most so many messages, since some are left out while looking
    seconds: float | None  # how long it takes at the pace of the last time; None: unknown
    waits_for: Reason | None  # what would keep it from beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillView:
    """A backfill as a person sees it.

    `waits_for`: why nothing moves just now though it is running. `reason`: why it failed.
    """

    connection: str
    state: BackfillState
    waits_for: Reason | None
    reason: Reason | None
    everybody: bool  # else a list of `total` customers
    since: datetime | None
    only_changed: bool
    total: int  # customers to look at, as counted at the start
    counts: Counts
    customers_a_second: float | None  # of late; None: unknown
    started_at: datetime
    finished_at: datetime | None
    started_by: str

    @property
    def remaining_seconds(self) -> float | None:
        """How long it will take at the pace of late; None: nobody knows."""
        if self.state is not BackfillState.RUNNING or self.customers_a_second is None:
            return None
        return max(0, self.total - self.counts.looked_at) / self.customers_a_second


def view_of(backfill: Backfill, connection: str, waits_for: Reason | None) -> BackfillView:
    """A backfill's row in words."""
    running = backfill.state is BackfillState.RUNNING
    return BackfillView(
        connection=connection,
        state=backfill.state,
        waits_for=waits_for if running else None,
        reason=backfill.reason,
        everybody=backfill.chosen.customers is None,
        since=_moment(backfill.chosen.since),
        only_changed=backfill.chosen.only_changed,
        total=backfill.total,
        counts=backfill.counts,
        customers_a_second=1000 / backfill.pace if backfill.pace else None,
        started_at=from_ms(backfill.started_at),
        finished_at=_moment(backfill.finished_at),
        started_by=backfill.started_by,
    )


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


_MODULE: Final[Mapping[ModuleState, str]] = {
    ModuleState.DISABLED: "is switched off",
    ModuleState.MISSING: "is not installed",
    ModuleState.BROKEN: "is broken",
}


def obstacle(route: Route) -> Reason | None:
    """What has to be mended before messages are made for a connection; None: nothing."""
    row, module = route.row, route.module
    if not row.enabled:
        return Reason(code="connection_disabled", text="the connection is switched off")
    if not route.can_map:
        text = f"the module {module.title} {_MODULE.get(module.state, 'is not ready')}"
        return Reason(code=f"module_{module.state}", text=text)
    if not route.secrets_readable or row.state is not ConnectionState.CONNECTED:
        why = f": {row.reason.text}" if row.reason else ""
        return Reason(code="not_connected", text=f"the connection is {row.state}{why}")
    if row.paused:
        return Reason(code="connection_paused", text="the connection is paused")
    return None
