"""A connection as a file for `apply` has it, and as the API's JSON. No secret leaves here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from host.configuration.model import ConnectionConfig, DeliveryPolicy
from host.manifest import Manifest
from host.model import EventMapping, FieldMapping, Secret, SettingValue


def as_json(config: ConnectionConfig, manifest: Manifest | None) -> dict[str, Any]:
    """The connection with the keys of the API; a stored secret is `{"set": true}`.

    Given back as it is, it changes nothing.
    """
    secret = _secret_names(config, manifest)
    return {
        "id": config.id,
        **_switches(config),
        "settings": {
            name: {"set": True} if name in secret else value
            for name, value in _ordered(config.settings, manifest)
        },
        "identities": _identities(config, manifest),
        **_mappings(config),
        "delivery": _delivery(config.delivery),
    }


def variable_name(connection: str, setting: str) -> str:
    """The environment variable that an export names for a secret: `<CONNECTION>_<FIELD>`."""
    return re.sub(r"[^A-Z0-9]", "_", f"{connection}_{setting}".upper())


def as_toml(
    config: ConnectionConfig, manifest: Manifest | None, taken: set[str], marker: str
) -> dict[str, Any]:
    """The connection with the keys of a file. `marker` and a variable's name stand for a secret.

    `taken`: variables named already.
    """
    secret = _secret_names(config, manifest)
    identities = _identities(config, manifest)
    return {
        **_switches(config),
        "settings": {
            name: marker + _free_variable(config.id, name, taken) if name in secret else value
            for name, value in _ordered(config.settings, manifest)
        },
        **({} if identities is None else {"identities": identities}),
        **_mappings(config),
        "delivery": _delivery(config.delivery),
    }


def _free_variable(connection: str, setting: str, taken: set[str]) -> str:
    # "eu-1" and "eu_1" would share a variable, and with it a secret.
    first = name = variable_name(connection, setting)
    count = 1
    while name in taken:
        count += 1
        name = f"{first}_{count}"
    taken.add(name)
    return name


def _secret_names(config: ConnectionConfig, manifest: Manifest | None) -> frozenset[str]:
    wrapped = {name for name, value in config.settings.items() if isinstance(value, Secret)}
    return frozenset(wrapped) | (frozenset() if manifest is None else manifest.secrets)


def _ordered(
    settings: Mapping[str, SettingValue], manifest: Manifest | None
) -> list[tuple[str, SettingValue]]:
    names = [] if manifest is None else [known.name for known in manifest.settings]
    place = {name: number for number, name in enumerate(names)}
    return sorted(settings.items(), key=lambda item: (place.get(item[0], len(names)), item[0]))


def _switches(config: ConnectionConfig) -> dict[str, Any]:
    return {"module": config.module, "enabled": config.enabled, "paused": config.paused}


def _identities(config: ConnectionConfig, manifest: Manifest | None) -> dict[str, str] | None:
    if manifest is not None:
        return dict(config.identities_for(manifest))
    return None if config.identities is None else dict(config.identities)


def _mappings(config: ConnectionConfig) -> dict[str, Any]:
    return {
        "fields": [field_as_json(row) for row in config.fields],
        "events": [event_as_json(row) for row in config.events],
    }


def field_as_json(row: FieldMapping) -> dict[str, Any]:
    """A row of Sync fields with its keys."""
    return {"loyalty": row.loyalty, "remote": row.remote, "when_empty": row.when_empty}


def event_as_json(row: EventMapping) -> dict[str, Any]:
    """A row of External events with its keys; `attributes` only when it names some values."""
    attributes = {} if row.attributes is None else {"attributes": dict(row.attributes)}
    return {
        "loyalty": row.loyalty,
        "external": row.external,
        "type": row.type,
        **attributes,
        "enabled": row.enabled,
    }


def _delivery(policy: DeliveryPolicy) -> dict[str, Any]:
    return {
        "resend_waits": [_number(wait) for wait in policy.resend_waits],
        "timeout": _number(policy.timeout),
        "concurrency": policy.concurrency,
        "circuit_after": policy.circuit_after,
    }


def _number(seconds: float) -> float | int:
    return int(seconds) if float(seconds).is_integer() else seconds
