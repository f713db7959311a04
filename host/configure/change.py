"""What an edit makes of one connection: as it was, as it will be, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from host.configuration import (
    ConnectionConfig,
    ConnectionDraft,
    check,
    difference,
    merge,
    needs_trying,
)
from host.configuration.stored import to_stored
from host.errors import Fault, InvalidConfiguration, VersionConflict
from host.manifest import Manifest, SettingKind
from host.model import ConnectionState, Secret
from host.registry import Module, Registry
from host.routing import Route, module_named
from host.store.connections import ConnectionEdit
from host.store.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one connection."""

    before: Route | None
    config: ConnectionConfig | None  # None: it goes
    module: Module
    connects: bool = True  # False: it was disconnected, and this brings nothing to connect with

    @property
    def id(self) -> str:
        """The connection's id."""
        if self.config is not None:
            return self.config.id
        assert self.before is not None, "what was not there does not go"
        return self.before.row.id

    @property
    def lines(self) -> tuple[str, ...]:
        """The change in lines a person reads; none when nothing changes."""
        return difference(self.before.config if self.before else None, self.config)

    @property
    def needs_trying(self) -> bool:
        """Whether the destination has to be asked before it is saved."""
        if self.config is None or not self.connects:
            return False
        if self.before is None or self.before.row.state is not ConnectionState.CONNECTED:
            return True
        return needs_trying(self.before.config, self.config)

    def edit(self, vault: Vault, title: str | None) -> ConnectionEdit | None:
        """As the store takes it; None: it goes. `title`: what trying told; None: not tried."""
        config, before = self.config, self.before
        if config is None:
            return None
        document, secrets = to_stored(config)
        connection = config.connection(self.module.manifest) if self.module.manifest else None
        known = before.row.title if before else ""
        return ConnectionEdit(
            key=before.key if before else None,
            version=before.row.version if before else None,
            id=config.id,
            module=config.module,
            title=known if title is None else title,
            document=document,
            secrets=vault.close(secrets),
            enabled=config.enabled,
            paused=config.paused,
            environment=connection.environment if connection else None,
            state=ConnectionState.CONNECTED if self.connects else ConnectionState.NOT_CONNECTED,
        )


def change_by(draft: ConnectionDraft, before: Route | None, registry: Registry) -> Change:
    """What a draft makes of a connection. Raises InvalidConfiguration with all faults."""
    stored = before.config if before else None
    name = draft.module or (stored.module if stored else draft.id)
    module = module_named(registry, name)
    config = merge(draft, stored, module.manifest)
    missing = missing_secrets(config, module.manifest)
    stays = _stays_disconnected(before, draft, config, missing)
    change = Change(before=before, config=config, module=module, connects=not stays)
    if module.manifest is not None:
        found = check(config, module.manifest)
        faults = [fault for fault in found if not (stays and fault.path in missing)]
        if faults:
            raise InvalidConfiguration(faults)
    elif change.lines:
        path = f"connections.{draft.id}.module"
        text = f"the module {name} is {module.state}, so that nothing can be checked"
        raise InvalidConfiguration([Fault(path=path, message=f"{text}: {module.reason}")])
    return change


def check_version(id_: str, before: Route | None, version: int | None) -> None:
    """Raise VersionConflict unless this is the version that was edited; None: not told."""
    now = before.row.version if before else 0
    if version is not None and version != now:
        raise VersionConflict(
            f"the connection {id_} was changed meanwhile (version {now}, not {version})"
        )


def without_secrets(config: ConnectionConfig, manifest: Manifest | None) -> ConnectionConfig:
    """The connection but for its secrets."""
    secret = manifest.secrets if manifest else frozenset()
    return replace(
        config,
        settings={
            name: value
            for name, value in config.settings.items()
            if name not in secret and not isinstance(value, Secret)
        },
    )


def missing_secrets(config: ConnectionConfig, manifest: Manifest | None) -> dict[str, Fault]:
    """Secrets that the connection cannot do without and has none of, by their paths."""
    return {
        (path := f"connections.{config.id}.settings.{field.name}"): Fault(
            path=path, message=f"{field.label} is missing: give it"
        )
        for field in (manifest.settings if manifest else ())
        if field.kind is SettingKind.SECRET
        and field.required
        and field.default is None
        and field.name not in config.settings
    }


def _stays_disconnected(
    before: Route | None,
    draft: ConnectionDraft,
    config: ConnectionConfig,
    missing: Collection[str],
) -> bool:
    """Whether a connection that was disconnected stays so: no settings come to connect with."""
    if before is None or before.row.state is not ConnectionState.NOT_CONNECTED:
        return False
    same = (config.module, config.settings) == (before.config.module, before.config.settings)
    return same and (not draft.settings or bool(missing))
