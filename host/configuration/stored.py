"""A configuration as the store keeps it: one JSON document, and the secrets apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from host import wire
from host.configuration.model import ConnectionConfig, DeliveryPolicy
from host.model import EventMapping, FieldMapping, Secret


def to_stored(config: ConnectionConfig) -> tuple[bytes, dict[str, Secret]]:
    """The document without any secret, and the secrets by name."""
    secrets = {name: v for name, v in config.settings.items() if isinstance(v, Secret)}
    document: dict[str, Any] = {
        "settings": {n: v for n, v in config.settings.items() if n not in secrets},
        "identities": config.identities,
        "fields": [asdict(row) for row in config.fields],
        "events": [
            {
                "loyalty": row.loyalty,
                "external": row.external,
                "type": row.type,
                "attributes": row.attributes,
                "constants": row.constants,
                "enabled": row.enabled,
            }
            for row in config.events
        ],
        "delivery": asdict(config.delivery),
    }
    return wire.dumps(document), secrets


def from_stored(
    *,
    id: str,
    module: str,
    enabled: bool,
    paused: bool,
    document: bytes,
    secrets: Mapping[str, Secret],
) -> ConnectionConfig:
    """The configuration out of its document and secrets."""
    stored = wire.loads(document)
    delivery = stored["delivery"]
    return ConnectionConfig(
        id=id,
        module=module,
        enabled=enabled,
        paused=paused,
        settings={**stored["settings"], **secrets},
        identities=stored["identities"],
        fields=tuple(FieldMapping(**row) for row in stored["fields"]),
        events=tuple(EventMapping(**row) for row in stored["events"]),
        delivery=DeliveryPolicy(
            resend_waits=tuple(float(wait) for wait in delivery["resend_waits"]),
            timeout=float(delivery["timeout"]),
            concurrency=delivery["concurrency"],
            circuit_after=delivery["circuit_after"],
        ),
    )
