"""All commands under one name, and what an error looks like on a terminal."""

from __future__ import annotations

import sys

import typer

from host.cli.connections import apply, export
from host.cli.demo import demo
from host.cli.doctor import doctor
from host.cli.plugins import plugins
from host.cli.queue import queue
from host.cli.send import customers, send
from host.cli.serve import serve, work
from host.cli.sync import sync
from host.cli.tokens import tokens
from host.cli.users import users
from host.errors import InvalidConfiguration, LoyaltyHostError

app = typer.Typer(
    name="loyalty-host",
    help="Carries loyalty events and customer profiles to customer data platforms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(demo)
app.command()(serve)
app.command()(work)
app.command()(send)
app.command()(customers)
app.add_typer(plugins, name="plugins")
app.command("apply")(apply)
app.command()(export)
app.add_typer(queue, name="queue")
app.command()(sync)
app.add_typer(users, name="users")
app.add_typer(tokens, name="tokens")
app.command()(doctor)


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; its exit code."""
    try:
        app(arguments, prog_name="loyalty-host")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except InvalidConfiguration as error:
        for fault in error.faults:
            print(f"error: {fault}", file=sys.stderr)
        return 1
    except (LoyaltyHostError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
