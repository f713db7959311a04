"""How SQLite finds rows: by a key or an index, whatever has piled up."""

from __future__ import annotations

import re
import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest

from host.store.statements import read_statements
from tests.storing import outbox

STATEMENTS = read_statements(files("host.store.sqlite"))
GROWING = {
    *("message", "message_body", "settled", "attempt"),
    *("lane", "event", "customer", "external_id"),
}
AT_THE_START = {"leased_lanes"}  # once, before anything is taken

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_no_statement_reads_a_whole_table_that_grows(tmp_path: Path) -> None:
    async with outbox(tmp_path):
        database = sqlite3.connect(tmp_path / "host.db")

    scans = {name: found for name, text in STATEMENTS.items() if (found := _scans(database, text))}

    database.close()
    assert set(scans) <= AT_THE_START, scans


def _scans(database: sqlite3.Connection, text: str) -> list[str]:
    """The steps of a statement's plan that go through a growing table from end to end."""
    numbered = [int(number) for number in re.findall(r"\?(\d+)", text)]
    values = [None] * max([0, *numbered] if numbered else [text.count("?")])
    plan = database.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
    tables = {
        short: table for table, short in re.findall(r"(?:FROM|JOIN|UPDATE) (\w+) (\w+)", text)
    }
    scanned = [
        (row[3], found[1])
        for row in plan
        if (found := re.match(r"SCAN (\w+)(?! VIRTUAL)\b", row[3]))
    ]
    return [step for step, name in scanned if tables.get(name, name) in GROWING]
