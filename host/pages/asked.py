"""What a list of messages was asked for: the words of its address, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final
from urllib.parse import urlencode

from host.api.answers import time_of
from host.errors import UnreadableBody
from host.model import MessageState
from host.store.listing import MessageFilter

ALL: Final = "all"
_HOUR_MS: Final = 3_600_000
_AGO: Final = {"hour": _HOUR_MS, "day": 24 * _HOUR_MS, "week": 7 * 24 * _HOUR_MS}
SINCE: Final = (
    ("", "Any time"),
    ("hour", "The last hour"),
    ("day", "The last 24 hours"),
    ("week", "The last 7 days"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListKind:
    """One of the two lists: where it lies, and which states it shows."""

    path: str
    title: str
    states: tuple[tuple[str, str], ...]  # of the address, and in words; the first by default

    @property
    def settled(self) -> bool:
        """Whether it shows the history."""
        return self is UNDELIVERED


QUEUE: Final = ListKind(
    path="/queue",
    title="Resend queue",
    states=(
        ("retrying", "Being retried"),
        ("waiting", "Waiting"),
        ("sending", "Being sent"),
        (ALL, "All"),
    ),
)
UNDELIVERED: Final = ListKind(
    path="/undelivered",
    title="Undelivered",
    states=(
        ("undelivered", "Undelivered"),
        ("withheld", "Withheld"),
        ("discarded", "Discarded"),
        ("delivered", "Delivered"),
    ),
)
LISTS: Final[Mapping[str, ListKind]] = {kind.path: kind for kind in (QUEUE, UNDELIVERED)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The filters of a list as they stand in its address, and its cursor `before`."""

    state: str = ""
    connection: str = ""
    reason: str = ""
    event: str = ""
    customer: str = ""
    since: str = ""
    before: str = ""

    @classmethod
    def read(cls, kind: ListKind, given: Mapping[str, str], connection: str | None = None) -> Asked:
        """Out of an address or a form; on a page of one `connection`, always that one.

        Raises UnreadableBody for a state that the list does not show.
        """
        asked = cls(**{name: given.get(name, "").strip() for name in cls.__slots__})
        asked = replace(asked, state=asked.state or kind.states[0][0])
        if asked.state not in dict(kind.states):
            known = ", ".join(state for state, _ in kind.states)
            raise UnreadableBody(f"{asked.state[:40]!r} is no state of this list: {known}")
        return asked if connection is None else replace(asked, connection=connection)

    @property
    def narrowed(self) -> bool:
        """Whether anything but state and connection is asked for."""
        return any((self.reason, self.event, self.customer, self.since))

    def message_state(self) -> MessageState | None:
        """The one state that is asked for; None: all that is not settled."""
        return None if self.state == ALL else MessageState(self.state)

    def wanted(self, now: int) -> MessageFilter:
        """The messages meant; `now` in ms. Raises UnreadableBody for what is no time."""
        since: int | None = None
        if self.since:
            ago = _AGO.get(self.since)
            since = time_of(self.since) if ago is None else now - ago
        return MessageFilter(
            connection=self.connection or None,
            state=self.message_state(),
            unsettled=self.state == ALL,
            customer=self.customer or None,
            reason=self.reason or None,
            action=self.event or None,
            since=since,
        )

    def address(self, path: str, **changes: str) -> str:
        """The address of the list at `path` with some filters changed; `before` goes unless set."""
        fields = {**asdict(self), "before": "", **changes}
        if path.startswith("/connections/"):
            fields["connection"] = ""
        query = urlencode({name: text for name, text in fields.items() if text})
        return f"{path}?{query}" if query else path

    def fields(self) -> dict[str, str]:
        """The filters as fields of a form."""
        return {name: text for name, text in asdict(self).items() if text and name != "before"}
