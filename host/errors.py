"""What can go wrong, sorted by what happens next.

LoyaltyHostError
├── FixSettings            connect: the settings are wrong; says which field
├── CannotTell             connect: the destination gave no verdict; try later
├── RequestFailed          a request to a destination got no answer
├── RefusedItem            one event or customer is not taken; nothing changed
├── UnreadableBody         a whole request body cannot be read
├── BodyTooLarge           a whole request body is over the limit
├── InvalidConfiguration   a configuration has faults; nothing was saved
│   └── RefusedSettings    … and it is the destination that finds them
├── VersionConflict        somebody saved in between; nothing was saved
├── NotFound               no such thing under that name
├── HostFull               no room for more work just now; try again later
├── StoreUnavailable       the database does not answer just now; try again
├── StoreFault             the database or the secret key cannot be used at all
├── AlreadyRunning         another process holds the data folder
└── PluginFault            a plugin broke its promise; the plugin is to blame
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


class LoyaltyHostError(Exception):
    """Root of every error that the host raises on purpose."""


class FixSettings(LoyaltyHostError):
    """The destination refuses these settings: a person has to change them.

    `fields` maps a setting's name to what is wrong with it.
    """

    def __init__(self, message: str, **fields: str) -> None:
        super().__init__(message)
        self.fields: Mapping[str, str] = fields


class CannotTell(LoyaltyHostError):
    """The destination did not say whether the settings are good: try later."""


FailureKind = Literal[
    "timeout", "connection_lost", "tls", "address", "refused_address", "oversized_answer"
]


class RequestFailed(LoyaltyHostError):
    """A request got no usable answer.

    `timeout`, `connection_lost` and `oversized_answer` may pass by themselves;
    `tls`, `address` (no such host, not a URL) and `refused_address` (private or plain
    http, see `host.http`) need a person.
    """

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind


class RefusedItem(LoyaltyHostError):
    """One item of input is refused under a code of the published list."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[RefusedItem], tuple[str, str]]:
        # It goes from process to process, and an error is otherwise made again of its text alone.
        return type(self), (self.code, str(self))


class UnreadableBody(LoyaltyHostError):
    """The request body cannot be read."""


class BodyTooLarge(LoyaltyHostError):
    """The request body is larger than the host takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a configuration: where (`connections.NAME.fields[2].remote`) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidConfiguration(LoyaltyHostError):
    """The configuration has faults; all of them are listed and nothing was saved."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class RefusedSettings(InvalidConfiguration):
    """The destination was asked and refuses the settings; `said` is what it said, in words."""

    def __init__(self, faults: Sequence[Fault], said: str) -> None:
        super().__init__(faults)
        self.said = said


class VersionConflict(LoyaltyHostError):
    """Somebody else saved this in between."""


class NotFound(LoyaltyHostError):
    """There is nothing under that name."""


class HostFull(LoyaltyHostError):
    """The host cannot take more just now; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int = 10) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreUnavailable(LoyaltyHostError):
    """The database does not answer just now."""


class StoreFault(LoyaltyHostError):
    """The database or its secret key cannot be used; a person has to look."""


class AlreadyRunning(LoyaltyHostError):
    """Another process works on this data folder."""


class PluginFault(LoyaltyHostError):
    """A plugin raised, or answered something that its hook may not answer."""
