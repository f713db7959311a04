"""`send` and `customers`: hand files to a running host."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from host.cli.context import environment, print_json, run, say
from host.client import Progress as Sent
from host.client import SendFailed, Summary, refusal_lines, send_file, summary_line

_FILE: Final = typer.Argument(help="NDJSON file, or a JSON array; - reads standard input.")
_JSON: Final = typer.Option("--json", help="Print the result as JSON.")


def send(file: Annotated[str, _FILE], json: Annotated[bool, _JSON] = False) -> None:
    """Send a file of events to a running host (LOYALTY_HOST_URL, LOYALTY_HOST_TOKEN).

    The same file sent again delivers nothing new.
    """
    _hand_in(file, "events", json)


def customers(file: Annotated[str, _FILE], json: Annotated[bool, _JSON] = False) -> None:
    """Send a file of customer profiles to a running host."""
    _hand_in(file, "customers", json)


def _hand_in(file: str, kind: Literal["events", "customers"], as_json: bool) -> None:
    try:
        summary = run(partial(_send, file, kind))
    except SendFailed as failure:
        _report(failure.summary, as_json)
        raise
    _report(summary, as_json)
    if summary.refused:
        raise typer.Exit(1)


def _report(summary: Summary, as_json: bool) -> None:
    if as_json:
        print_json(summary.to_json())
        return
    print(summary_line(summary), flush=True)
    for line in refusal_lines(summary):
        say(line)


async def _send(file: str, kind: Literal["events", "customers"]) -> Summary:
    settings = environment()
    token = settings.token.reveal() if settings.token else ""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(kind)
        waited: list[str] = []

        def show(sent: Sent) -> None:
            bar.update(
                task, completed=sent.sent, total=sent.total, description=sent.waiting or kind
            )
            if sent.waiting and not console.is_terminal and waited[-1:] != [sent.waiting]:
                waited.append(sent.waiting)
                say(sent.waiting)

        return await send_file(file, kind=kind, url=settings.url, token=token, progress=show)
