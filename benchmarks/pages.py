"""How long the server takes for each page with a million messages and 200,000 runs of workflows.

`python -m benchmarks.pages` prints the slowest first; the target is under 200 ms each.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from benchmarks.table import Row, as_markdown, machine
from host.accounts import Accounts, Role
from host.app import Host, workbench
from host.config import Environment
from host.document import read_document
from host.pages.entrance import COOKIE
from host.store.connections import reconnect

SETTLED: Final = 1_000_000
UNDELIVERED: Final = 2_000
WAITING: Final = 50_000
CUSTOMERS: Final = 100_000
WORKFLOWS: Final = 20
RUNS: Final = 200_000
WAITS: Final = 5_000
ROUNDS: Final = 7
PATHS: Final = (
    "/modules",
    "/live",
    "/queue",
    "/queue?state=waiting",
    "/queue?state=sending",
    "/queue?state=all",
    "/queue?state=waiting&reason=timeout",
    "/queue?state=all&event=nothing",
    "/queue?state=all&customer=customer-77",
    "/undelivered",
    "/undelivered?state=delivered",
    "/undelivered?state=delivered&event=nothing",
    "/undelivered?state=delivered&customer=customer-77",
    "/workflows",
    "/workflows/new",
    "/workflows/workflow-7",
    "/workflows/workflow-7/try",
    "/workflows/workflow-7/log",
    "/workflows/workflow-7/log?result=error",
    "/workflows/workflow-7/log?result=cancelled",
    "/workflows/workflow-7/log?customer=customer-77",
    "/workflows/workflow-7/log/{run}",
    "/workflows/workflow-7/running",
    "/workflows/workflow-7/running?customer=customer-77",
    "/workflows/workflow-7/versions",
    "/workflows/workflow-7/versions/1",
    "/customers",
    "/customers?q=customer-77",
    "/customer?id=customer-77",
    "/customers?q=customer-77%40example.com",
    "/settings",
    "/settings/people",
    "/settings/tokens",
    "/settings/account",
    "/modules/mparticle/connect",
    "/connections/bench",
    "/connections/bench/connect",
    "/connections/bench/fields",
    "/connections/bench/events",
    "/connections/bench/send-all",
    "/connections/bench/queue",
    "/connections/bench/undelivered",
    "/messages/{waiting}",
    "/messages/{undelivered}",
)
_ORIGIN: Final = "http://bench.test"
_PASSWORD: Final = "a long enough password"
_CONFIGURATION: Final = """
[connections.bench]
module = "mparticle"
[connections.bench.settings]
api_url = "http://127.0.0.1:9/v2"
api_key = "bench-key"
api_secret = "bench-secret"
development = true
[[connections.bench.fields]]
loyalty = "first_name"
remote = "$firstname"
[[connections.bench.events]]
loyalty = "point_add"
external = "point_add"
type = "other"
[[connections.bench.events]]
loyalty = "reward_claim"
external = "reward_claim"
type = "other"
"""
_WORKFLOW: Final = """
[[workflows]]
name = "Workflow {number}"
active = true
nodes = [
  {{ id = "t", type = "event_trigger", event = "opt_in" }},
  {{ id = "f", type = "event_filter", rows = [
    {{ attribute = "points", operator = "is", value = 5 }},
  ] }},
  {{ id = "w", type = "wait", amount = 2, unit = "days" }},
  {{ id = "s", type = "sync_data", connection = "bench" }},
  {{ id = "i", type = "interrupt" }},
]
edges = [
  {{ from = "t", to = "f" }},
  {{ from = "f", to = "w" }},
  {{ from = "w", to = "s" }},
  {{ from = "f", to = "i", on = "failure" }},
]
"""


def measure() -> Iterator[Row]:
    """One row a page: milliseconds of every round."""
    with TemporaryDirectory(prefix="loyalty-host-bench-") as folder:
        yield from asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> list[Row]:
    plugins = folder / "plugins.toml"
    plugins.write_text("[plugins.mparticle]\nenabled = true\n", encoding="utf-8")
    environment = Environment.read(
        {
            "LOYALTY_HOST_HOME": str(folder),
            "LOYALTY_HOST_PLUGINS": str(plugins),
            "LOYALTY_HOST_ALLOW_PRIVATE_DESTINATIONS": "1",
        }
    )
    async with workbench(environment) as bench:
        drawn = "".join(_WORKFLOW.format(number=number) for number in range(WORKFLOWS))
        document = read_document(_CONFIGURATION + drawn, {})
        await bench.configure.apply(document, untested=True)
        (route,) = (await bench.configure.routing()).routes
        await bench.store.write(lambda tx: reconnect(tx, route.key, "Bench"))
        accounts = Accounts(bench.store)
        await accounts.add("bench", Role.ADMIN, _PASSWORD)
        token = await accounts.sign_in("bench", _PASSWORD, "bench")
    _fill(folder / "host.db", route.key)
    async with workbench(environment) as bench:
        host = Host(bench, delivers=False)
        async with (
            host.running(),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(host.application(), raise_app_exceptions=False),
                base_url=_ORIGIN,
                cookies={COOKIE: token.reveal()},
            ) as client,
        ):
            return await _rounds(client)


def _fill(database: Path, connection: int) -> None:
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    values: Mapping[str, int] = {
        "settled": SETTLED,
        "undelivered": UNDELIVERED,
        "waiting": WAITING,
        "customers": CUSTOMERS,
        "workflows": WORKFLOWS,
        "runs": RUNS,
        "waits": WAITS,
        "connection": connection,
        "now": int(time.time() * 1000),
    }
    store = sqlite3.connect(database, isolation_level=None)
    try:
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("BEGIN")
        for statement in filter(str.strip, script.split(";\n")):
            named = set(re.findall(r":(\w+)", statement))
            store.execute(statement, {name: values[name] for name in named & values.keys()})
        store.execute("COMMIT")
    finally:
        store.close()


async def _rounds(client: httpx.AsyncClient) -> list[Row]:
    ids = {
        name: await _first_link(client, page, below)
        for name, page, below in (
            ("waiting", "/queue?state=waiting", "/messages/"),
            ("undelivered", "/undelivered", "/messages/"),
            ("run", "/workflows/workflow-7/log", "/workflows/workflow-7/log/"),
        )
    }
    rows: list[Row] = []
    for pattern in PATHS:
        path = pattern.format(**ids)
        answer = await client.get(path)
        note = "" if answer.status_code == 200 else f"HTTP {answer.status_code}"
        took = tuple([await _once(client, path) for _ in range(ROUNDS)])
        rows.append(Row(what=f"page {pattern}", runs=took, unit="ms", note=note))
    return sorted(rows, key=lambda row: row.median, reverse=True)


async def _first_link(client: httpx.AsyncClient, page: str, below: str) -> str:
    """The end of the first address below another that a page leads to."""
    found = re.search(rf'href="{below}([^"?]+)', (await client.get(page)).text)
    assert found is not None, f"{page} leads nowhere below {below}"
    return found[1]


async def _once(client: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    await client.get(path)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    print(f"{machine()}\n\n{as_markdown(list(measure()))}")
