"""A connection as it is written down: settings, mappings and the way it is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from host.manifest import Manifest, SettingField, SettingKind
from host.model import Connection, EventMapping, FieldMapping, Secret, SettingValue
from host.retry import CIRCUIT_AFTER, RESEND_WAITS


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """How a connection's messages are sent. Allowed ranges: `host.configuration.checks`."""

    resend_waits: tuple[float, ...] = RESEND_WAITS  # seconds before each resend
    timeout: float = 10.0  # seconds for one request
    concurrency: int = 4  # requests under way at once
    circuit_after: int = CIRCUIT_AFTER  # failed requests in a row; 0: never open


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionConfig:
    """One connection as an operator configured it.

    Secrets are `Secret`; values that nobody gave are not in `settings`.
    """

    id: str
    module: str
    enabled: bool = True
    paused: bool = False
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    identities: Mapping[str, str] | None = None  # far identity → our field; None: the manifest's
    fields: tuple[FieldMapping, ...] = ()
    events: tuple[EventMapping, ...] = ()
    delivery: DeliveryPolicy = DeliveryPolicy()

    def settings_for(self, manifest: Manifest) -> dict[str, SettingValue]:
        """The settings as a plugin gets them: secrets wrapped, nothing else, defaults filled in.

        What is secret may have been saved as text, or the reverse, by an earlier version of
        the plugin: the manifest of today decides.
        """
        complete: dict[str, SettingValue] = {
            known.name: known.default for known in manifest.settings if known.default is not None
        }
        for name, value in self.settings.items():
            complete[name] = _worn_as(manifest.setting(name), value)
        return complete

    def identities_for(self, manifest: Manifest) -> Mapping[str, str]:
        """Far identity → our field: as configured, else as the manifest suggests."""
        return default_identities(manifest) if self.identities is None else self.identities

    def connection(self, manifest: Manifest) -> Connection:
        """What a plugin is told of this connection."""
        settings = self.settings_for(manifest)
        environments = manifest.environments
        return Connection(
            id=self.id,
            module=self.module,
            settings=settings,
            environment=None if environments is None else environments.of(settings),
            identities=self.identities_for(manifest),
            fields=self.fields,
            events=self.events,
        )


def default_identities(manifest: Manifest) -> dict[str, str]:
    """The identities that the manifest fills unless configured otherwise."""
    return {
        identity.name: identity.default
        for identity in manifest.identities
        if identity.default is not None
    }


def _worn_as(known: SettingField | None, value: SettingValue) -> SettingValue:
    if known is None:
        return value
    if known.kind is SettingKind.SECRET:
        return Secret(value) if isinstance(value, str) else value
    return value.reveal() if isinstance(value, Secret) else value
