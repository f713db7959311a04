"""A file of events or customers → requests, cut at line borders, in bounded memory."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from host.errors import UnreadableBody
from host.reading.bodies import MAX_BODY_BYTES, NDJSON, read_items

MAX_LINES: Final = 500
MAX_BYTES: Final = 4 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_BLOCK: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one request carries. `body` None: a line so long that no request can carry it."""

    offset: int  # bytes before it in the file
    body: bytes | None
    content_type: str = NDJSON
    first_line: int = 1
    lines: int = 1
    end: int  # bytes of the file up to its end


@contextmanager
def opened(path: Path | str, stdin: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """The file, or for `-` standard input, copied to disk first since it is read twice."""
    if str(path) != "-":
        with open(path, "rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(stdin or sys.stdin.buffer, spool)
        spool.seek(0)
        yield spool


def digest(source: BinaryIO) -> str:
    """32 hex digits of the SHA-256 of the whole file, which is wound back after."""
    found = hashlib.sha256()
    while block := source.read(_BLOCK):
        found.update(block)
    source.seek(0)
    return found.hexdigest()[:32]


def size(source: BinaryIO) -> int:
    """Bytes of the file, which is wound back."""
    total = source.seek(0, 2)
    source.seek(0)
    return total


def cut(source: BinaryIO, *, as_lines: bool = False) -> Iterator[Piece]:
    """The requests of a file: a JSON array as it is, lines by 500 and up to 4 MB.

    `as_lines`: the file's name says that it holds lines, whatever the first one looks like.
    The same file is always cut alike, so that a repeat meets the same idempotency keys.
    Raises ValueError for an array too large for one request.
    """
    is_array = not as_lines and _is_array(source)
    source.seek(0)
    return iter((_array(source),)) if is_array else _lines(source)


def _is_array(source: BinaryIO) -> bool:
    """Whether the file is one array, and not lines of which the first happens to be one."""
    first = _first_line(source)
    if not first.startswith(b"["):
        return False
    try:
        read_items(first)
    except UnreadableBody:
        return True  # it goes on over the next lines
    return not _first_line(source)


def _first_line(source: BinaryIO) -> bytes:
    """The next line that is not blank, without the space around it; empty at the end."""
    while line := source.readline(MAX_BODY_BYTES + 1):
        if text := line.removeprefix(_BOM).strip():
            return text
    return b""


def _array(source: BinaryIO) -> Piece:
    body = source.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(
            "the file is one JSON array of over 32 MB; write it as NDJSON, one object a line"
        )
    return Piece(offset=0, body=body, content_type="application/json", end=len(body))


def _lines(source: BinaryIO) -> Iterator[Piece]:
    offset, first_line = 0, 1
    lines: list[bytes] = []
    length = 0
    while line := source.readline(MAX_BODY_BYTES + 1):
        if lines and (len(lines) == MAX_LINES or length + len(line) > MAX_BYTES):
            yield _piece(lines, length, offset, first_line)
            offset, first_line = offset + length, first_line + len(lines)
            lines, length = [], 0
        if len(line) > MAX_BODY_BYTES:
            length = len(line) + _skip_rest(source, line)
            yield Piece(offset=offset, body=None, first_line=first_line, end=offset + length)
            offset, first_line, length = offset + length, first_line + 1, 0
            continue
        lines.append(line)
        length += len(line)
    if lines:
        yield _piece(lines, length, offset, first_line)


def _piece(lines: list[bytes], length: int, offset: int, first_line: int) -> Piece:
    return Piece(
        offset=offset,
        body=b"".join(lines),
        first_line=first_line,
        lines=len(lines),
        end=offset + length,
    )


def _skip_rest(source: BinaryIO, line: bytes) -> int:
    skipped = 0
    while line and not line.endswith(b"\n"):
        line = source.readline(_BLOCK)
        skipped += len(line)
    return skipped
