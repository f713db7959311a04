"""`sync`: send every customer's mapped fields of a connection."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import anyio
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from host.api.answers import time_text
from host.app import Workbench, workbench
from host.backfill.backfills import Backfills
from host.backfill.words import BackfillView, Preview, Whom
from host.cli.context import environment, print_json, run, say
from host.cli.serve import INTERRUPTED
from host.errors import AlreadyRunning
from host.model import Reason, to_ms
from host.reading.times import read_moment
from host.store.backfills import BackfillState
from host.store.lock import HostLock

_LOOK_EVERY: Final = 0.3  # seconds between looks at what the host does
_QUIET_FOR: Final = 5.0  # seconds without a move after which the reason is told
_BY: Final = "the command line"


def sync(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    only_changed: Annotated[
        bool,
        typer.Option("--only-changed", help="Leave out whose mapped fields were sent as they are."),
    ] = False,
    customer: Annotated[
        list[str] | None, typer.Option(help="Only this customer; repeatable.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only whose profile changed since this time (ISO 8601).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, change nothing.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Pause the one under way.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End the one under way.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Send every customer's mapped fields; live traffic goes first.

    Interrupted or paused, the same command goes on with it. A running host does the work;
    without one the command begins with it, and the next host goes on and delivers.
    """
    if dry_run + pause + cancel > 1:
        raise typer.BadParameter("only one of --dry-run, --pause and --cancel can be meant")
    whom = Whom(
        customers=tuple(customer) if customer else None,
        since=_moment(since),
        only_changed=only_changed,
    )
    if (pause or cancel) and whom != Whom():
        raise typer.BadParameter("--pause and --cancel mean the one under way, whomever it is for")
    if dry_run:
        _tell_preview(run(lambda: _preview(connection, whom)), as_json=json)
    elif pause or cancel:
        _tell(run(lambda: _stop(connection, cancel=cancel)), as_json=json)
    else:
        _sync(_Following(connection, whom), as_json=json)


def _moment(text: str | None) -> datetime | None:
    moment = None if text is None else read_moment(text)
    if text is not None and moment is None:
        raise typer.BadParameter("--since takes a time such as 2026-01-31 or 2026-01-31T08:00:00Z")
    return moment


async def _preview(connection: str, whom: Whom) -> Preview:
    async with workbench(environment()) as bench:
        return await bench.backfills.preview(connection, whom)


async def _stop(connection: str, *, cancel: bool) -> BackfillView:
    async with workbench(environment()) as bench:
        stop = bench.backfills.cancel if cancel else bench.backfills.pause
        return await stop(connection)


def _sync(following: _Following, *, as_json: bool) -> None:
    try:
        view = run(following.work)
    except KeyboardInterrupt:
        if not following.begun:
            raise typer.Exit(INTERRUPTED) from None
        goes_on = "the running host goes on with it" if following.has_host else "nothing is lost"
        say(f"interrupted; {goes_on}. The same command shows it and goes on with it,")
        say(f"`loyalty-host sync {following.connection} --cancel` ends it")
        raise typer.Exit(INTERRUPTED) from None
    _tell(view, as_json=as_json)
    if not following.has_host and view.state in (BackfillState.RUNNING, BackfillState.DONE):
        _tell_without_host(view)
    if view.counts.failed or view.state not in (BackfillState.RUNNING, BackfillState.DONE):
        raise typer.Exit(1)


class _Following:
    """Starts a backfill or goes on with it, and stays with it until it is over."""

    def __init__(self, connection: str, whom: Whom) -> None:
        self.connection = connection
        self.whom = whom
        self.begun = False
        self.has_host = False

    async def work(self) -> BackfillView:
        """How the backfill stands in the end. Raises NotFound, InvalidConfiguration."""
        settings = environment()
        async with workbench(settings) as bench:
            view = await bench.backfills.start(self.connection, self.whom, by=_BY, resume=True)
            self.begun = True
            # Who holds the lock makes the messages, and nobody else: their keys tell time, and
            # two processes could give out the same ones.
            with _lock(settings.home) as alone, _bar() as bar:
                self.has_host = not alone
                task = bar.add_task("customers", total=view.total)
                quiet_since = anyio.current_time()
                told = None
                while view.state is BackfillState.RUNNING:
                    before = view
                    view = await self._look(bench, moves=alone)
                    bar.update(task, completed=view.counts.looked_at)
                    if view.counts != before.counts:
                        quiet_since, told = anyio.current_time(), None
                    elif alone:
                        break
                    elif anyio.current_time() - quiet_since > _QUIET_FOR:
                        why = view.waits_for.text if view.waits_for else "no host seems to run"
                        if why != told:
                            say(f"waits: {why}")
                        told = why
        return view

    async def _look(self, bench: Workbench, *, moves: bool) -> BackfillView:
        backfills: Backfills = bench.backfills
        if moves:
            await backfills.advance(self.connection)
        else:
            await anyio.sleep(_LOOK_EVERY)
        view = await backfills.latest(self.connection)
        assert view is not None, "it was started"
        return view


@contextmanager
def _lock(home: Path) -> Iterator[bool]:
    """Whether nobody else works on the data folder, who then cannot until we are done."""
    try:
        lock = HostLock(home)
    except AlreadyRunning:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _bar() -> Progress:
    console = Console(file=sys.stderr)
    return Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _tell(view: BackfillView, *, as_json: bool) -> None:
    if as_json:
        print_json(view_json(view))
    else:
        counts = view.counts
        print(
            f"looked at {counts.looked_at}, made {counts.made}, unchanged {counts.unchanged}, "
            f"withheld {counts.withheld}, failed {counts.failed}",
            flush=True,
        )
    if view.state is not BackfillState.DONE:
        why = f": {view.reason.text}" if view.reason else ""
        say(f"{view.state}, {view.counts.looked_at} of {view.total} customers looked at{why}")
    if view.counts.failed:
        say("what failed is kept as undelivered messages, each with its reason")


def _tell_without_host(view: BackfillView) -> None:
    if view.state is BackfillState.DONE:
        say("no host is running: the next `loyalty-host serve` delivers what was made")
        return
    if view.waits_for is not None:
        say(f"waits: {view.waits_for.text}")
    say("no host is running: the next `loyalty-host serve` delivers, and goes on with the rest")


def view_json(view: BackfillView) -> dict[str, Any]:
    """A backfill for machines."""
    counts = view.counts
    return {
        "connection": view.connection,
        "state": view.state.value,
        "waits_for": _reason_json(view.waits_for),
        "reason": _reason_json(view.reason),
        "total": view.total,
        "looked_at": counts.looked_at,
        "made": counts.made,
        "unchanged": counts.unchanged,
        "withheld": counts.withheld,
        "failed": counts.failed,
        "started_at": time_text(to_ms(view.started_at)),
        "finished_at": time_text(None if view.finished_at is None else to_ms(view.finished_at)),
        "started_by": view.started_by,
    }


def _tell_preview(preview: Preview, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "customers": preview.customers,
                "exact": preview.exact,
                "seconds": preview.seconds,
                "waits_for": _reason_json(preview.waits_for),
            }
        )
        return
    more = "" if preview.exact else ", to fewer messages: who is left out is found while looking"
    print(f"would look at {preview.customers}{more}")
    if preview.seconds is not None:
        say(f"about {preview.seconds:.0f} seconds at the pace of the last time")
    if preview.waits_for is not None:
        say(f"it would wait: {preview.waits_for.text}")


def _reason_json(reason: Reason | None) -> dict[str, str] | None:
    return None if reason is None else {"code": reason.code, "text": reason.text}
