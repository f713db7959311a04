"""`apply` and `export`: configuration as a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from host.app import workbench
from host.cli.context import environment, run, say
from host.document import read_document


def apply(
    file: Annotated[str, typer.Argument(help="TOML file; - reads standard input.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference, save nothing.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete connections that the file does not name.")
    ] = False,
    untested: Annotated[
        bool, typer.Option("--untested", help="Save without asking the destination.")
    ] = False,
) -> None:
    """Configure connections as a file says: show what changes, try it, save all or nothing."""
    document = read_document(_read(file), os.environ)

    async def work() -> tuple[str, ...]:
        async with workbench(environment()) as bench:
            return await bench.configure.apply(
                document, dry_run=dry_run, prune=prune, untested=untested
            )

    lines = run(work)
    for line in lines:
        print(line)
    if not lines:
        say("nothing changes")
    elif dry_run:
        say("nothing was saved (--dry-run)")
    else:
        say("saved")


def export() -> None:
    """Print the configuration as a TOML document; secrets are named, never told."""

    async def work() -> str:
        async with workbench(environment()) as bench:
            return await bench.configure.export()

    print(run(work), end="")


def _read(file: str) -> str:
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise OSError(f"{file} is not UTF-8 text: {error.reason} at byte {error.start}") from None
