"""One raw item → an event, or the reason why it is not taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any, Final
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from host.carried import Event
from host.errors import RefusedItem
from host.model import Json
from host.reading.items import MAX_KEY, invalid, kind_of, read_key, read_object
from host.reading.times import read_moment
from host.wire import canonical

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
MOST_AHEAD: Final = timedelta(hours=24)

_GUEST: Final[dict[str, bool]] = {"true": True, "1": True, "false": False, "0": False, "": False}


class TakenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was read.

    `content` is the digest of everything but the id: the same id with another one is a conflict.
    """

    event: Event
    content: bytes  # 16 bytes
    raw: bytes  # as it came


@dataclass(frozen=True, slots=True)
class EventReader:
    """Reads the events of one request."""

    now: datetime  # when it came, aware UTC
    key: str | None = None  # its Idempotency-Key

    def __call__(self, place: int, raw: bytes) -> TakenEvent:
        """Read the event at a place of the request. Raises `RefusedItem`, see `read_event`."""
        fallback = partial(fallback_id, self.key, place) if self.key else _fresh_id
        return read_event(raw, now=self.now, fallback_id=fallback)


def fallback_id(key: str, place: int) -> str:
    """The id of an event that brings none, by the request's Idempotency-Key and its place."""
    return f"ik-{blake2b(f'{key} {place}'.encode(), digest_size=16).hexdigest()}"


def _fresh_id() -> str:
    return uuid4().hex


def read_event(raw: bytes, *, now: datetime, fallback_id: Callable[[], str]) -> TakenEvent:
    """Read one item; `fallback_id` is asked only for an event that brings no id of its own.

    `now` is aware UTC. Raises `RefusedItem` under one of invalid_json, invalid_event,
    invalid_time, invalid_number, invalid_text, too_large, guest_with_customer.
    """
    item = read_object(raw, "event")
    given_id = item.pop("id", None)
    content = blake2b(canonical(item), digest_size=16).digest()
    id = None if given_id is None else read_key(given_id, "id")
    customer = _customer(item.pop("customer", None), item.pop("guest", None))
    action = _action(item.pop("action", None))
    data = _data(item.pop("data", None))
    occurred_at = _time(item.pop("timestamp", None), data, now)
    account = _optional_text(item.pop("account", None), "account")
    external_id = _optional_text(item.pop("external_id", None), "external_id")
    event = Event(
        id=fallback_id() if id is None else id,
        customer=customer,
        action=action,
        data=data,
        occurred_at=now if occurred_at is None else occurred_at,
        time_assumed=occurred_at is None,
        account=account,
        external_id=external_id,
        fields=item,  # what is left is what nobody knows
    )
    return TakenEvent(event=event, content=content, raw=raw)


def read_again(raw: bytes, *, taken_at: datetime, id: str, customer: str | None) -> Event | None:
    """An event that was taken before, under the id and the customer that it got then.

    None: it can no longer be read.
    """
    try:
        event = read_event(raw, now=taken_at, fallback_id=lambda: id).event
    except RefusedItem:
        return None
    return replace(event, id=id, customer=customer)


def _customer(customer: object, guest: object) -> str | None:
    is_guest = guest is not None and _is_guest(guest)
    if customer is None:
        if is_guest:
            return None
        raise invalid('customer is missing; name one, or say "guest": true for a guest')
    text = read_key(customer, "customer")
    if is_guest:
        raise RefusedItem(
            "guest_with_customer", "a guest event names no customer; leave one of the two out"
        )
    return text


def _is_guest(value: object) -> bool:
    # JSON's true and 1 as well as the texts "true" and "1", which form posts make of them.
    found = _GUEST.get(str(value).lower()) if isinstance(value, bool | int | str) else None
    if found is None:
        raise invalid("guest must be true or false")
    return found


def _action(value: object) -> str:
    if type(value) is str and 0 < len(value) <= MAX_KEY:
        return value
    if value is None:
        raise invalid("action is missing; it names what happened, for example point_add")
    if type(value) is not str:
        raise invalid(f"action must be a string, not {kind_of(value)}")
    raise invalid(f"action must have 1 to {MAX_KEY} characters; this one has {len(value)}")


def _data(value: Any) -> dict[str, Json]:
    if type(value) is dict:
        return value
    if value is None or value == []:  # PHP clients write an empty object as a list
        return {}
    raise invalid(f"data must be an object, not {kind_of(value)}")


def _optional_text(value: object, field: str) -> str | None:
    if value is None or type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise invalid(f"{field} must be a string, an integer or null, not {kind_of(value)}")


def _time(value: object, data: dict[str, Json], now: datetime) -> datetime | None:
    """When it happened, or None when nothing says so."""
    latest = now + MOST_AHEAD
    moment = None if value is None else _told(value, latest)
    if "effective_timestamp" in data:
        backdated = read_moment(data["effective_timestamp"])
        if backdated is not None and EARLIEST <= backdated <= latest:
            return backdated
    return moment


def _told(value: object, latest: datetime) -> datetime:
    moment = read_moment(value)
    if moment is None:
        raise RefusedItem(
            "invalid_time",
            "timestamp is not a time; taken are ISO 8601 text and numbers of seconds or "
            "milliseconds since 1970",
        )
    if moment < EARLIEST:
        raise RefusedItem("invalid_time", "timestamp is before the year 2000")
    if moment > latest:
        raise RefusedItem("invalid_time", "timestamp is over 24 hours ahead of the host's clock")
    return moment
