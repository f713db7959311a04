"""What a plugin declares about itself, as data: pages, forms, checks and docs come from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from host.model import EventMapping, FieldMapping, Settings, SettingValue

HOST_API: Final = 1
"""Version of the promises between host and plugin; a manifest names the one it was written for."""


class SettingKind(StrEnum):
    """How a setting is typed, checked and shown."""

    TEXT = "text"
    SECRET = "secret"  # encrypted at rest, never shown again
    URL = "url"
    NUMBER = "number"  # a whole number
    TOGGLE = "toggle"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One setting of a connection."""

    name: str
    label: str
    kind: SettingKind = SettingKind.TEXT
    required: bool = True  # a toggle that is not given is off
    default: str | int | bool | None = None
    help: str = ""
    where: str = ""  # where the value is found on the far side
    placeholder: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # (value, label), for a choice


FieldType = Literal["text", "number", "boolean", "list", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteField:
    """A reserved attribute of the destination."""

    name: str
    type: FieldType
    meaning: str  # with its rule, in one line


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteIdentity:
    """A name under which the destination recognises a person."""

    name: str
    label: str
    default: str | None = None  # our field that fills it unless configured otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A kind of event on the far side."""

    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the destination takes. Bytes are of the JSON text; None: no limit known."""

    items_per_request: int = 1
    bytes_per_request: int | None = None
    bytes_per_item: int | None = None
    bytes_added_per_item: int = 0  # what `deliver` adds to a payload: ids, braces
    name_length: int | None = None
    value_length: int | None = None
    event_names: int | None = None  # distinct event names the destination keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Environments:
    """How a toggle decides the environment that is frozen on each message."""

    setting: str
    on: str
    off: str

    def of(self, settings: Settings) -> str:
        """The environment under these settings."""
        return self.on if settings.get(self.setting) is True else self.off


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A destination to try things on, shipped with the plugin.

    `app` names an ASGI application factory as `package.module:callable`, imported only when
    used. `settings` answers settings that the running stand-in accepts, given its base URL
    (`http://127.0.0.1:PORT`). `live_stream` is the path of a page that shows what arrives;
    `arrivals` the path of the same as JSON: a list of objects with at least `customer`,
    `event` (null for a profile), `environment` and `id` (the dedupe id), oldest first.
    `fields` and `events` are the mappings of the demonstration.
    """

    app: str
    settings: Callable[[str], Mapping[str, SettingValue]]
    live_stream: str
    arrivals: str
    fields: tuple[FieldMapping, ...] = ()
    events: tuple[EventMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A module's visiting card. `name` is also the name of its entry point."""

    name: str
    title: str
    summary: str  # one line
    settings: tuple[SettingField, ...]
    event_types: tuple[EventType, ...]
    icon: str = ""  # an emoji or one to three letters
    docs_url: str = ""
    direction: Literal["out"] = "out"
    default_event_type: str | None = None
    identities: tuple[RemoteIdentity, ...] = ()
    remote_fields: tuple[RemoteField, ...] = ()
    reserved_prefix: str = ""  # names that begin with it must be in `remote_fields`
    free_fields: bool = True  # may other names be typed?
    suggested_prefix: str = ""
    usual_fields: tuple[FieldMapping, ...] = ()  # what "Fill the usual ones" fills
    limits: Limits = Limits()
    environments: Environments | None = None
    stand_in: StandIn | None = None
    host_api: int = HOST_API

    def setting(self, name: str) -> SettingField | None:
        """The setting of that name."""
        return next((field for field in self.settings if field.name == name), None)

    def marks(self, environment: str | None) -> bool:
        """Whether it is the environment that a toggle marks, kept apart on the far side."""
        return self.environments is not None and environment == self.environments.on

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the settings that are secret."""
        return frozenset(f.name for f in self.settings if f.kind is SettingKind.SECRET)
