"""What changes between two configurations, in lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from host.configuration.model import ConnectionConfig
from host.model import EventMapping, FieldMapping, Secret
from host.wire import dumps

Facts: TypeAlias = dict[str, Any]  # path below the connection → a value, shown as JSON


class Words(str):
    """A text shown as it is, without quotes."""

    __slots__ = ()


_SUGGESTED: Final = Words("as the module suggests")


def difference(stored: ConnectionConfig | None, new: ConnectionConfig | None) -> tuple[str, ...]:
    """Lines `+ added`, `- removed`, `~ changed: old → new`; none when both are the same.

    Secrets only say that they changed. A connection that comes is told without what is as
    usual; one that goes has one line.
    """
    if stored == new:
        return ()
    if new is None:
        return (f"- connections.{stored.id}",) if stored is not None else ()
    path = f"connections.{new.id}"
    if stored is None:
        bare = _facts(ConnectionConfig(id=new.id, module=""))
        told = {name: fact for name, fact in _facts(new).items() if bare.get(name) != fact}
        return (f"+ {path}", *_lines(path, {}, told))
    return tuple(_lines(path, _facts(stored), _facts(new))) or (f"~ {path}",)


def needs_trying(stored: ConnectionConfig | None, new: ConnectionConfig) -> bool:
    """Must the destination be asked before this is saved? When new, or to reach it otherwise."""
    return stored is None or stored.module != new.module or stored.settings != new.settings


def _facts(config: ConnectionConfig) -> Facts:
    policy = config.delivery
    return {
        "module": config.module,
        "enabled": config.enabled,
        "paused": config.paused,
        **{f"settings.{name}": value for name, value in config.settings.items()},
        **_identity_facts(config.identities),
        **_field_facts(config.fields),
        **_event_facts(config.events),
        "delivery.resend_waits": [_short(wait) for wait in policy.resend_waits],
        "delivery.timeout": _short(policy.timeout),
        "delivery.concurrency": policy.concurrency,
        "delivery.circuit_after": policy.circuit_after,
    }


def _short(seconds: float) -> float | int:
    return int(seconds) if float(seconds).is_integer() else seconds


def _identity_facts(identities: Mapping[str, str] | None) -> Facts:
    if identities is None:
        return {"identities": _SUGGESTED}
    return {f"identities.{name}": field for name, field in identities.items()}


def _field_facts(rows: tuple[FieldMapping, ...]) -> Facts:
    facts: Facts = {
        f"fields.{row.remote}": Words(
            row.loyalty + (", deleted when empty" if row.when_empty == "delete" else "")
        )
        for row in rows
    }
    return facts | {"fields": _Order(facts)}


def _event_facts(rows: tuple[EventMapping, ...]) -> Facts:
    facts: Facts = {}
    for row in rows:
        values = "all values" if row.attributes is None else dumps(row.attributes).decode()
        off = "" if row.enabled else ", off"
        facts[f"events.{row.loyalty} as {row.external}"] = Words(f"{row.type}, {values}{off}")
    return facts | {"events": _Order(facts)}


class _Order(tuple[str, ...]):
    """The order of rows; it differs only when rows that both have changed places."""

    __slots__ = ()

    def moved(self, later: _Order) -> bool:
        return [row for row in self if row in later] != [row for row in later if row in self]


def _lines(path: str, old: Facts, new: Facts) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        if name not in old:
            yield from _one_sided("+", f"{path}.{name}", new[name])
        elif name not in new:
            yield from _one_sided("-", f"{path}.{name}", old[name])
        else:
            yield from _changed(f"{path}.{name}", old[name], new[name])


def _one_sided(sign: str, path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, _Order):
        yield f"{sign} {path}: {_shown(value)}"


def _changed(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, _Order):
        if old.moved(new):
            yield f"~ {path}: the rows are in another order"
    elif isinstance(old, Secret) or isinstance(new, Secret):
        if old != new:
            yield f"~ {path}: changed"
    elif type(old) is not type(new) or old != new:
        yield f"~ {path}: {_shown(old)} → {_shown(new)}"


def _shown(value: Any) -> str:
    if isinstance(value, Secret):
        return "a secret"
    return value if isinstance(value, Words) else dumps(value).decode()
