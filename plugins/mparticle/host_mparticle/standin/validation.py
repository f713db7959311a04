"""What the stand-in finds wrong with a batch: as strict as mParticle's typed reader, and stricter.

Where the real one silently cuts or drops (long values, too many attributes), the stand-in
refuses, so that a fault shows in a test and not in somebody's data. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from host import Json, dumps
from host_mparticle import attributes as rules
from host_mparticle.batches import BATCH_BYTES
from host_mparticle.events import EVENT_TYPE_NAMES, HISTORICAL
from host_mparticle.profiles import IDENTITY_NAMES

HISTORICAL_MS: Final = 72 * 3600 * 1000
"""Events younger than this are not for the historical endpoint."""

ENVIRONMENTS: Final = ("development", "production")
TOP_LEVEL: Final = frozenset(
    {
        "environment",
        "schema_version",
        "source_request_id",
        "user_identities",
        "user_attributes",
        "deleted_user_attributes",
        "events",
        "mpid",
        "partner_identities",
        "integration_attributes",
        "consent_state",
        "context",
        "device_info",
        "application_info",
        "attribution_info",
        "ip",
        "mp_deviceid",
    }
)
EVENT_KINDS: Final = frozenset(
    {
        "custom_event",
        "commerce_event",
        "screen_view",
        "opt_out",
        "session_start",
        "session_end",
        "push_registration",
        "push_message",
        "application_state_transition",
        "user_attribute_change",
        "user_identity_change",
        "profile",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and where: `path` None means that the error names no place."""

    words: str
    path: str | None = None
    in_event: bool = False  # such errors are located by character position
    key: str = ""  # the member at fault, to find that position


def fault_of(batch: object, route: str, now_ms: int) -> Fault | None:
    """The first fault of a batch, or None."""
    return next(_faults(batch, route, now_ms), None)


def _faults(batch: object, route: str, now_ms: int) -> Iterator[Fault]:
    if not isinstance(batch, Mapping):
        yield Fault(words="Error converting value to type 'Batch'.", path="")
        return
    for name in batch:
        if name not in TOP_LEVEL:
            yield Fault(words=f'Could not find member "{name}" on type Batch.', path=name)
    if batch.get("environment", "production") not in ENVIRONMENTS:
        yield Fault(words="Error converting value to type 'Environment'.", path="environment")
    if batch.get("schema_version", 2) != 2:
        yield Fault(words="Unsupported schema version.", path="schema_version")
    if not isinstance(batch.get("source_request_id", ""), str):
        yield Fault(words="Expected a string.", path="source_request_id")
    yield from _identities(batch.get("user_identities"))
    yield from _user_attributes(batch)
    yield from _events(batch.get("events"), route, now_ms)
    if len(dumps(batch)) > BATCH_BYTES:
        yield Fault(words="The batch is larger than 128 KB.", path="")


def _identities(identities: object) -> Iterator[Fault]:
    where = "user_identities"
    if not isinstance(identities, Mapping | None):
        yield Fault(words="Expected an object.", path=where)
        return
    for name, value in (identities or {}).items():
        if name not in IDENTITY_NAMES:
            yield Fault(words=f'Could not find member "{name}".', path=f"{where}.{name}")
        if not isinstance(value, str) or not value:
            yield Fault(words="Expected a string.", path=f"{where}.{name}")


def _user_attributes(batch: Mapping[str, Json]) -> Iterator[Fault]:
    where = "user_attributes"
    found = batch.get(where) or {}
    deleted = batch.get("deleted_user_attributes") or []
    if not isinstance(found, Mapping):
        yield Fault(words="Expected an object.", path=where)
        return
    if not isinstance(deleted, list) or not all(isinstance(name, str) for name in deleted):
        yield Fault(words="Expected a list of strings.", path="deleted_user_attributes")
        return
    if both := sorted(set(deleted) & set(found)):
        yield Fault(words=f"Both set and deleted: {both[0]}.", path="deleted_user_attributes")
    if len(found) > rules.MOST_ATTRIBUTES:
        yield Fault(words="More than 100 user attributes.", path=where)
    for name, value in found.items():
        if words := _name_fault(name) or _user_value_fault(value):
            yield Fault(words=words, path=f"{where}.{name}")


def _events(events: object, route: str, now_ms: int) -> Iterator[Fault]:
    if not isinstance(events, list | None):
        yield Fault(words="Expected a list.", path="events")
        return
    if route == HISTORICAL and not events:
        yield Fault(words="A historical batch needs events.")
    for event in events or []:
        if not isinstance(event, Mapping) or not isinstance(event.get("data"), Mapping):
            yield Fault(words="Required event field data is missing.")
            return
        if event.get("event_type") not in EVENT_KINDS:
            yield Fault(words="Unknown event type.", path="event_type", in_event=True)
        if extra := sorted(set(event) - {"event_type", "data"}):
            yield Fault(words=f'Could not find member "{extra[0]}".', path=extra[0], in_event=True)
        if event.get("event_type") == "custom_event":
            yield from _custom_event(event["data"])
        yield from _common(event["data"], route, now_ms)


def _custom_event(found: Mapping[str, Json]) -> Iterator[Fault]:
    name = found.get("event_name")
    if not isinstance(name, str) or not name:
        yield Fault(words="Required event field event_name is missing.")
    elif len(name) > rules.NAME_LENGTH:
        yield _in_event("event_name", "The name is longer than 256 characters.")
    if found.get("custom_event_type") not in EVENT_TYPE_NAMES:
        yield _in_event("custom_event_type", "Error converting value to type 'CustomEventType'.")


def _common(found: Mapping[str, Json], route: str, now_ms: int) -> Iterator[Fault]:
    moment = found.get("timestamp_unixtime_ms")
    if moment is not None and (not isinstance(moment, int) or isinstance(moment, bool)):
        yield _in_event("timestamp_unixtime_ms", "Error converting value to type 'Int64'.")
    elif route == HISTORICAL and (moment is None or now_ms - moment < HISTORICAL_MS):
        yield Fault(words="Historical events need a timestamp older than 72 hours.")
    if not isinstance(found.get("source_message_id", ""), str):
        yield _in_event("source_message_id", "Expected a string.")
    custom = found.get("custom_attributes") or {}
    if not isinstance(custom, Mapping):
        yield _in_event("custom_attributes", "Expected an object.")
        return
    if len(custom) > rules.MOST_ATTRIBUTES:
        yield _in_event("custom_attributes", "More than 100 attributes.")
    for name, value in custom.items():
        if words := _name_fault(name) or _scalar_fault(value, rules.VALUE_LENGTH):
            yield _in_event(name, words, f"data.custom_attributes.{name}")


def _in_event(key: str, words: str, path: str = "") -> Fault:
    return Fault(words=words, path=path or f"data.{key}", in_event=True, key=key)


def _name_fault(name: str) -> str:
    return "The name is longer than 256 characters." if len(name) > rules.NAME_LENGTH else ""


def _user_value_fault(value: Json) -> str:
    if not isinstance(value, list):
        return _scalar_fault(value, rules.VALUE_LENGTH)
    if len(value) > rules.LIST_LENGTH:
        return "The list is longer than 1000 entries."
    return next(filter(None, (_scalar_fault(item, rules.ENTRY_LENGTH) for item in value)), "")


def _scalar_fault(value: Json, longest: int) -> str:
    if isinstance(value, str):
        return f"The text is longer than {longest} characters." if len(value) > longest else ""
    plain = value is None or isinstance(value, rules.PLAIN)
    return "" if plain else "Unexpected character encountered while parsing value: {."
