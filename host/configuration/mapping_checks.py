"""What is wrong with the rows of a connection: identities, Sync fields, External events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from host.configuration.suggestion import did_you_mean, listed
from host.errors import Fault
from host.manifest import Manifest
from host.model import EventMapping, FieldMapping

WHEN_EMPTY: Final = ("keep", "delete")


def identity_faults(
    identities: Mapping[str, Any] | None, manifest: Manifest, path: str
) -> Iterator[Fault]:
    """Far identities that the manifest does not know, and ones without a field of ours."""
    known = [identity.name for identity in manifest.identities]
    for name, field in (identities or {}).items():
        if name not in known:
            yield Fault(
                path=f"{path}.{name}",
                message=f"{manifest.title} knows no such identity"
                + (did_you_mean(str(name), known) or f"; it knows {listed(known)}"),
            )
        if wrong := _name_wrong(field, None):
            yield Fault(path=f"{path}.{name}", message=f"our field {wrong}")


def field_faults(rows: Sequence[FieldMapping], manifest: Manifest, path: str) -> Iterator[Fault]:
    """Rows of Sync fields that cannot be: names empty, too long, unknown or given twice."""
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        here = f"{path}[{place}]"
        if wrong := _name_wrong(row.loyalty, None):
            yield Fault(path=f"{here}.loyalty", message=wrong)
        if wrong := _remote_wrong(row.remote, manifest):
            yield Fault(path=f"{here}.remote", message=wrong)
        elif row.remote in seen:
            yield Fault(
                path=f"{here}.remote",
                message=f'"{row.remote}" is filled by {rows[seen[row.remote]].loyalty} already; '
                "remove one of them",
            )
        else:
            seen[row.remote] = place
        if row.when_empty not in WHEN_EMPTY:
            yield Fault(path=f"{here}.when_empty", message='must be "keep" or "delete"')


def _remote_wrong(name: Any, manifest: Manifest) -> str:
    if wrong := _name_wrong(name, manifest.limits.name_length):
        return wrong
    reserved = [field.name for field in manifest.remote_fields]
    if name in reserved:
        return ""
    prefix = manifest.reserved_prefix
    if prefix and name.startswith(prefix):
        return (
            f'"{name}" is not an attribute of {manifest.title}, which keeps names that begin '
            f"with {prefix} to itself{did_you_mean(name, reserved) or '.'} "
            f"Reserved attributes: {listed(reserved)}"
        )
    if not manifest.free_fields:
        return (
            f'{manifest.title} has no attribute "{name}"'
            f"{did_you_mean(name, reserved) or '.'} It has {listed(reserved)}"
        )
    return ""


def event_faults(rows: Sequence[EventMapping], manifest: Manifest, path: str) -> Iterator[Fault]:
    """Rows of External events that cannot be, and too many different names in all."""
    limits = manifest.limits
    pairs: dict[tuple[str, str], int] = {}
    for place, row in enumerate(rows):
        here = f"{path}[{place}]"
        if wrong := _name_wrong(row.loyalty, None):
            yield Fault(path=f"{here}.loyalty", message=wrong)
        if wrong := _name_wrong(row.external, limits.name_length):
            yield Fault(path=f"{here}.external", message=wrong)
        if wrong := _type_wrong(row.type, manifest):
            yield Fault(path=f"{here}.type", message=wrong)
        yield from _attribute_faults(row.attributes, limits.name_length, f"{here}.attributes")
        if isinstance(row.loyalty, str) and isinstance(row.external, str):
            first = pairs.setdefault((row.loyalty, row.external), place)
            if first != place:
                yield Fault(
                    path=here,
                    message=f'"{row.loyalty}" goes out as "{row.external}" by row [{first}] '
                    "already; remove one of them",
                )
    names = {external for _, external in pairs}
    if limits.event_names is not None and len(names) > limits.event_names:
        yield Fault(
            path=path,
            message=f"has {len(names)} different external names; {manifest.title} keeps at "
            f"most {limits.event_names}",
        )


def _type_wrong(name: Any, manifest: Manifest) -> str:
    types = [event_type.name for event_type in manifest.event_types]
    if isinstance(name, str) and name in types:
        return ""
    if not isinstance(name, str) or not name:
        return f"must be one of {listed(types)}"
    return (
        f'{manifest.title} has no event type "{name}"{did_you_mean(name, types) or "."} '
        f"It has {listed(types)}"
    )


def _attribute_faults(attributes: Any, longest: int | None, path: str) -> Iterator[Fault]:
    if attributes is None:
        return
    if not isinstance(attributes, Mapping):
        yield Fault(path=path, message="must be a table: value of the event → its name")
        return
    seen: dict[str, str] = {}
    for source, name in attributes.items():
        if wrong := _name_wrong(source, None):
            yield Fault(path=path, message=f"the name of a value of the event {wrong}")
        if wrong := _name_wrong(name, longest):
            yield Fault(path=f"{path}.{source}", message=wrong)
        elif name in seen:
            yield Fault(
                path=f"{path}.{source}",
                message=f'"{name}" is filled by {seen[name]} already; give one of them another',
            )
        else:
            seen[name] = source


def _name_wrong(name: Any, longest: int | None) -> str:
    if not isinstance(name, str):
        return "must be a text in quotes"
    if not name.strip():
        return "must not be empty"
    if longest is not None and len(name) > longest:
        return f"has {len(name)} characters; at most {longest} are taken"
    return ""
