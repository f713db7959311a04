"""Values that are looked up when a workflow runs: `{{ event.data.points }}`.

A value that is one lookup keeps its type; lookups within a text are written into it. Nothing
else is understood between the braces: no code, no calls, no sums.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from host import wire
from host.carried import Customer, Event
from host.model import MISSING, Json, Missing, value_at

Find: TypeAlias = Callable[["Subject"], Json]
"""A value of one run. Raises LookupFailed."""

MOST_BYTES: Final = 262_144  # that the values of one action may come to
_LOOKUP: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ROOTS: Final = ("event", "customer")
_TOO_MUCH: Final = f"the values come to more than {MOST_BYTES // 1024} KB"


class LookupFailed(Exception):
    """What was to be looked up is not there, or cannot stand where it was wanted."""


class Subject:
    """What a run is about: an event and who did it. Customers are described when asked for."""

    __slots__ = ("_describe", "customer", "event")

    event: Event
    customer: Customer  # who did it

    def __init__(self, event: Event, describe: Callable[[], Customer]) -> None:
        self.event = event
        self._describe = describe

    def __getattr__(self, name: str) -> Customer:
        # Only what is not set yet comes here; from then on it is as quick as any attribute.
        if name != "customer":
            raise AttributeError(name)
        self.customer = self._describe()
        return self.customer


def is_lookup(value: Json) -> bool:
    """Whether something is looked up for a value that somebody typed."""
    return isinstance(value, str) and "{{" in value


def written(value: Json) -> Find:
    """How a value that somebody typed is found. Raises ValueError for what is no lookup."""
    if not isinstance(value, str) or not is_lookup(value):
        return lambda subject: value
    pieces = _LOOKUP.split(value)  # text, path, text, path … text
    for text in pieces[::2]:
        if "{{" in text or "}}" in text:
            raise ValueError(
                "has braces that do not belong together: write {{ event.data.points }}"
            )
    finds = [_lookup(path.strip()) for path in pieces[1::2]]
    if len(finds) == 1 and not pieces[0].strip() and not pieces[2].strip():
        return finds[0]
    return _Text(pieces[::2], [path.strip() for path in pieces[1::2]], finds)


class _Text:
    """A text with values written into it."""

    def __init__(self, texts: list[str], paths: list[str], finds: list[Find]) -> None:
        self._texts = texts
        self._paths = paths
        self._finds = finds

    def __call__(self, subject: Subject) -> str:
        pieces = [self._texts[0]]
        room = MOST_BYTES
        for path, find, text in zip(self._paths, self._finds, self._texts[1:], strict=True):
            shown = _as_text(path, find(subject))
            room -= len(shown)
            if room < 0:  # before it is put together: a text may name a long value many times
                raise LookupFailed(_TOO_MUCH)
            pieces += (shown, text)
        return "".join(pieces)


def _as_text(path: str, value: Json) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise LookupFailed(f"{path} is empty, so it cannot be written into a text")
    if isinstance(value, (bool, int, float, Decimal)):
        return wire.dumps(value).decode()
    raise LookupFailed(f"{path} is a list or an object, so it cannot be written into a text")


def _lookup(path: str) -> Find:
    root, dot, rest = path.partition(".")
    if root not in _ROOTS or not dot or rest in ("", "data.") or rest != rest.strip():
        shown = f"{path[:60]!r} cannot be looked up" if path else "nothing is named in {{ }}"
        raise ValueError(f"{shown}: write {{{{ event.data.NAME }}}} or {{{{ customer.NAME }}}}")
    read = _EVENT.get(rest)
    if root == "customer":

        def find(subject: Subject) -> Json | Missing:
            return subject.customer.value(rest)
    elif rest.startswith("data."):
        name = rest.removeprefix("data.")

        def find(subject: Subject) -> Json | Missing:
            return value_at(subject.event.data, name)
    elif read is not None:
        chosen = read

        def find(subject: Subject) -> Json | Missing:
            return chosen(subject.event)
    else:

        def find(subject: Subject) -> Json | Missing:
            return value_at(subject.event.fields, rest)

    def found(subject: Subject) -> Json:
        value = find(subject)
        if isinstance(value, Missing):
            raise LookupFailed(f"{path} is not there")
        return value

    return found


def _time_of(event: Event) -> str:
    return event.occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_EVENT: Final[Mapping[str, Callable[[Event], Json | Missing]]] = {
    "id": lambda event: event.id,
    "action": lambda event: event.action,
    "customer": lambda event: MISSING if event.customer is None else event.customer,
    "timestamp": _time_of,
    "account": lambda event: MISSING if event.account is None else event.account,
    "external_id": lambda event: MISSING if event.external_id is None else event.external_id,
    "data": lambda event: event.data,
}
"""What an event has beside its data, by name."""


def event_attribute(name: str) -> Callable[[Subject], Json | Missing]:
    """An attribute that a filter looks at: of the data, else of the event itself."""
    read = _EVENT.get(name)

    dotted = "." in name

    def find(subject: Subject) -> Json | Missing:
        event = subject.event
        if name in event.data:
            return event.data[name]
        if dotted and not isinstance(value := value_at(event.data, name), Missing):
            return value
        return read(event) if read is not None else value_at(event.fields, name)

    return find


def customer_attribute(name: str) -> Callable[[Subject], Json | Missing]:
    """A customer's field that a filter looks at."""

    if name == "id":
        return lambda subject: subject.customer.id

    def find(subject: Subject) -> Json | Missing:
        fields = subject.customer.fields  # looked at here first, since filters ask so often
        return fields[name] if name in fields else subject.customer.value(name)

    return find


def rendered(finds: Mapping[str, Find], subject: Subject) -> dict[str, Json]:
    """All values of an action. Raises LookupFailed."""
    values: dict[str, Json] = {}
    size = 0
    for name, find in finds.items():
        values[name] = value = find(subject)
        size += size_of(value)
        if size > MOST_BYTES:
            raise LookupFailed(_TOO_MUCH)
    return values


def size_of(value: Json) -> int:
    """Bytes of a value as JSON; of a plain text about so many."""
    if isinstance(value, str) and value.isascii():
        return len(value)
    return 8 if value is None or isinstance(value, bool) else len(wire.dumps(value))
