"""What the host and its helper say to each other. Both are this program: it goes as pickles."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeAlias

import msgspec

import host
from host.config import Environment
from host.intake.items import Items
from host.intake.writes import Before, Recorded, Writes
from host.registry.registry import Loaded
from host.store.outbox import Draft

_encode: Final = msgspec.msgpack.Encoder().encode
_events: Final = msgspec.msgpack.Decoder(list[Recorded]).decode
_drafts: Final = msgspec.msgpack.Decoder(list[Draft]).decode


class Introduction(NamedTuple):
    """What the helper is told first."""

    environment: Environment
    code: bytes  # see `edition`: another one's helper says nothing


class Request(NamedTuple):
    """A batch to decide."""

    number: int
    now: int  # ms since 1970
    first_key: int
    thorough: bool  # see `Writes`
    modules: int  # how often the host's modules have changed; the helper follows
    parts: Sequence[Items]
    coming: Sequence[Before | int]  # about to be written; a number: the helper decided it


class Answer(NamedTuple):
    """A decided batch; None: it could not be decided, and the host shall try itself.

    There are many events and drafts, so they are packed in a quicker way than the rest.
    """

    writes: Writes | None  # without its events and drafts
    events: bytes
    drafts: bytes
    modules: tuple[Loaded, ...]  # as the helper has them

    @classmethod
    def of(cls, writes: Writes | None, modules: tuple[Loaded, ...]) -> Self:
        """Pack what was decided."""
        if writes is None:
            return cls(None, b"", b"", modules)
        events, drafts = _encode(writes.events), _encode(writes.drafts)
        return cls(replace(writes, events=[], drafts=[]), events, drafts, modules)

    def unpacked(self) -> Writes:
        """What was decided."""
        assert self.writes is not None, "it was decided"
        self.writes.events = _events(self.events)
        self.writes.drafts = _drafts(self.drafts)
        return self.writes


Said: TypeAlias = Introduction | Request | Answer | None
"""None: the helper is ready."""


def edition() -> bytes:
    """Of the code that lies here: a helper of another edition would decide otherwise."""
    folder = Path(host.__file__).parent
    code = [path for path in folder.rglob("*") if path.suffix in (".py", ".sql")]
    files = sorted((str(path), path.stat().st_mtime_ns) for path in code)
    return blake2b(repr(files).encode(), digest_size=16).digest()


def say(to: Connection, said: Said) -> None:
    """Send something. Raises OSError when nobody is there any more."""
    to.send_bytes(pickle.dumps(said, pickle.HIGHEST_PROTOCOL))


def hear(from_: Connection) -> Any:
    """What was sent. Raises EOFError or OSError when nobody is there any more."""
    return pickle.loads(from_.recv_bytes())
