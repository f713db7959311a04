"""Domain objects with sensible content, of which a test names only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from host.carried import Customer, Event, Message, Payload
from host.manifest import Manifest
from host.model import (
    Connection,
    EventMapping,
    FieldMapping,
    Json,
    Kind,
    Secret,
    Settings,
    SettingValue,
)

NOON: Final = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def event(
    *,
    id: str = "event-1",
    customer: str | None = "customer-1",
    action: str = "point_add",
    data: Mapping[str, Json] | None = None,
    occurred_at: datetime = NOON,
    time_assumed: bool = False,
    account: str | None = None,
    external_id: str | None = None,
    fields: Mapping[str, Json] | None = None,
) -> Event:
    """An event: a member was given ten points."""
    return Event(
        id=id,
        customer=customer,
        action=action,
        data={"points": 10} if data is None else data,
        occurred_at=occurred_at,
        time_assumed=time_assumed,
        account=account,
        external_id=external_id,
        fields=fields or {},
    )


def customer(
    *,
    id: str = "customer-1",
    fields: Mapping[str, Json] | None = None,
    **more: Json,
) -> Customer:
    """A member with a name and an e-mail address; `more` adds or replaces single fields."""
    usual: Mapping[str, Json] = {
        "first_name": "Ada",
        "last_name": "Byron",
        "email": "ada@example.com",
        "mobile_phone": "+442071234567",
        "status": "active",
    }
    return Customer(id=id, fields={**(usual if fields is None else fields), **more})


def settings_of(manifest: Manifest, given: Mapping[str, SettingValue | None]) -> Settings:
    """Settings as the host hands them over: secrets wrapped, defaults filled in."""
    values: dict[str, SettingValue] = {}
    for field in manifest.settings:
        value = given.get(field.name, field.default)
        if value is None:
            continue
        secret = field.name in manifest.secrets and isinstance(value, str)
        values[field.name] = Secret(str(value)) if secret else value
    return values


def connection(
    manifest: Manifest | None = None,
    *,
    id: str | None = None,
    module: str | None = None,
    settings: Mapping[str, SettingValue | None] | None = None,
    environment: str | None = None,
    identities: Mapping[str, str] | None = None,
    fields: Sequence[FieldMapping] | None = None,
    events: Sequence[EventMapping] = (),
) -> Connection:
    """A connection; with a manifest, its defaults fill what is not given.

    Plain texts given for secret settings are wrapped as the host would wrap them.
    """
    given = dict(settings or {})
    name = module or (manifest.name if manifest else "module")
    values: Settings = {key: value for key, value in given.items() if value is not None}
    if manifest is not None:
        values = settings_of(manifest, given)
        identities = identities if identities is not None else default_identities(manifest)
        fields = manifest.usual_fields if fields is None else fields
        if environment is None and manifest.environments is not None:
            environment = manifest.environments.of(values)
    return Connection(
        id=id or name,
        module=name,
        settings=values,
        environment=environment,
        identities=identities or {},
        fields=tuple(fields or ()),
        events=tuple(events),
    )


def default_identities(manifest: Manifest) -> dict[str, str]:
    """Far identity → our field, as a new connection has them."""
    return {one.name: one.default for one in manifest.identities if one.default is not None}


def message(
    *,
    dedupe_id: str = "message-1",
    kind: Kind = Kind.EVENT,
    customer: str = "customer-1",
    payload: Payload | None = None,
    environment: str | None = None,
    attempts: int = 0,
) -> Message:
    """A message that was never sent, with a small payload."""
    return Message(
        dedupe_id=dedupe_id,
        kind=kind,
        customer=customer,
        payload=payload or Payload(event={"name": "point_add"}, profile=None),
        environment=environment,
        attempts=attempts,
    )
