"""Logs on stderr, a line each. Ids, codes and counts; no personal data and no secret."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, TypeAlias

import structlog

_Info: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


def set_up_logs(level: int = logging.INFO) -> None:
    """Have everything logged in one form on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_told),
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"], drop_missing=True
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("timestamp=%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)


class _Formatter(logging.Formatter):
    """The form of what others log."""

    def formatException(self, ei: Any) -> str:
        return _told(ei)


def _told(exc_info: _Info) -> str:
    """Where an exception came from, and its kind. Not its words: they may hold anybody's data."""
    return "\n".join(_lines(exc_info[1], set()))


def _lines(error: BaseException | None, seen: set[int]) -> list[str]:
    if error is None or id(error) in seen:
        return []
    seen.add(id(error))
    lines = _lines(error.__cause__ or error.__context__, seen)
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    lines.append(type(error).__qualname__)
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        lines += _lines(one, seen)
    return lines
