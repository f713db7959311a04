"""No statement of the daily work walks through a table that grows with the backlog."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

import pytest

from host.store.statements import read_migrations, read_statements

FOLDER = files("host.store.sqlite")
STATEMENTS = read_statements(FOLDER)
SELDOM = {
    "leased_lanes",  # once, at the start of a host
    "count_hot",  # the doctor's
    "count_stranded",
    "old_event_bodies",  # retention's, of the oldest ones and from where it was
    "drop_events",
    "count_customers",  # once a backfill, beside the traffic, through the narrow index of ids
}
AMONG_NEW_EVENTS = {  # which are kept few
    "newness",
    "events_after",
    "window_by_id",
    "window_by_customer",
    "events_of_customer",
    "events_of_customer_floor",
    "events_that_ran",
    "runs_of_customer",
    "erase_event_bodies",
    "erase_runs",
}
_RANGE_OF_EVENTS = r"^SEARCH (?:event|e) USING INTEGER PRIMARY KEY \(rowid[<>]"
_GROWS = (
    "lane|l|message|m|f|settled|s|event|e|customer|c|message_body|b|attempt|a|external_id|x"
    "|session|link|failed_try|run|r|wait|t|o|event_by_id|event_by_customer"
)
WALKS = re.compile(
    rf"^SCAN (?:{_GROWS})(?! VIRTUAL)\b|^SEARCH (?:lane|l) USING PRIMARY KEY \(connection=\?\)$"
)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for _, script in read_migrations(FOLDER / "migrations"):
        connection.executescript(script)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - SELDOM))
def test_a_statement_finds_its_rows_by_an_index(database: sqlite3.Connection, name: str) -> None:
    sql = STATEMENTS[name]
    numbered = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    values = ["[]"] * max([*numbered, 0] if numbered else [sql.count("?")])

    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    made = {line.removeprefix("MATERIALIZE ") for line in plan if line.startswith("MATERIALIZE ")}
    walks = [line for line in plan if WALKS.match(line) and line.split()[1] not in made]
    # Events are ranges of time by their keys; a customer's, say, have to be found otherwise.
    ranges = [line for line in plan if re.match(_RANGE_OF_EVENTS, line)]
    assert walks == [], plan
    assert ranges == [] or (name in AMONG_NEW_EVENTS and "rowid>?" in "".join(ranges)), plan
