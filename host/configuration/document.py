"""A connection as it is written: in a TOML file for `apply`, or as the JSON of the API.

Both hold the same keys and are read by the same functions into drafts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from host.configuration import reading
from host.configuration.draft import (
    REMOVED,
    ConnectionDraft,
    DeliveryNumber,
    FromEnvironment,
    GivenSetting,
    Kept,
)
from host.configuration.reading import Faults
from host.configuration.rows import events_in, fields_in
from host.model import MISSING, Missing, Secret

Read = TypeVar("Read")

CONNECTION_KEYS: Final = (
    "module",
    "enabled",
    "paused",
    "settings",
    "identities",
    "fields",
    "events",
    "delivery",
)
SHOWN_KEYS: Final = ("id", "title", "environment", "state", "reason", "version")
"""What the API shows of a connection beside its configuration; ignored when given back."""

_DELIVERY: Final[Mapping[str, Callable[[object, str, Faults], DeliveryNumber | None]]] = {
    "resend_waits": reading.seconds_list,
    "timeout": reading.seconds,
    "concurrency": reading.whole,
    "circuit_after": reading.whole,
}


def read_connection(
    name: str, value: object, environment: Mapping[str, str] | None = None
) -> ConnectionDraft:
    """One connection under its id, as the API takes it.

    Without an environment `{ env = "NAME" }` is refused: what a caller sends must not reach
    into the host's own variables. `{"set": true}` and an omitted setting keep the stored
    value, null and "" remove it. Raises `InvalidConfiguration` with every fault of form.
    """
    faults = Faults()
    draft = connection_in(name, value, environment, faults)
    faults.raise_if_any()
    return draft


def connection_in(
    name: str, value: object, environment: Mapping[str, str] | None, faults: Faults
) -> ConnectionDraft:
    """One connection under its id; what is wrong goes to `faults`."""
    path = f"connections.{name}"
    found = reading.table(value, path, faults)
    if found is None:
        return ConnectionDraft(id=name)
    from_file = environment is not None
    reading.only(
        CONNECTION_KEYS if from_file else (*CONNECTION_KEYS, *SHOWN_KEYS), found, path, faults
    )
    if not from_file and found.get("id", name) != name:
        faults.note(f"{path}.id", "the id is that of the address and cannot be changed")

    def part(key: str, read: Callable[[object, str, Faults], Read]) -> Read | None:
        return read(found[key], f"{path}.{key}", faults) if key in found else None

    settings = part(
        "settings", lambda given, here, noted: _settings(given, here, environment, noted)
    )
    identities: Mapping[str, str] | Missing | None = MISSING
    if "identities" in found:
        identities = None if found["identities"] is None else part("identities", reading.texts)
    return ConnectionDraft(
        id=name,
        module=part("module", _module),
        enabled=part("enabled", reading.flag),
        paused=part("paused", reading.flag),
        settings=settings or {},
        identities=identities,
        fields=part("fields", fields_in),
        events=part("events", events_in),
        delivery=part("delivery", _delivery) or {},
    )


def _module(value: object, path: str, faults: Faults) -> str | None:
    name = reading.text(value, path, faults)
    if name == "":
        faults.note(path, "must not be empty: name the module, or leave the key out")
    return name


def _settings(
    value: object, path: str, environment: Mapping[str, str] | None, faults: Faults
) -> dict[str, GivenSetting]:
    found = reading.table(value, path, faults) or {}
    read = {
        name: _setting(item, f"{path}.{name}", environment, faults) for name, item in found.items()
    }
    return {name: item for name, item in read.items() if item is not None}


def _setting(
    value: object, path: str, environment: Mapping[str, str] | None, faults: Faults
) -> GivenSetting | None:
    if value is None or value == "":
        return REMOVED
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Mapping):
        keys = set(value)
        if keys == {"set"} and isinstance(value["set"], bool):
            return Kept()
        if keys == {"env"} and isinstance(value["env"], str):
            return _from_environment(value["env"], path, environment, faults)
    shapes = "a text, a whole number, true, false"
    other = ' or { env = "NAME" }' if environment is not None else ' or {"set": true}'
    faults.note(path, f"must be {shapes}{other}, not {reading.type_name(value)}")
    return None


def _from_environment(
    variable: str, path: str, environment: Mapping[str, str] | None, faults: Faults
) -> GivenSetting | None:
    if environment is None:
        faults.note(
            path, "only a configuration file may name environment variables: give the value"
        )
        return None
    if not variable:
        faults.note(f"{path}.env", "must not be empty: name an environment variable")
        return None
    value = environment.get(variable, "")
    if not value:
        return Kept(variable=variable)
    return FromEnvironment(variable=variable, value=Secret(value))


def _delivery(value: object, path: str, faults: Faults) -> dict[str, DeliveryNumber]:
    found = reading.table(value, path, faults) or {}
    reading.only(tuple(_DELIVERY), found, path, faults)
    read = {
        name: _DELIVERY[name](item, f"{path}.{name}", faults)
        for name, item in found.items()
        if name in _DELIVERY
    }
    return {name: number for name, number in read.items() if number is not None}
