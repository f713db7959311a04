"""What a document says of one connection, and what becomes of the stored one by it.

A draft holds only what its document names; the rest of the stored connection stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from host.configuration.checks import check
from host.configuration.model import ConnectionConfig, DeliveryPolicy, default_identities
from host.errors import Fault, InvalidConfiguration
from host.manifest import Manifest, SettingKind
from host.model import MISSING, EventMapping, FieldMapping, Missing, Secret, SettingValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The stored value stays. `variable` is the unset one that would have replaced it."""

    variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEnvironment:
    """A value that an environment variable holds; text until the manifest tells its kind."""

    variable: str
    value: Secret


class Removed:
    """The type of `REMOVED`: the setting is to have no value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = Removed()

GivenSetting: TypeAlias = str | bool | int | Kept | FromEnvironment | Removed
DeliveryNumber: TypeAlias = float | int | tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft:
    """One connection as a document gives it. None: the document does not name that part."""

    id: str
    module: str | None = None
    enabled: bool | None = None
    paused: bool | None = None
    # Literal values may be secrets: nothing here is ever printed.
    settings: Mapping[str, GivenSetting] = field(default_factory=dict, repr=False)
    identities: Mapping[str, str] | Missing | None = MISSING  # None: back to the manifest's
    fields: tuple[FieldMapping, ...] | None = None
    events: tuple[EventMapping, ...] | None = None  # `type` "": the manifest's default one
    delivery: Mapping[str, DeliveryNumber] = field(
        default_factory=dict
    )  # by DeliveryPolicy's names


def merge(
    draft: ConnectionDraft, stored: ConnectionConfig | None, manifest: Manifest | None
) -> ConnectionConfig:
    """The connection as it will be: what the draft names, over what is stored.

    A draft that changes the module starts settings, identities and mappings afresh, so that
    no secret of one destination reaches another. Without a manifest a text that is new counts
    as secret. The result still needs `check`. Raises `InvalidConfiguration` when a value is
    to be kept and none is stored, listing what `check` finds as well.
    """
    base = _base(draft, stored)
    config = replace(
        base,
        enabled=base.enabled if draft.enabled is None else draft.enabled,
        paused=base.paused if draft.paused is None else draft.paused,
        settings=_merged_settings(draft.settings, base.settings, manifest),
        identities=_merged_identities(draft.identities, base.identities, manifest),
        fields=base.fields if draft.fields is None else draft.fields,
        events=base.events if draft.events is None else _typed(draft.events, manifest),
        delivery=_merged_delivery(draft.delivery, base.delivery),
    )
    nothing_kept = tuple(_nothing_to_keep(draft, config, manifest))
    if nothing_kept and manifest is not None:
        told = {fault.path for fault in nothing_kept}
        others = (fault for fault in check(config, manifest) if fault.path not in told)
        raise InvalidConfiguration((*nothing_kept, *others))
    return config


def _base(draft: ConnectionDraft, stored: ConnectionConfig | None) -> ConnectionConfig:
    if stored is None:
        return ConnectionConfig(id=draft.id, module=draft.module or draft.id)
    if draft.module is None or draft.module == stored.module:
        return stored
    return replace(stored, module=draft.module, settings={}, identities=None, fields=(), events=())


def _merged_settings(
    given: Mapping[str, GivenSetting],
    stored: Mapping[str, SettingValue],
    manifest: Manifest | None,
) -> dict[str, SettingValue]:
    merged = dict(stored)
    for name, value in given.items():
        if isinstance(value, Removed):
            merged.pop(name, None)
        elif not isinstance(value, Kept):
            known = None if manifest is None else manifest.setting(name)
            kind = None if known is None else known.kind
            secret = kind is SettingKind.SECRET or (
                # Nobody can tell what it is: it stays what it was, and is secret when new.
                kind is None and not isinstance(stored.get(name), str)
            )
            merged[name] = _value(value, kind, secret)
    return merged


def _value(
    given: str | bool | int | FromEnvironment, kind: SettingKind | None, secret: bool
) -> SettingValue:
    if isinstance(given, FromEnvironment):
        text = given.value.reveal()
        if kind is SettingKind.TOGGLE:
            return _TOGGLES.get(text.strip().lower(), text)
        if kind is SettingKind.NUMBER and _WHOLE_NUMBER.fullmatch(text.strip()):
            return int(text)
        return Secret(text) if secret else text
    return Secret(given) if secret and isinstance(given, str) else given


_TOGGLES: Final = {"true": True, "1": True, "false": False, "0": False}
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")


def _merged_identities(
    given: Mapping[str, str] | Missing | None,
    stored: Mapping[str, str] | None,
    manifest: Manifest | None,
) -> Mapping[str, str] | None:
    if isinstance(given, Missing):
        return stored
    # Reading a connection shows the manifest's own; giving them back changes nothing.
    if stored is None and manifest is not None and given == default_identities(manifest):
        return None
    return given


def _typed(events: tuple[EventMapping, ...], manifest: Manifest | None) -> tuple[EventMapping, ...]:
    default = None if manifest is None else manifest.default_event_type
    if default is None:
        return events
    return tuple(event if event.type else replace(event, type=default) for event in events)


def _merged_delivery(given: Mapping[str, DeliveryNumber], stored: DeliveryPolicy) -> DeliveryPolicy:
    changes: dict[str, object] = dict(given)
    return replace(stored, **changes)  # type: ignore[arg-type]  # names and types: the reader's


def _nothing_to_keep(
    draft: ConnectionDraft, config: ConnectionConfig, manifest: Manifest | None
) -> Iterator[Fault]:
    for name, given in draft.settings.items():
        known = None if manifest is None else manifest.setting(name)
        if not isinstance(given, Kept) or name in config.settings or known is None:
            continue
        if not known.required or known.default is not None or known.kind is SettingKind.TOGGLE:
            continue
        yield Fault(
            path=f"connections.{draft.id}.settings.{name}",
            message="no value is stored yet, so there is none to keep: give it"
            if given.variable is None
            else f"the environment variable {given.variable} is not set and no value is "
            f"stored yet: set {given.variable} and apply again",
        )
