"""The words of the product as types. Standard library only; no behaviour beyond reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, TypeAlias

Json: TypeAlias = (
    bool | int | float | Decimal | str | Sequence["Json"] | Mapping[str, "Json"] | None
)
"""A JSON value. Fractions read from input are `Decimal`, so that 10.0 stays 10.0."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    since = moment - EPOCH
    # By parts: dividing one span by another takes three times as long.
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def from_ms(ms: int) -> datetime:
    """The aware UTC time of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=ms)


class Missing:
    """The type of `MISSING`: there is no such value (null is a value)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


def value_at(fields: Mapping[str, Json], path: str) -> Json | Missing:
    """The value under a name, else at a dotted path (`tiers.main_tiers.name`), else MISSING."""
    if path in fields:
        return fields[path]
    if "." not in path:
        return MISSING
    here: Json = fields
    for step in path.split("."):
        if not isinstance(here, Mapping) or step not in here:
            return MISSING
        here = here[step]
    return here


class Secret:
    """A text that prints as dots and leaves only when asked by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. For the wire and the vault, never for a log, an error or a page."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)


SettingValue: TypeAlias = str | bool | int | Secret
Settings: TypeAlias = Mapping[str, SettingValue]


WhenEmpty: TypeAlias = Literal["keep", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """One row of Sync fields: our field → the destination's attribute."""

    loyalty: str
    remote: str
    when_empty: WhenEmpty = "keep"  # an emptied field: leave the far value, or delete it


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMapping:
    """One row of External events: our event → the destination's event."""

    loyalty: str
    external: str
    type: str
    attributes: Mapping[str, str] | None = None  # path in `data` → name; None: all values
    constants: Mapping[str, Json] = field(default_factory=dict)  # name → value, sent as given
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a plugin is told of a module's saved settings and mappings."""

    id: str
    module: str
    settings: Settings
    environment: str | None = None  # what the manifest's rule made of the settings
    identities: Mapping[str, str] = field(default_factory=dict)  # far identity → our field
    fields: tuple[FieldMapping, ...] = ()
    events: tuple[EventMapping, ...] = ()


class Kind(StrEnum):
    """Why a message exists."""

    EVENT = "event"
    PROFILE = "profile"


class MessageState(StrEnum):
    """Where a message stands; it is in exactly one."""

    WAITING = "waiting"  # never sent
    SENDING = "sending"  # in a request just now
    RETRYING = "retrying"  # sent in vain, to be sent again
    DELIVERED = "delivered"  # accepted by the destination
    UNDELIVERED = "undelivered"  # out of attempts or rejected; kept
    WITHHELD = "withheld"  # not sent on purpose
    DISCARDED = "discarded"  # a person took it out

    @property
    def settled(self) -> bool:
        """Nothing more happens to it by itself."""
        return self not in (MessageState.WAITING, MessageState.SENDING, MessageState.RETRYING)


class ConnectionState(StrEnum):
    """How a connection is, in the order a person asks."""

    NOT_CONNECTED = "not connected"
    CONNECTED = "connected"
    NEEDS_ATTENTION = "needs attention"
    PAUSED = "paused"


class ModuleState(StrEnum):
    """How a module is."""

    READY = "ready"
    DISABLED = "disabled"
    MISSING = "missing"  # named in plugins.toml, not installed
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is as it is: a code to filter by, and words a person understands."""

    code: str
    text: str
