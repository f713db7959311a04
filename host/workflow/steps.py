"""The words of a run: what nodes ask for, the steps it passed, how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

from host.model import Json


class Outcome(StrEnum):
    """How a run left a node."""

    SUCCESS = "success"
    FAILURE = "failure"  # a filter did not let it through, or an action did nothing
    ERROR = "error"  # it could not be done; goes on by failure
    WAITING = "waiting"
    STOPPED = "stopped"  # an Interrupt


class Result(StrEnum):
    """How a whole run is or was."""

    SUCCESS = "success"
    ERROR = "error"
    WAITING = "waiting"
    CANCELLED = "cancelled"


class Step(msgspec.Struct, array_like=True, frozen=True):  # made in a fifth of a tuple's time
    """A node passed: what it looked at or sent, and in words what came of it."""

    node: str
    outcome: Outcome
    input: Json = None
    text: str = ""


class Action(NamedTuple):
    """What a node asks for: an event for a connection, or (no event) its mapped fields now."""

    connection: str
    event: str = ""
    event_type: str = ""
    payload: Mapping[str, Json] | None = None
    node: str = ""  # who asks


class Acted(NamedTuple):
    """What came of an action."""

    outcome: Outcome
    text: str = ""


Act: TypeAlias = Callable[[Action], Acted]


class Pending(NamedTuple):
    """A wait that began: at which node, for how many ms."""

    node: str
    duration: int


@dataclass(slots=True)
class Ran:
    """What one stretch of a run did, from its beginning or from a wait."""

    steps: list[Step] = field(default_factory=list)
    waits: list[Pending] = field(default_factory=list)
    stopped: bool = False  # an Interrupt ended the whole run
    failed: bool = False  # some step was an error
