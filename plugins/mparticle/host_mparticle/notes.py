"""What a person is told about a payload: what was cut, left out or changed, and where.

Notes name attributes and never hold a value: they are shown on pages and kept in history.
"""

from __future__ import annotations

from typing import Final

CUT_TEXT: Final = "text cut to 4096 characters"
CUT_NAME: Final = "name cut to 256 characters"
CUT_LIST: Final = "list cut to 1000 entries"
CUT_ENTRIES: Final = "list entries cut to 512 characters"
NULL_ENTRIES: Final = "empty list entries left out"
AS_JSON: Final = "object or list sent as JSON text, since mParticle takes plain values here"
NO_VALUE: Final = "left out, the event holds no value for it"
SAME_NAME: Final = "left out, another value already has this name"
TOO_MANY: Final = "left out, mParticle takes 100 attributes"
NOT_A_NUMBER: Final = "left out, this reserved attribute takes a number"
NOT_TEXT: Final = "left out, this reserved attribute takes text"
NOT_RESERVED: Final = "left out, mParticle has no reserved attribute of this name"
NOT_AN_IDENTITY: Final = "identity left out, mParticle knows no identity of this name"
IDENTITY_NOT_TEXT: Final = "identity left out, it must be text or a number"
EVENT_TYPE: Final = 'sent as "other", mParticle knows no custom event type of this name'

OLD_EVENT: Final = (
    "older than 30 days: sent by mParticle's historical endpoint, without the profile part "
    "(the customer is named by id alone)"
)

_NAMES_SHOWN: Final = 100
_NAME_SHOWN: Final = 60  # characters


class Notes:
    """Gathers names under each remark, so that a hundred cuts make one note."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, dict[str, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._names)

    def add(self, remark: str, name: str = "") -> None:
        """Remark something, of the attribute `name` or of the whole."""
        names = self._names.setdefault(remark, {})
        if name:
            names[name] = None

    def texts(self) -> tuple[str, ...]:
        """The notes, in the order in which the first of each kind was made."""
        if not self._names:
            return ()
        return tuple(_text(remark, tuple(names)) for remark, names in self._names.items())


def _text(remark: str, names: tuple[str, ...]) -> str:
    if not names:
        return remark
    shown = ", ".join(_short(name) for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{remark}: {shown}" + (f" and {more} more" if more > 0 else "")


def _short(name: str) -> str:
    # Names can hold anything that JSON can, a NUL included.
    shown = "".join(c if c.isprintable() else " " for c in name[:_NAME_SHOWN])
    return shown if len(name) <= _NAME_SHOWN else shown + "…"
