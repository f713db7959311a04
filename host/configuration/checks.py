"""What is wrong with a configured connection: every fault at once, each with its path.

Nothing here raises, whatever was typed. A setting's value never appears in a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from host.configuration.mapping_checks import event_faults, field_faults, identity_faults
from host.configuration.model import ConnectionConfig, DeliveryPolicy
from host.configuration.suggestion import did_you_mean, listed
from host.errors import Fault
from host.manifest import Manifest, SettingField, SettingKind
from host.model import Secret

MAX_RESEND_WAITS: Final = 5
LONGEST_WAIT: Final = 30 * 24 * 3600.0  # seconds
LONGEST_TIMEOUT: Final = 120.0  # seconds
MOST_CONCURRENCY: Final = 64

_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def check(config: ConnectionConfig, manifest: Manifest) -> tuple[Fault, ...]:
    """Every fault of a connection under its module's manifest; empty when it may be saved."""
    path = f"connections.{config.id}"
    return (
        *_id_faults(config.id, path),
        *_setting_faults(config.settings, manifest, f"{path}.settings"),
        *identity_faults(config.identities, manifest, f"{path}.identities"),
        *field_faults(config.fields, manifest, f"{path}.fields"),
        *event_faults(config.events, manifest, f"{path}.events"),
        *delivery_faults(config.delivery, f"{path}.delivery"),
    )


def _id_faults(name: Any, path: str) -> Iterator[Fault]:
    if not isinstance(name, str) or not _ID.fullmatch(name):
        yield Fault(
            path=path,
            message="a connection's name has 1 to 63 small letters (a to z), digits, - and _, "
            "and begins with a letter or a digit",
        )


def _setting_faults(settings: Mapping[str, Any], manifest: Manifest, path: str) -> Iterator[Fault]:
    for known in manifest.settings:
        given = settings.get(known.name)
        if given is None or _plain(given) == "":
            if known.required and known.default is None and known.kind is not SettingKind.TOGGLE:
                yield Fault(
                    path=f"{path}.{known.name}", message=f"{known.label} is missing: give it"
                )
        elif wrong := _KINDS[known.kind](_plain(given), known):
            yield Fault(path=f"{path}.{known.name}", message=wrong)
    names = [known.name for known in manifest.settings]
    for name in settings:
        if name not in names:
            yield Fault(
                path=f"{path}.{name}",
                message=f"{manifest.title} has no such setting"
                + (did_you_mean(str(name), names) or f"; it has {listed(names)}"),
            )


def _plain(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value


def _text(value: Any, known: SettingField) -> str:
    return "" if isinstance(value, str) else "must be a text; put it in quotes"


def _url(value: Any, known: SettingField) -> str:
    if not isinstance(value, str):
        return "must be an address, as a text in quotes"
    try:
        parts = urlsplit(value)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return "is not an address: it looks like https://host.example/path"
    # urlsplit drops line breaks and tabs by itself, so they are looked for in what was typed.
    blank = any(sign.isspace() or ord(sign) < 32 for sign in value)
    if blank or parts.scheme not in ("http", "https") or not parts.hostname or not port_fits:
        return "must be an address that begins with https:// and holds no spaces"
    if "@" in parts.netloc or "?" in value or "#" in value:
        return "must hold no user name, password, question mark or #"
    return ""


def _number(value: Any, known: SettingField) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return "" if whole else "must be a whole number, without quotes"


def _toggle(value: Any, known: SettingField) -> str:
    return "" if isinstance(value, bool) else "must be true or false, without quotes"


def _choice(value: Any, known: SettingField) -> str:
    values = [choice for choice, _ in known.choices]
    if isinstance(value, str) and value in values:
        return ""
    return f"must be one of {listed(values)}"


_KINDS: Final[Mapping[SettingKind, Callable[[Any, SettingField], str]]] = {
    SettingKind.TEXT: _text,
    SettingKind.SECRET: _text,
    SettingKind.URL: _url,
    SettingKind.NUMBER: _number,
    SettingKind.TOGGLE: _toggle,
    SettingKind.CHOICE: _choice,
}
"""Kind → what is wrong with a given value, in words that follow its name; "" when nothing."""


def delivery_faults(policy: DeliveryPolicy, path: str) -> Iterator[Fault]:
    """Every number of a delivery policy that is out of its range."""
    yield from _wait_faults(policy.resend_waits, f"{path}.resend_waits")
    if not _within(policy.timeout, 0, LONGEST_TIMEOUT) or policy.timeout == 0:
        yield Fault(
            path=f"{path}.timeout",
            message=f"must be a number of seconds above 0 and at most {LONGEST_TIMEOUT:g}",
        )
    if not _whole(policy.concurrency) or not 1 <= policy.concurrency <= MOST_CONCURRENCY:
        yield Fault(
            path=f"{path}.concurrency",
            message=f"must be a whole number from 1 to {MOST_CONCURRENCY}",
        )
    if not _whole(policy.circuit_after) or policy.circuit_after < 0:
        yield Fault(
            path=f"{path}.circuit_after",
            message="must be a whole number of failed requests, 0 for never",
        )


def _wait_faults(waits: Any, path: str) -> Iterator[Fault]:
    if not isinstance(waits, (tuple, list)):
        yield Fault(path=path, message="must be a list of numbers of seconds")
        return
    if len(waits) > MAX_RESEND_WAITS:
        yield Fault(
            path=path,
            message=f"has {len(waits)} waits; a message is resent at most "
            f"{MAX_RESEND_WAITS} times, so name at most {MAX_RESEND_WAITS}",
        )
    for place, wait in enumerate(waits):
        if not _within(wait, 0, LONGEST_WAIT):
            yield Fault(
                path=f"{path}[{place}]",
                message=f"must be a number of seconds from 0 to {LONGEST_WAIT:.0f} (30 days)",
            )


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(value: Any, least: float, most: float) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and least <= value <= most  # which not-a-number never is
