"""Request body → raw items, each standing alone. What an item means is read elsewhere.

A fault inside one item never takes its neighbours with it; only a body whose borders cannot
be found is refused whole.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from host.errors import BodyTooLarge, UnreadableBody
from host.reading.pieces import MAX_ITEMS, end_of, split_array, too_many

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
NDJSON: Final = "application/x-ndjson"
JSON_TYPES: Final = ("", "application/json", "text/plain")

_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = b" \t\r\n"
_CHUNK: Final = 64 * 1024
_MAX_MEMBERS: Final = 1000  # gzip streams one behind the other; each costs a fresh decoder
_MANY_COMMAS: Final = 4_000_000  # one to eight bytes of body: no events look like that

_array: Final = msgspec.json.Decoder(list[msgspec.Raw])
_value: Final = msgspec.json.Decoder(msgspec.Raw)

_SPACES: Final = re.compile(rb"[ \t\r\n]*+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The raw items of one body in order; None stands for a blank line, which is skipped."""

    by: Literal["line", "index"]  # how an item is named in the answer
    items: list[bytes | None]

    def number(self, position: int) -> int:
        """The number under which the answer names an item: lines count from 1, indexes from 0."""
        return position + 1 if self.by == "line" else position


class Unpacker:
    """Takes a body chunk by chunk, unpacks it and stops at the limit, however small it came.

    `encoding` is the `Content-Encoding` header: gzip, or nothing.
    """

    def __init__(self, encoding: str | None = None, limit: int = MAX_BODY_BYTES) -> None:
        coding = (encoding or "").strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise UnreadableBody(
                f"the content encoding {coding[:40]!r} is not taken; send gzip or no encoding"
            )
        self._gzip = zlib.decompressobj(31) if coding.endswith("gzip") else None
        self._members = 1
        self._limit = limit
        self._came = 0
        self._size = 0
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk. Raises `BodyTooLarge` or `UnreadableBody`."""
        self._came += len(chunk)
        if self._came > self._limit:
            raise self._too_large()
        if self._gzip is None:
            self._keep(chunk)
            return
        for start in range(0, len(chunk), _CHUNK):
            self._unpack(chunk[start : start + _CHUNK])

    def finish(self) -> bytes:
        """The whole body. Raises `UnreadableBody` when the gzip stream was cut off."""
        if self._gzip is not None and not self._gzip.eof:
            raise UnreadableBody("the gzip body is cut off; send it again whole")
        return b"".join(self._parts)

    def _unpack(self, packed: bytes) -> None:
        assert self._gzip is not None
        while packed:
            if self._gzip.eof:  # a further member, or the zeros that may pad the last one
                packed = packed.lstrip(b"\0")
                if not packed:
                    return
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise UnreadableBody(f"the gzip body has over {_MAX_MEMBERS} members")
                self._gzip = zlib.decompressobj(31)
            try:
                part = self._gzip.decompress(packed, self._limit - self._size + 1)
            except zlib.error:
                raise UnreadableBody(
                    "the body is not gzip as its Content-Encoding says, or it is damaged"
                ) from None
            self._keep(part)
            packed = self._gzip.unconsumed_tail or self._gzip.unused_data

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise self._too_large()
        self._parts.append(part)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"the body is over {self._limit} bytes unpacked; send it in several requests"
        )


def unpack(
    body: bytes | Iterable[bytes], encoding: str | None = None, limit: int = MAX_BODY_BYTES
) -> bytes:
    """The body as its sender wrote it. Raises `BodyTooLarge` (bytes) or `UnreadableBody`."""
    unpacker = Unpacker(encoding, limit)
    for chunk in (body,) if isinstance(body, bytes) else body:
        unpacker.feed(chunk)
    return unpacker.finish()


def read_items(body: bytes, content_type: str | None = None) -> Items:
    """The raw items of an unpacked body.

    NDJSON by its content type; JSON (one object or an array) without one. Raises
    `UnreadableBody` (with the byte where it happens) and, for over `MAX_ITEMS`, `BodyTooLarge`.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != NDJSON and kind not in JSON_TYPES:
        raise UnreadableBody(
            f"the content type {kind[:40]!r} is not taken; send application/json for an object "
            f"or an array, {NDJSON} for one object a line"
        )
    if not body.removeprefix(_BOM):
        raise UnreadableBody("the body is empty; send an object, an array or lines of objects")
    if kind == NDJSON:
        return Items(by="line", items=_lines(body))
    return Items(by="index", items=_elements(body))


def _lines(body: bytes) -> list[bytes | None]:
    if body.count(b"\n") > MAX_ITEMS:
        raise too_many()
    lines = body.removeprefix(_BOM).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix(b"\r") if line.strip(_SPACE) else None for line in lines]


def _elements(body: bytes) -> list[bytes | None]:
    start = _after_space(body, len(_BOM) if body.startswith(_BOM) else 0)
    opening = body[start : start + 1]
    if opening == b"[":
        return _array_elements(body, start)
    if opening == b"{":
        return [_only_object(body, start)]
    raise UnreadableBody(
        f"the body is neither an object nor an array (byte {start}); send one of these, or lines "
        f"of objects as {NDJSON}"
    )


def _array_elements(body: bytes, start: int) -> list[bytes | None]:
    if body.count(b",") <= _MANY_COMMAS:
        try:
            raws = _array.decode(memoryview(body)[start:])
        except (ValueError, RecursionError):
            pass  # something in it is no JSON: the scanner finds the borders of the rest
        else:
            if len(raws) > MAX_ITEMS:
                raise too_many()
            return [bytes(raw) for raw in raws]
    items, end = split_array(body, start + 1)
    _nothing_after(body, end)
    return list(items)


def _only_object(body: bytes, start: int) -> bytes:
    try:
        return bytes(_value.decode(memoryview(body)[start:]))
    except (ValueError, RecursionError):
        end = end_of(body, start + 1)
    _nothing_after(body, end)
    return body[start:end]


def _after_space(body: bytes, position: int) -> int:
    spaces = _SPACES.match(body, position)
    assert spaces is not None  # it matches nothing at all, too
    return spaces.end()


def _nothing_after(body: bytes, end: int) -> None:
    position = _after_space(body, end)
    if position < len(body):
        raise UnreadableBody(
            f"something follows the end of the JSON text (byte {position}); one object a line is "
            f"sent as {NDJSON}"
        )
