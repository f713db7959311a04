"""`tokens`: keys to the API."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from host.api.answers import time_text
from host.app import workbench
from host.cli.context import environment, print_json, run, say
from host.model import Secret
from host.store.tokens import TokenView, create_token, list_tokens, revoke_token

tokens = typer.Typer(help="Tokens of the API: create, list, revoke.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What the token is for.")]


class ScopeChoice(StrEnum):
    """What a token opens."""

    EVENTS = "events"
    ADMIN = "admin"


@tokens.command()
def create(
    name: Name,
    scope: Annotated[
        ScopeChoice,
        typer.Option(help="events: hand in events and customers; admin: everything."),
    ],
) -> None:
    """Make a token and print it, once."""

    async def work() -> Secret:
        async with workbench(environment()) as bench:
            return await bench.store.write(lambda tx: create_token(tx, name, scope.value))

    print(run(work).reveal())
    say("keep it: it is not shown again")


@tokens.command("list")
def list_all(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List tokens, without their text."""

    async def work() -> list[TokenView]:
        async with workbench(environment()) as bench:
            return await bench.store.read(list_tokens)

    shown = [
        {
            "name": token.name,
            "scope": token.scope,
            "created_at": time_text(token.created_at),
            "revoked_at": time_text(token.revoked_at),
        }
        for token in run(work)
    ]
    if json:
        print_json(shown)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("NAME", "SCOPE", "CREATED", "REVOKED"):
        table.add_column(column)
    for row in shown:
        table.add_row(*(value or "" for value in row.values()))
    Console(soft_wrap=True).print(table)


@tokens.command()
def revoke(name: Name) -> None:
    """Close a token's doors; a running host follows within 2 seconds."""

    async def work() -> None:
        async with workbench(environment()) as bench:
            await bench.store.write(lambda tx: revoke_token(tx, name))

    run(work)
    say(f"{name} opens no door any more")
