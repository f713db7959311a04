"""What the stand-in keeps and counts: arrivals, ids already seen, and the judgement of batches.

Memory is bounded: the latest arrivals and the latest ids are kept, counters are complete.
"""

from __future__ import annotations

import html
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from host import Json, canonical, dumps, to_ms
from host_mparticle.batches import MOST_BATCHES
from host_mparticle.standin.misbehaviour import Misbehaviour, Play
from host_mparticle.standin.validation import Fault, fault_of

KEPT_ARRIVALS: Final = 10_000
KEPT_IDS: Final = 200_000

POISONED: Final = "This batch is not wanted here."


@dataclass(slots=True)
class Sighting:
    """What is known of one `source_request_id`."""

    content: int | None = None  # fingerprint of the content accepted first; None: not yet
    answers: list[str] = field(default_factory=list)  # one for each request that carried it


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to a request: status, and the error texts if any."""

    status: int
    errors: tuple[str, ...] = ()

    def body(self) -> bytes:
        """As mParticle writes it: empty when all is well."""
        if not self.errors:
            return b""
        listed = [{"code": "BAD_REQUEST", "message": html.escape(text)} for text in self.errors]
        return dumps({"errors": listed})


class StandIn:
    """The far side in memory. `misbehave` changes how it answers from then on."""

    def __init__(self, *, kept_arrivals: int = KEPT_ARRIVALS, kept_ids: int = KEPT_IDS) -> None:
        self._arrivals: deque[dict[str, Any]] = deque(maxlen=kept_arrivals)
        self._seen: dict[str, Sighting] = {}
        self._kept_ids = kept_ids
        self._counters = _zeroes()
        self.play = Play(Misbehaviour())

    def misbehave(self, **told: Any) -> Misbehaviour:
        """From now on misbehave as told (see `Misbehaviour`); without arguments, behave."""
        self.play = Play(Misbehaviour.from_json(told))
        return self.play.misbehaviour

    @property
    def arrivals(self) -> list[dict[str, Any]]:
        """The latest accepted batches, oldest first; repeats are not among them."""
        return list(self._arrivals)

    @property
    def counters(self) -> dict[str, int]:
        """Complete counts since the last `clear`. All but `requests` and `unwell` are of batches.

        `unwell`: requests that met a misbehaviour. `duplicates`: repeats of an accepted id;
        `conflicting_repeats`: those of them with other content, which a real mParticle loses.
        """
        return dict(self._counters)

    @property
    def requests(self) -> dict[str, list[str]]:
        """Dedupe id → how each request that carried it was answered, oldest first.

        `202`, `refused`, `duplicate`, a status, `lost`: taken, but the connection was dropped.
        """
        return {name: list(sighting.answers) for name, sighting in self._seen.items()}

    def clear(self) -> None:
        """Forget arrivals, ids and counts."""
        self._arrivals.clear()
        self._seen.clear()
        self._counters = _zeroes()

    def count(self, name: str) -> None:
        """Add one to a counter."""
        self._counters[name] += 1

    def write_down(self, batches: object, answer: str) -> None:
        """Note for each batch's id how its request was answered instead of being judged."""
        for batch in batches if isinstance(batches, list) else []:
            sighting = self._sighting(batch)
            if sighting is not None:
                sighting.answers.append(answer)

    def take(self, batches: list[Any], route: str, text: str, *, lost: bool) -> Verdict:
        """Judge batches and keep the good ones; `text` is the request body, to locate faults.

        `lost`: the answer will not reach the sender, so that it is written down as such.
        """
        if len(batches) > MOST_BATCHES:
            return self._refuse_all(batches, "More than 100 batches in one request.")
        if self.play.misbehaviour.poison_answer == "whole" and any(map(self._poison, batches)):
            return self._refuse_all(batches, POISONED)
        now = datetime.now(UTC)
        faults = [self._poison(batch) or fault_of(batch, route, to_ms(now)) for batch in batches]
        errors = []
        for index, (batch, fault) in enumerate(zip(batches, faults, strict=True)):
            if fault is None:
                self._accept(batch, route, now, lost=lost)
                continue
            self._counters["refused"] += 1
            self.write_down([batch], "refused")
            errors.append(self._error(fault, index, text))
        return Verdict(status=400 if errors and all(faults) else 202, errors=tuple(errors))

    def _refuse_all(self, batches: list[Any], words: str) -> Verdict:
        self._counters["refused"] += len(batches)
        self.write_down(batches, "refused")
        return Verdict(status=400, errors=(words,))

    def _accept(self, batch: Mapping[str, Any], route: str, now: datetime, *, lost: bool) -> None:
        sighting = self._sighting(batch)
        if sighting is not None:
            content = hash(canonical(batch))
            known = sighting.content
            if known is not None:
                self._counters["duplicates"] += 1
                self._counters["conflicting_repeats"] += known != content
                sighting.answers.append("duplicate")
                return
            sighting.content = content
            sighting.answers.append("lost" if lost else "202")
        self._counters["accepted"] += 1
        self._arrivals.append(_arrival(batch, route, now))

    def _sighting(self, batch: object) -> Sighting | None:
        """What is known of this batch's id. (A key has its own ids; the stand-in has one key.)"""
        name = batch.get("source_request_id") if isinstance(batch, Mapping) else None
        if not isinstance(name, str):
            return None
        sighting = self._seen.get(name)
        if sighting is None:
            if len(self._seen) >= self._kept_ids:
                del self._seen[next(iter(self._seen))]
            sighting = self._seen[name] = Sighting()
        return sighting

    def _poison(self, batch: object) -> Fault | None:
        wanted = {
            name: value
            for name, value in (self.play.misbehaviour.poison or {}).items()
            if name != "answer"
        }
        if not wanted or not isinstance(batch, Mapping):
            return None
        found = {"customer": customer_of(batch), **_first_event(batch)}
        if any(found.get(name) != value for name, value in wanted.items()):
            return None
        located = self.play.misbehaviour.poison_answer == "located"
        return Fault(words=POISONED, path="events" if located else None)

    def _error(self, fault: Fault, index: int, text: str) -> str:
        places = self.play.misbehaviour.errors
        if places == "unlocated" or (fault.path is None and places == "as_real"):
            return fault.words
        single = not text.lstrip().startswith("[")
        if fault.in_event:
            where = f"Path '{fault.path}', line 1, position {_position(text, index, fault.key)}"
        else:
            prefix = "" if single else f"[{index}]."
            where = f"Path '{(prefix + (fault.path or '')).rstrip('.')}'"
        return f"{fault.words} {where}."


def customer_of(batch: Mapping[str, Any]) -> str | None:
    """Whom a batch is about: its customer id, else its first identity."""
    identities = batch.get("user_identities")
    if not isinstance(identities, Mapping) or not identities:
        return None
    found = identities.get("customer_id", next(iter(identities.values())))
    return found if isinstance(found, str) else None


def _zeroes() -> dict[str, int]:
    names = ("requests", "unwell", "accepted", "duplicates", "conflicting_repeats", "refused")
    return dict.fromkeys(names, 0)


def _first_event(batch: Mapping[str, Any]) -> Mapping[str, Json]:
    events = batch.get("events")
    first = events[0] if isinstance(events, Sequence) and events else None
    found = first.get("data") if isinstance(first, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _arrival(batch: Mapping[str, Any], route: str, now: datetime) -> dict[str, Any]:
    event = _first_event(batch)
    return {
        "id": batch.get("source_request_id"),
        "customer": customer_of(batch),
        "event": event.get("event_name"),
        "environment": batch.get("environment", "production"),
        "kind": "event" if batch.get("events") else "profile",
        "route": route,
        "received_at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "batch": batch,
    }


def _position(text: str, index: int, key: str) -> int:
    """Where in the body, counted from 1, the member `key` of the batch at `index` stands."""
    decoder = json.JSONDecoder()
    start = end = text.index("{")
    for _ in range(index + 1):
        start = text.index("{", end)
        _, end = decoder.raw_decode(text, start)
    return max(text.find(json.dumps(key, ensure_ascii=False), start, end), start) + 1
