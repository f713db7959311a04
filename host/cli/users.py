"""`users`: who may open the pages."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from host.accounts import Accounts, Person, Role
from host.api.answers import time_text
from host.app import workbench
from host.cli.context import environment, print_json, run, say
from host.model import Secret

users = typer.Typer(help="People at the pages: add, list, remove.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What the person signs in with: a name or an e-mail.")]


@users.command()
def add(
    name: Name,
    role: Annotated[
        Role,
        typer.Option(help="viewer looks; operator changes; admin decides who else may."),
    ] = Role.VIEWER,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Let a person in. Without a password, print a one-time link to choose one by."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None

    async def work() -> Secret | None:
        async with workbench(environment()) as bench:
            return await Accounts(bench.store).add(name, role, password)

    link = run(work)
    if link is None:
        say(f"{name} may sign in")
        return
    print(f"{environment().url}/link/{link.reveal()}")
    say(f"hand this link to {name}: it is good once, for 7 days")


@users.command("list")
def list_all(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List everybody."""

    async def work() -> list[Person]:
        async with workbench(environment()) as bench:
            return await Accounts(bench.store).people()

    shown = [
        {
            "name": person.name,
            "role": person.role.value,
            "created_at": time_text(person.created_at),
            "last_seen_at": time_text(person.last_seen_at),
            "invited": person.invited,
        }
        for person in run(work)
    ]
    if json:
        print_json(shown)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("NAME", "ROLE", "CREATED", "LAST SEEN", ""):
        table.add_column(column)
    for row in shown:
        *words, invited = row.values()
        table.add_row(*(str(word or "") for word in words), "invited" if invited else "")
    Console(soft_wrap=True).print(table)


@users.command()
def remove(name: Name) -> None:
    """Forget a person and end their sessions at once."""

    async def work() -> None:
        async with workbench(environment()) as bench:
            await Accounts(bench.store).remove(name)

    run(work)
    say(f"{name} is gone")
