"""`doctor`: look at everything, say what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import typer

from host.app import Workbench, workbench
from host.cli.context import environment, run
from host.errors import LoyaltyHostError
from host.health import Finding, glance, look_at_room, look_at_workflows
from host.store.check import check_books
from host.store.connections import connection_keys


def doctor() -> None:
    """Check configuration, database, plugins, keys and destinations."""

    async def work() -> list[Finding]:
        async with workbench(environment()) as bench:
            return [finding async for finding in look(bench)]

    findings = run(work)
    for finding in findings:
        words = f" ({finding.words})" if finding.words else ""
        print(f"{'PROBLEM' if finding.problem else 'ok':8} {finding.subject}{words}", end="")
        print(f": {finding.problem}" if finding.problem else "")
    if any(finding.problem for finding in findings):
        raise typer.Exit(1)


async def look(bench: Workbench) -> AsyncIterator[Finding]:
    """Everything that can be looked at, one after the other; tries each connection."""
    for finding in look_at_room(bench.environment.home, bench.store.file):
        yield finding
    names = await bench.store.read(connection_keys)
    wrong = await bench.store.read(check_books)
    yield Finding(subject="Books", problem="they do not balance" if wrong else "")
    for key, problem in wrong.items():
        yield Finding(subject=f"Books of {names.get(key, key)}", problem=problem)
    for finding in glance(bench.store, bench.modules):
        yield finding
    for finding in look_at_workflows(await bench.workflows.all()):
        yield finding
    for route in (await bench.configure.routing()).routes:
        subject, state = f"Connection {route.row.id}", route.row.shown_state
        if not route.row.enabled:
            yield Finding(subject=subject, words=f"{state}, switched off")
            continue
        try:
            await bench.configure.test(route.row.id)
        except LoyaltyHostError as error:
            yield Finding(subject=subject, words=state, problem=str(error))
        else:
            yield Finding(subject=subject, words=state)
