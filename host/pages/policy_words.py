"""The delivery policy of a connection in words, and the waits as a person types them."""

from __future__ import annotations

import re
from typing import Final

from host.configuration import DeliveryPolicy
from host.pages.words import duration, several
from host.retry import first_resend_between, given_up_between

_UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SECONDS: Final = {"": 1.0, "m": 60.0, "sec": 1.0} | {unit: float(size) for unit, size in _UNITS}
_WAIT: Final = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(?P<unit>[a-z]*)")


def waits_text(waits: tuple[float, ...]) -> str:
    """Waits as they are typed: `30 s, 5 min, 2 h`."""
    return ", ".join(_wait_text(wait) for wait in waits)


def _wait_text(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds!r} s" if seconds else "0 s"


def read_waits(text: str) -> tuple[float, ...] | str:
    """Typed waits in seconds; a text says what cannot be read."""
    waits: list[float] = []
    for part in text.split(","):
        typed = part.strip().lower()
        found = _WAIT.fullmatch(typed)
        if found and found["unit"] in _SECONDS:
            waits.append(float(found["number"]) * _SECONDS[found["unit"]])
        elif typed or "," in text:
            return f"“{typed}” is no time to wait; write them like 30 s, 5 min, 2 h"
    return tuple(waits)


def policy_words(policy: DeliveryPolicy) -> str:
    """What becomes of a message that does not get through, in two sentences."""
    waits = policy.resend_waits
    if not waits:
        first = "A message that fails is not sent again: it is kept as undelivered at once."
    else:
        listed = [_wait_text(wait) for wait in waits]
        after = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
        whole = f" (about {duration(sum(waits))} in all)" if len(waits) > 1 else ""
        first = (
            f"A message that fails is sent again up to {several(len(waits), 'time')}, after {after}"
            f"{whole}, each wait a fifth more or less. Then it is kept as undelivered."
        )
    if policy.circuit_after == 0:
        return f"{first} All messages go on at full pace however many requests fail."
    row = (
        "a request fails"
        if policy.circuit_after == 1
        else f"{policy.circuit_after:,} requests in a row fail"
    )
    return f"{first} Once {row}, one message at a time is tried until one gets through."


def policy_sentence(policy: DeliveryPolicy) -> str:
    """When failed messages go again and when they are given up, as the scheduler has it."""
    first = first_resend_between(policy.resend_waits)
    if first is None:
        return "A message that fails is given up at once and kept under Undelivered."
    least, most = given_up_between(policy.resend_waits)
    resends = len(policy.resend_waits)
    times = "once" if resends == 1 else f"up to {resends} times"
    return (
        f"A failed message goes again {times}: first {_span(*first)} after the failure; "
        f"it is given up after {_span(least, most)} and kept under Undelivered. "
        f"An outage of {duration(least)} costs no message."
    )


def _span(least: float, most: float) -> str:
    """`24 to 36 s`, `6 h 4 min to 9 h 6 min`."""
    low, high = duration(least), duration(most)
    if low == high:
        return low
    number, _, unit = low.partition(" ")
    same_unit = high.partition(" ")[2] == unit and " " not in unit
    return f"{number} to {high}" if same_unit else f"{low} to {high}"
