"""How the stand-in misbehaves: told as JSON or by keyword, played one request at a time."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, Self

Answer = Literal["located", "unlocated", "whole"]

FAILURES: Final = ("429", "500", "503", "cut_off", "timeout")
ANSWERS: Final = ("located", "unlocated", "whole")
POISON_KEYS: Final = frozenset({"source_message_id", "event_name", "customer", "answer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """What goes wrong from now on; without arguments, nothing does. Times are in seconds."""

    status: int | None = None  # answered without looking at the body
    retry_after: float | str | None = None  # beside a 429 or 5xx: seconds, or an HTTP date
    redirect: str | None = None  # answered with 302 to this address
    html: bool = False  # a web page is answered with 200
    slow: float = 0.0  # takes the batches, then answers this much later
    cut_off: bool = False  # takes the batches, then drops the connection
    times: int | None = None  # so many requests are met by the above; None: until told otherwise
    fail_rate: float = 0.0  # share of requests that fail by chance
    kinds: tuple[str, ...] = ("503",)  # in which ways, see `FAILURES`
    seed: int = 0
    hang: float = 30.0  # how long a request of the kind "timeout" is held
    poison: Mapping[str, str] | None = None  # one batch is refused: `POISON_KEYS`
    errors: Literal["as_real", "located", "unlocated"] = "as_real"  # places in error texts
    latency_ms: float = 0.0  # before each answer
    usage: float | None = None  # percent of the rate limit, told beside a 202

    def __post_init__(self) -> None:
        if self.status is not None and self.status not in range(200, 600):
            raise ValueError("status is an HTTP status, 200 to 599")
        if unknown := sorted(set(self.kinds) - set(FAILURES)):
            raise ValueError(f"unknown kinds {unknown}; known are {list(FAILURES)}")
        if self.poison is not None:
            if unknown := sorted(set(self.poison) - POISON_KEYS):
                raise ValueError(f"unknown keys of poison {unknown}; known: {sorted(POISON_KEYS)}")
            if self.poison.get("answer", "located") not in ANSWERS:
                raise ValueError(f"poison answers one of {list(ANSWERS)}")

    @classmethod
    def from_json(cls, told: object) -> Self:
        """Read what was posted to the control; ValueError says what is wrong with it."""
        if not isinstance(told, Mapping):
            raise ValueError("the control takes a JSON object")
        # Each telling replaces the last one, so that "reset" alone has nothing left to do.
        values: dict[str, Any] = {name: told[name] for name in told if name != "reset"}
        known = {field.name for field in fields(cls)}
        if unknown := sorted(str(name) for name in set(values) - known):
            raise ValueError(f"unknown names {unknown}; known are {sorted(known)}")
        if "kinds" in values:
            values["kinds"] = tuple(values["kinds"])
        for name in ("slow", "fail_rate", "hang", "latency_ms"):
            if name in values:
                values[name] = float(values[name])
        return cls(**values)

    @property
    def poison_answer(self) -> str:
        """How the poisoned batch is refused."""
        return (self.poison or {}).get("answer", "located")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What befalls one request."""

    status: int | None = None
    retry_after: float | str | None = None
    redirect: str | None = None
    html: bool = False
    delay: float = 0.0
    cut_off: bool = False


class Play:
    """Deals out acts: remembers how many are left and holds the dice."""

    def __init__(self, misbehaviour: Misbehaviour) -> None:
        self.misbehaviour = misbehaviour
        self._left = misbehaviour.times
        self._dice = random.Random(misbehaviour.seed)

    def next(self) -> Act:
        """What befalls the next request."""
        told = self.misbehaviour
        if told.fail_rate and self._dice.random() < told.fail_rate:
            return self._failure(self._dice.choice(told.kinds))
        if not (told.status or told.redirect or told.html or told.slow or told.cut_off):
            return Act()
        if self._left is not None:
            if self._left <= 0:
                return Act()
            self._left -= 1
        return Act(
            status=told.status,
            retry_after=told.retry_after,
            redirect=told.redirect,
            html=told.html,
            delay=told.slow,
            cut_off=told.cut_off,
        )

    def _failure(self, kind: str) -> Act:
        if kind == "cut_off":
            return Act(cut_off=True)
        if kind == "timeout":
            return Act(delay=self.misbehaviour.hang, cut_off=True)
        return Act(status=int(kind), retry_after=self.misbehaviour.retry_after)
