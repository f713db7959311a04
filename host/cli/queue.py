"""`queue`: what waits, what failed, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from host.api.messages import message_json, read_filter
from host.app import workbench
from host.cli.context import environment, print_json, run, say
from host.delivery.queue import Action, Tally
from host.store.ledger import STATES
from host.store.listing import MessageFilter
from host.store.messages import MessageView

queue = typer.Typer(help="Messages: list, resend, discard, replay.", no_args_is_help=True)

_LIST_LIMIT: Final = 50

Connection = Annotated[str | None, typer.Option(help="Only of this connection.")]
State = Annotated[str | None, typer.Option(help=f"Only in this state: {', '.join(STATES)}.")]
Customer = Annotated[str | None, typer.Option(help="Only of this customer.")]
ReasonCode = Annotated[str | None, typer.Option("--reason", help="Only with this reason code.")]
Since = Annotated[str | None, typer.Option(help="Only made since this time (ISO 8601).")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only this message; repeatable.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count, change nothing.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many.")]


@queue.command("list")
def list_messages(
    connection: Connection = None,
    state: State = None,
    customer: Customer = None,
    reason: ReasonCode = None,
    since: Since = None,
    id: Ids = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = _LIST_LIMIT,
    cursor: Annotated[str | None, typer.Option(help="Go on behind this message.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print as /api/messages does.")] = False,
) -> None:
    """List messages, newest first."""
    wanted = _filter(connection, state, customer, reason, since, id)

    async def work() -> tuple[list[MessageView], str | None]:
        async with workbench(environment()) as bench:
            return await bench.queue.page(wanted, cursor, limit)

    views, following = run(work)
    shown = [message_json(view) for view in views]
    if json:
        print_json({"messages": shown, "next": following})
        return
    if not shown:
        say("no message matches")
        return
    _print_table(shown)
    if following:
        say(f"more: --cursor {following}")


def _changes(action: Action, help: str) -> None:
    """Add the command of an action; all three choose their messages alike."""

    @queue.command(action, help=help)
    def change(
        connection: Connection = None,
        state: State = None,
        customer: Customer = None,
        reason: ReasonCode = None,
        since: Since = None,
        id: Ids = None,
        limit: Limit = None,
        dry_run: DryRun = False,
    ) -> None:
        _change(action, _filter(connection, state, customer, reason, since, id), limit, dry_run)


_changes("resend", "Send waiting and retrying messages now; counted as their next resend.")
_changes("discard", "Take waiting, retrying and undelivered messages out: they will not be sent.")
_changes(
    "replay",
    "Put undelivered and discarded messages back at the end of their lanes.\n\n"
    "Delivered ones only when asked for by --id or --state delivered.",
)


def _filter(
    connection: str | None,
    state: str | None,
    customer: str | None,
    reason: str | None,
    since: str | None,
    ids: list[str] | None,
) -> MessageFilter:
    given = {
        "connection": connection,
        "state": state,
        "customer": customer,
        "reason": reason,
        "since": since,
    }
    return read_filter({name: text for name, text in given.items() if text}, ids or ())


def _change(action: Action, wanted: MessageFilter, limit: int | None, dry_run: bool) -> None:
    async def work() -> Tally:
        async with workbench(environment()) as bench:
            return await bench.queue.change(action, wanted, limit=limit, dry_run=dry_run)

    tally = run(work)
    told = asdict(tally)
    new_ids = told.pop("new_ids")
    print_json(told)
    if new_ids:
        say(f"{new_ids} go without the profile part under a new id and may arrive twice")


def _print_table(messages: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("ID", "CONNECTION", "CUSTOMER", "EVENT", "STATE", "ATTEMPTS", "NEXT", "REASON"):
        table.add_column(column, overflow="fold")
    for message in messages:
        table.add_row(
            message["id"],
            message["connection"],
            message["customer"],
            message["action"] or "(profile)",
            message["state"],
            str(message["attempts"]),
            message["next_attempt_at"] or "",
            message["reason"]["text"] if message["reason"] else "",
        )
    Console(soft_wrap=True).print(table)
