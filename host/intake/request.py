"""What the host and its helper say to each other. Both are this program: it goes as pickles."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from itertools import chain
from multiprocessing.connection import Connection
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeAlias

import host
from host.config import Environment
from host.intake.items import Item
from host.intake.writes import Before, Recorded, Writes
from host.model import Event, Json
from host.reading.events import TakenEvent
from host.registry.registry import Loaded
from host.store.outbox import Body, Draft

# Named tuples are packed slowly: by their class and their values, and those one by one.
_BODY: Final = Draft._fields.index("body")
_BEHIND: Final = _BODY + len(Body._fields)


class Introduction(NamedTuple):
    """What the helper is told first."""

    environment: Environment
    code: bytes  # see `edition`: another one's helper says nothing


class Request(NamedTuple):
    """A batch to decide."""

    number: int
    now: int  # ms since 1970
    first_key: int
    modules: int  # how often the host's modules have changed; the helper follows
    items: bytes  # packed
    before: Before | int | None  # about to be written; a number: the helper decided it


class Answer(NamedTuple):
    """A decided batch; None: it could not be decided, and the host shall try itself."""

    writes: Writes | None  # without its events and drafts, which are packed
    events: list[Any]
    drafts: list[Any]
    modules: tuple[Loaded, ...]  # as the helper has them

    @classmethod
    def of(cls, writes: Writes | None, modules: tuple[Loaded, ...]) -> Self:
        """Pack what was decided."""
        if writes is None:
            return cls(None, [], [], modules)
        drafts = [(*draft[:_BODY], *draft.body, *draft[_BODY + 1 :]) for draft in writes.drafts]
        return cls(
            replace(writes, events=[], drafts=[]), [*map(tuple, writes.events)], drafts, modules
        )

    def unpacked(self) -> Writes | None:
        """What was decided."""
        if self.writes is not None:
            self.writes.events = list(map(Recorded._make, self.events))
            self.writes.drafts = [
                Draft._make(chain(one[:_BODY], (Body._make(one[_BODY:_BEHIND]),), one[_BEHIND:]))
                for one in self.drafts
            ]
        return self.writes


Said: TypeAlias = Introduction | Request | Answer | None
"""None: the helper is ready."""

# An event as a plain tuple is packed in a third of the time, and its text stays here: it is
# written down as it came, whatever is decided of it.
_EVENT_FIELDS: Final = (
    *("id", "customer", "action", "data", "occurred_at"),
    *("time_assumed", "account", "external_id", "fields"),
)
_packed: Final = attrgetter("content", *(f"event.{field}" for field in _EVENT_FIELDS))


def pack(items: Sequence[Item]) -> bytes:
    """Items as they travel."""
    packed = [_packed(item) if isinstance(item, TakenEvent) else item for item in items]
    return pickle.dumps(packed, pickle.HIGHEST_PROTOCOL)


def unpack(packed: bytes) -> list[Item]:
    """The items again; events without their text."""
    return [_event(*one) if type(one) is tuple else one for one in pickle.loads(packed)]


def _event(
    content: bytes,
    id: str,
    customer: str | None,
    action: str,
    data: Mapping[str, Json],
    occurred_at: datetime,
    time_assumed: bool,
    account: str | None,
    external_id: str | None,
    fields: Mapping[str, Json],
) -> TakenEvent:
    event = Event(
        id=id,
        customer=customer,
        action=action,
        data=data,
        occurred_at=occurred_at,
        time_assumed=time_assumed,
        account=account,
        external_id=external_id,
        fields=fields,
    )
    return TakenEvent(event=event, content=content, raw=b"")


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
