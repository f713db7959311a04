"""Named statements on one SQLite connection."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Hashable, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any, Final, TypeVar, cast

import msgspec

from host.store.engine import Row
from host.store.keys import Keys
from host.store.statements import read_statements

T = TypeVar("T")

_STATEMENTS: Final = read_statements(files("host.store.sqlite"))

# The driver lets go of the interpreter's lock at every step of a statement, and gets it back
# only when a busy thread lets go in turn. So a statement writes many rows in one step; of the
# larger sizes only powers of two, so that few statements are kept prepared.
_MOST_VALUES: Final = 32_000
_ANY_SIZE: Final = 64
_VALUES: Final = re.compile(r"VALUES (\([^()]*\))")


# For every value that is neither a number nor a text, the driver looks around at length for
# somebody who could adapt it. These go as they are, and to say so takes half of that time.
_AS_IT_IS: Final[dict[None, None]] = {}
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(type(None), _AS_IT_IS.get)


def _rows_at_once(rows: int, columns: int) -> int:
    rows = min(rows, _MOST_VALUES // columns)
    return rows if rows <= _ANY_SIZE else 1 << (rows.bit_length() - 1)


@cache
def _for_rows(statement: str, size: int) -> str:
    """An `INSERT … VALUES (…)` for so many rows."""
    text = _STATEMENTS[statement]
    found = _VALUES.search(text)
    assert found is not None, f"{statement} inserts no row of plain values"
    group = found[1]
    return text.replace(group, ", ".join([group] * size), 1)


@cache
def _rows_of(kind: Hashable) -> msgspec.json.Decoder[Any]:
    # Not strict: SQLite says 1 for true.
    return msgspec.json.Decoder(list[kind], strict=False)  # type: ignore[valid-type]


class SqliteTransaction:
    """Named statements on one connection."""

    def __init__(self, connection: sqlite3.Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys
        self.now = 0
        self.woken: set[int] = set()

    def rows(self, statement: str, *values: Any) -> list[Row]:
        return self._connection.execute(_STATEMENTS[statement], values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        found: Row | None = self._connection.execute(_STATEMENTS[statement], values).fetchone()
        return found

    def run(self, statement: str, *values: Any) -> int:
        return self._connection.execute(_STATEMENTS[statement], values).rowcount

    def packed(self, statement: str, kind: type[T], *values: Any) -> list[T]:
        row = self._connection.execute(_STATEMENTS[statement], values).fetchone()
        found: list[T] = _rows_of(cast(Hashable, kind)).decode(row[0])
        return found

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        start = 0
        while start < len(rows):
            size = _rows_at_once(len(rows) - start, len(rows[0]))
            values = list(chain.from_iterable(rows[start : start + size]))
            self._connection.execute(_for_rows(statement, size), values)
            start += size

    def keys(self, count: int) -> int:
        return self._keys.take(count, self.now)

    def wake(self, connection: int) -> None:
        self.woken.add(connection)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
