"""A request as a command line that a person can run after setting the secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from shlex import quote
from typing import Final

from host.dry_run import WireRequest

_CONTINUED: Final = " \\\n  "


def as_curl(request: WireRequest, placeholders: Iterable[str]) -> str | None:
    """The `curl` command of a request; None when its body is no text.

    Only in address and headers do `placeholders` (`$API_SECRET`) stay for the shell to fill in;
    the body is quoted whole, whatever it says.
    """
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        return None
    names = tuple(placeholders)
    parts = [f"curl -X {quote(request.method)} {_quoted(request.url, names)}"]
    if request.basic is not None:
        parts.append(f"-u {_quoted(':'.join(request.basic), names)}")
    for name, value in request.headers.items():
        parts.append(f"-H {_quoted(f'{name}: {value}', names)}")
    if body:
        parts.append(f"--data-raw {quote(body)}")
    return _CONTINUED.join(parts)


def _quoted(text: str, placeholders: tuple[str, ...]) -> str:
    """A word of the shell in which nothing but the placeholders means anything."""
    if not any(name in text for name in placeholders):
        return quote(text)
    known = "|".join(re.escape(name) for name in sorted(placeholders, key=len, reverse=True))
    pieces = re.split(f"({known})", text)
    return "".join(
        f'"{piece}"' if piece in placeholders else quote(piece) for piece in pieces if piece
    )
