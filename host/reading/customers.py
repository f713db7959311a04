"""One raw item → a customer, and the pure rules by which stored profiles change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from host.catalogue import CUSTOMER_FIELD_IDS, IDENTITY_FIELDS
from host.errors import RefusedItem
from host.model import Json
from host.reading.items import invalid, read_key, read_object
from host.reading.times import read_moment

_EMPTIED: Final[Mapping[str, Callable[[], Json]]] = {
    "external_ids": dict,
    "membership_id": list,
    "properties": dict,
}

# The first two name the customer, the third dates the event: none of them describes anybody.
_NOT_PROFILE: Final = frozenset({"id", "_id", "effective_timestamp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenCustomer:
    """A profile that was read: everything but its id is in `fields`, as it came."""

    id: str
    fields: Mapping[str, Json]
    updated_at: datetime | None  # when the sender says it changed last
    size: int  # bytes of the item as it came


def read_customer(raw: bytes, *, id: str | None = None) -> TakenCustomer:
    """Read one profile; `id` is the one of the request's path, which the profile may repeat.

    Raises `RefusedItem` under one of invalid_json, invalid_event, invalid_time,
    invalid_number, invalid_text, too_large.
    """
    item = read_object(raw, "customer")
    key = _key(item, id)
    return TakenCustomer(
        id=key,
        fields=item,
        updated_at=_updated_at(item.get("updated_at")),
        size=len(raw),
    )


def read_customer_at(place: int, raw: bytes) -> TakenCustomer:
    """Read the profile at a place of its request, see `read_customer`."""
    return read_customer(raw)


def _key(item: dict[str, Any], path_id: str | None) -> str:
    given = {
        name: read_key(value, name)
        for name in ("id", "_id")
        if (value := item.pop(name, None)) is not None
    }
    if path_id is not None:
        given["the path"] = read_key(path_id, "the id in the path")
    if not given:
        raise invalid("id is missing; it is the customer's one key")
    if len(set(given.values())) > 1:
        raise invalid(f"{' and '.join(given)} name different customers; give one id")
    return next(iter(given.values()))


def _updated_at(value: object) -> datetime | None:
    if value is None:
        return None
    moment = read_moment(value)
    if moment is None:
        raise RefusedItem(
            "invalid_time",
            "updated_at is not a time; taken are ISO 8601 text and numbers of seconds or "
            "milliseconds since 1970",
        )
    return moment


def merge(stored: Mapping[str, Json], data: Mapping[str, Json]) -> dict[str, Json]:
    """The profile after an event that describes the customer (`opt_in`, `profile`).

    Top-level fields are replaced, null included. A name that is no field of the catalogue
    goes where the profile has it: at the top, else under `properties`, else at the top.
    """
    fields = dict(stored)
    for name, value in sorted(data.items(), key=_properties_first):
        if name in _NOT_PROFILE:
            continue
        properties = fields.get("properties")
        custom = name not in CUSTOMER_FIELD_IDS and name not in stored
        if custom and isinstance(properties, Mapping) and name in properties:
            fields["properties"] = {**properties, name: value}
        else:
            fields[name] = value
    return fields


def _properties_first(field: tuple[str, Json]) -> bool:
    return field[0] != "properties"


def erase_identity(fields: Mapping[str, Json], extra: Collection[str] = ()) -> dict[str, Json]:
    """The profile without what tells who it is: such fields become null or empty.

    `extra` are further names or dotted paths, those that connections use as identities.
    Fields that the profile does not have are not added.
    """
    erased: dict[str, Json] = {
        name: _EMPTIED.get(name, _null)() if name in IDENTITY_FIELDS else value
        for name, value in fields.items()
    }
    for name in extra:
        if name not in IDENTITY_FIELDS:
            erased = _without(erased, name)
    return erased


def _null() -> None:
    return None


def _without(fields: Mapping[str, Json], path: str) -> dict[str, Json]:
    if path in fields:
        return {**fields, path: None}
    first, _, rest = path.partition(".")
    inner = fields.get(first)
    if rest and isinstance(inner, Mapping):
        return {**fields, first: _without(inner, rest)}
    return dict(fields)


def external_ids(fields: Mapping[str, Json]) -> dict[str, str]:
    """The customer's further identifiers by name; values as text, empty ones left out."""
    given = fields.get("external_ids")
    if not isinstance(given, Mapping):
        return {}
    return {
        name: str(value)
        for name, value in given.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    }
