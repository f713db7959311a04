"""The form of a connection: inputs drawn from the manifest, and the draft that a post makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from host.configuration import ConnectionConfig, ConnectionDraft, DeliveryPolicy
from host.configuration.draft import REMOVED, DeliveryNumber, GivenSetting, Kept
from host.errors import Fault
from host.manifest import Manifest, RemoteIdentity, SettingField, SettingKind
from host.pages.forms import Faults, Form
from host.pages.policy_words import policy_words, read_waits, waits_text

DELIVERY_LABELS: Final = {
    "resend_waits": "Waits before each resend",
    "timeout": "Time for an answer",
    "concurrency": "Requests at once",
    "circuit_after": "Failures in a row",
}
WAITS: Final = "delivery.resend_waits"
_MANY_DIGITS: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInput:
    """One setting as it is drawn. `value` is never a secret's."""

    field: SettingField
    value: str = ""
    on: bool = False  # a toggle
    is_set: bool = False  # a secret that is stored

    @property
    def name(self) -> str:
        """The input's name: the path of its faults."""
        return f"settings.{self.field.name}"

    @property
    def usual_host(self) -> str:
        """The host that an address usually has; "" when the plugin names none."""
        if self.field.kind is not SettingKind.URL:
            return ""
        known = self.field.default if isinstance(self.field.default, str) else ""
        return _host(known or self.field.placeholder)

    @property
    def unusual(self) -> bool:
        """Whether the address leads to another host than usual."""
        typed = _host(self.value)
        return bool(self.usual_host and typed and typed != self.usual_host)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityInput:
    """One identity of the far side, and our field that fills it."""

    known: RemoteIdentity
    ours: str
    shown: bool  # at once; the others are folded away

    @property
    def name(self) -> str:
        """The input's name: the path of its faults."""
        return f"identities.{self.known.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectForm:
    """Everything that the form shows."""

    settings: tuple[SettingInput, ...]
    identities: tuple[IdentityInput, ...]
    delivery: Mapping[str, str]  # by DeliveryPolicy's names
    policy: str = ""  # what the delivery policy means; "" when it cannot be told

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all inputs."""
        return (
            *(one.name for one in self.settings),
            *(one.name for one in self.identities),
            *(f"delivery.{name}" for name in self.delivery),
        )

    @property
    def seldom(self) -> frozenset[str]:
        """The names of the inputs that are folded away until a fault is at one of them."""
        return frozenset(name for name in self.names if not name.startswith("settings."))


def stored_form(manifest: Manifest, config: ConnectionConfig | None) -> ConnectForm:
    """The form of a saved connection; None: of one that is about to be made."""
    known = {} if config is None else config.settings
    settings = tuple(
        _drawn(field, known.get(field.name, field.default), field.name in known)
        for field in manifest.settings
    )
    config = config or ConnectionConfig(id=manifest.name, module=manifest.name)
    identities = config.identities_for(manifest)
    return ConnectForm(
        settings=settings,
        identities=tuple(
            IdentityInput(
                known=one,
                ours=identities.get(one.name, ""),
                shown=one.default is not None or one.name in identities,
            )
            for one in manifest.identities
        ),
        delivery={
            "resend_waits": waits_text(config.delivery.resend_waits),
            "timeout": f"{config.delivery.timeout:g}",
            "concurrency": str(config.delivery.concurrency),
            "circuit_after": str(config.delivery.circuit_after),
        },
        policy=policy_words(config.delivery),
    )


def typed_form(manifest: Manifest, config: ConnectionConfig | None, form: Form) -> ConnectForm:
    """The form as it was posted, with everything typed but the secrets."""
    stored = stored_form(manifest, config)
    numbers, faults = _delivery(form)
    return ConnectForm(
        settings=tuple(
            SettingInput(
                field=one.field,
                value="" if one.field.kind is SettingKind.SECRET else form.text(one.name),
                on=form.flag(one.name),
                is_set=one.is_set,
            )
            for one in stored.settings
        ),
        identities=tuple(replace(one, ours=form.text(one.name)) for one in stored.identities),
        delivery={name: form.text(f"delivery.{name}") for name in stored.delivery},
        policy="" if faults else policy_words(DeliveryPolicy(**numbers)),  # type: ignore[arg-type]
    )


def draft_of(
    manifest: Manifest, id_: str, config: ConnectionConfig | None, form: Form
) -> tuple[ConnectionDraft, dict[str, str]]:
    """What a post asks for, and what cannot be read of it, by the inputs' names."""
    faults: dict[str, str] = {}
    settings: dict[str, GivenSetting] = {}
    stored = {} if config is None else config.settings
    for field in manifest.settings:
        name = f"settings.{field.name}"
        if field.kind is SettingKind.NUMBER and (typed := form.text(name)):
            number = _whole(typed)
            if number is None:
                faults[name] = f"{field.label} must be a whole number"
            else:
                settings[field.name] = number
        else:
            settings[field.name] = _given(field, form, name, is_set=field.name in stored)
    numbers, unread = _delivery(form)
    draft = ConnectionDraft(
        id=id_,
        module=manifest.name,
        settings=settings,
        identities={
            one.name: typed
            for one in manifest.identities
            if (typed := form.text(f"identities.{one.name}"))
        },
        delivery=numbers,
    )
    return draft, faults | unread


def faults_of(found: Iterable[Fault], id_: str, manifest: Manifest, names: Iterable[str]) -> Faults:
    """Faults at the form's inputs, each told with the input's label."""
    labels = {f"settings.{field.name}": field.label for field in manifest.settings}
    labels |= {f"identities.{one.name}": one.label for one in manifest.identities}
    labels |= {f"delivery.{name}": label for name, label in DELIVERY_LABELS.items()}
    at = Faults.of(
        # The waits are typed in one field.
        (Fault(path=re.sub(r"\[[0-9]+\]$", "", one.path), message=one.message) for one in found),
        under=f"connections.{id_}",
        known=names,
    )
    return Faults(
        {name: _told(labels.get(name), text) for name, text in at.fields.items()}, at.whole
    )


def _told(label: str | None, text: str) -> str:
    """Faults are worded to follow a name, or to stand by themselves."""
    return f"{label} {text}" if label and text[:1].islower() else text


def _drawn(field: SettingField, value: object, is_set: bool) -> SettingInput:
    if field.kind is SettingKind.SECRET:
        return SettingInput(field=field, is_set=is_set)
    if field.kind is SettingKind.TOGGLE:
        return SettingInput(field=field, on=value is True)
    # What an earlier version of the plugin kept as a secret stays one.
    shown = str(value) if isinstance(value, str | int) else ""
    return SettingInput(field=field, value=shown)


def _given(field: SettingField, form: Form, name: str, *, is_set: bool) -> GivenSetting:
    if field.kind is SettingKind.TOGGLE:
        return form.flag(name)
    secret = field.kind is SettingKind.SECRET
    typed = form.secret(name) if secret else form.text(name)
    if typed:
        return typed
    if secret and is_set:
        return Kept()
    # Empty: nothing, where the plugin can do without; else a fault, since it was left out.
    return "" if field.required and field.default is None else REMOVED


def _delivery(form: Form) -> tuple[dict[str, DeliveryNumber], dict[str, str]]:
    numbers: dict[str, DeliveryNumber] = {}
    faults: dict[str, str] = {}
    waits = read_waits(form.text(WAITS))
    if isinstance(waits, str):
        faults[WAITS] = waits
    else:
        numbers["resend_waits"] = waits
    try:
        numbers["timeout"] = float(form.text("delivery.timeout"))
    except ValueError:
        faults["delivery.timeout"] = f"{DELIVERY_LABELS['timeout']} must be a number of seconds"
    for name in ("concurrency", "circuit_after"):
        number = _whole(form.text(f"delivery.{name}"))
        if number is None:
            faults[f"delivery.{name}"] = f"{DELIVERY_LABELS[name]} must be a whole number"
        else:
            numbers[name] = number
    return numbers, faults


def _whole(text: str) -> int | None:
    digits = text.removeprefix("-")
    fits = digits.isascii() and digits.isdecimal() and len(digits) <= _MANY_DIGITS
    return int(text) if fits else None


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
