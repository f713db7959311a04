"""What every command needs: the environment, the event loop, words on the right stream."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from host.config import Environment

T = TypeVar("T")


def environment() -> Environment:
    """The environment of this process. Raises InvalidConfiguration."""
    return Environment.read(os.environ)


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's work on an event loop; one error of a task group is told as itself."""
    try:
        return anyio.run(work, backend_options={"use_uvloop": True})
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from None


def say(text: str) -> None:
    """Progress and remarks: on stderr, so that stdout holds results alone."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """A result for machines."""
    print(json.dumps(value, ensure_ascii=False, indent=2))
