"""Values as a person reads them: moments, counts, and text that came from outside."""

from __future__ import annotations

from typing import Final

import msgspec
from markupsafe import Markup, escape

from host import wire
from host.model import Json, from_ms

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_STEPS: Final = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """Seconds in its largest unit or two: `45 s`, `5 min`, `7 h 30 min`, `3 d`."""
    left = max(0, round(seconds))
    for place, (size, unit) in enumerate(_STEPS):
        if left >= size:
            whole, rest = divmod(left, size)
            text = f"{whole} {unit}"
            # One more unit where it says something: 1 h 20 min, but 12 d.
            if whole < 10 and place + 1 < len(_STEPS):
                size, unit = _STEPS[place + 1]
                text += f" {rest // size} {unit}" if rest >= size else ""
            return text
    return "0 s"


def distance(ms: int, now: int) -> str:
    """How far a moment is from now: `3 min ago`, `in 2 h`, `just now`."""
    seconds = (ms - now) / 1000
    if abs(seconds) < 1:
        return "just now"
    for size, unit in _STEPS:
        if abs(seconds) >= size:
            text = f"{int(abs(seconds)) // size} {unit}"
            return f"in {text}" if seconds > 0 else f"{text} ago"
    return "just now"


def utc(ms: int) -> str:
    """A moment in full, for people: `2026-05-01 10:00:00 UTC`."""
    return f"{from_ms(ms):%Y-%m-%d %H:%M:%S} UTC"


def iso(ms: int) -> str:
    """A moment for machines: `2026-05-01T10:00:00.000Z`."""
    return from_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock_time(ms: int) -> str:
    """The time of day: `10:00:00`. Beside it stands the full moment."""
    return f"{from_ms(ms):%H:%M:%S}"


def moment(ms: int | None, now: int) -> Markup:
    """A `<time>` that reads as a distance, kept fresh by a script; its title is the full moment."""
    if ms is None:
        return Markup("—")
    return Markup('<time datetime="{}" title="{}" data-distance>{}</time>').format(
        iso(ms), utc(ms), distance(ms, now)
    )


def count(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def several(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 message`, `12 messages`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


_PICTURES: Final = {code: 0x2400 + code for code in range(32) if code not in (9, 10)} | {
    0x7F: 0x2421
}


def foreign(text: object) -> Markup:
    """Text that came from outside, as text: apart from the line's direction, controls visible."""
    return Markup("<bdi>{}</bdi>").format(escape(str(text).translate(_PICTURES)))


def spoken(text: object) -> str:
    """Text that came from outside, for a label that is read out: apart from what is around it."""
    return f"\u2068{str(text).translate(_PICTURES)}\u2069"


def pretty(value: Json) -> str:
    """JSON for reading, with its numbers as they are."""
    return msgspec.json.format(wire.dumps(value), indent=2).decode()


def pretty_text(text: str) -> str:
    """A JSON text for reading; what is no JSON stays as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except ValueError:
        return text
