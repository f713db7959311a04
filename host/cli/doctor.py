"""`doctor`: look at everything, say what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import typer

from host.app import Workbench, workbench
from host.cli.context import environment, run
from host.errors import LoyaltyHostError
from host.store.check import check_books
from host.store.connections import connection_keys

_WRONG_KEY = (
    "it is not the one that sealed the stored secrets: give the former one in "
    "LOYALTY_HOST_SECRET_KEY, or connect again with the secrets typed anew"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    subject: str
    problem: str | None = None


def doctor() -> None:
    """Check configuration, database, plugins, keys and destinations."""

    async def work() -> list[Finding]:
        async with workbench(environment()) as bench:
            return [finding async for finding in _look(bench)]

    findings = run(work)
    for finding in findings:
        print(f"{'PROBLEM' if finding.problem else 'ok':8} {finding.subject}", end="")
        print(f": {finding.problem}" if finding.problem else "")
    if any(finding.problem for finding in findings):
        raise typer.Exit(1)


async def _look(bench: Workbench) -> AsyncIterator[Finding]:
    yield Finding(f"data folder {bench.environment.home}")
    names = await bench.store.read(connection_keys)
    wrong = await bench.store.read(check_books)
    yield Finding("database", "the books do not balance" if wrong else None)
    for key, problem in wrong.items():
        yield Finding(f"books of {names.get(key, key)}", problem)
    yield Finding("secret key", None if bench.store.key_is_right else _WRONG_KEY)
    for notice in bench.modules.notices:
        yield Finding("plugins.toml", notice)
    for module in bench.modules.registry.modules:
        broken = module.enabled and not module.ready
        yield Finding(f"module {module.name} ({module.state})", module.reason if broken else None)
    for route in (await bench.configure.routing()).routes:
        subject = f"connection {route.row.id} ({route.row.shown_state})"
        if not route.row.enabled:
            yield Finding(f"{subject}, switched off")
            continue
        try:
            await bench.configure.test(route.row.id)
        except LoyaltyHostError as error:
            yield Finding(subject, str(error))
        else:
            yield Finding(subject)
