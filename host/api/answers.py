"""Answers: JSON with the host's own number spelling, and errors in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from host import wire
from host.api.doors import NotLetIn
from host.errors import (
    BodyTooLarge,
    CannotTell,
    FixSettings,
    HostFull,
    InvalidConfiguration,
    LoyaltyHostError,
    NotFound,
    PluginFault,
    RefusedItem,
    StoreFault,
    StoreUnavailable,
    UnreadableBody,
    VersionConflict,
)
from host.model import from_ms

log: Final = structlog.get_logger("host.api")

_ERRORS: Final[Mapping[type[Exception], tuple[int, str]]] = {
    UnreadableBody: (400, "invalid_json"),
    BodyTooLarge: (413, "too_large"),
    RefusedItem: (422, "refused"),
    InvalidConfiguration: (422, "invalid_configuration"),
    FixSettings: (422, "fix_settings"),
    CannotTell: (502, "cannot_tell"),
    VersionConflict: (409, "version_conflict"),
    NotFound: (404, "not_found"),
    HostFull: (429, "host_full"),
    StoreUnavailable: (503, "store_unavailable"),
    StoreFault: (500, "store_fault"),
    PluginFault: (502, "plugin_fault"),
}
"""What a caller is told of each error: status and code."""

STORE_AGAIN: Final = 2  # seconds after which to come again when the database is away


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(
        wire.dumps(value), status, media_type="application/json", headers=dict(headers or {})
    )


def error_answer(
    status: int,
    code: str,
    message: str,
    details: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in the one shape that errors have."""
    return answer(
        {"error": {"code": code, "message": message, "details": details}}, status, headers
    )


def status_of(error: Exception) -> int:
    """The HTTP status that belongs to an error of the host's own."""
    return _known(error)[0]


def _known(error: Exception) -> tuple[int, str]:
    return next(
        (_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS), (500, "internal")
    )


async def on_error(request: Request, error: Exception) -> Response:
    """The answer to an error of the host's own."""
    if isinstance(error, NotLetIn):
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        return error_answer(error.status, error.code, str(error), headers=headers)
    status, code = _known(error)
    details: Any = None
    headers = {}
    if isinstance(error, InvalidConfiguration):
        details = [{"path": fault.path, "message": fault.message} for fault in error.faults]
    elif isinstance(error, RefusedItem):
        code = error.code
    elif isinstance(error, HostFull):
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, StoreUnavailable):
        headers["Retry-After"] = str(STORE_AGAIN)
    return error_answer(status, code, str(error), details, headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """The answer to an unknown path or method."""
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code, "error")
    return error_answer(error.status_code, code, error.detail, headers=error.headers)


async def on_fault(request: Request, error: Exception) -> Response:
    """The answer to what should not have happened."""
    log_fault(request, error)
    return error_answer(500, "internal", "the host failed on this request; its log tells more")


def log_fault(request: Request, error: Exception) -> None:
    """Tell the operator of what should not have happened."""
    # Not the path: it may name a customer.
    endpoint = getattr(request.scope.get("endpoint"), "__name__", None)
    log.error("fault", endpoint=endpoint, error=type(error).__name__, exc_info=error)


HANDLERS: Final = {
    LoyaltyHostError: on_error,
    HTTPException: on_http_error,
    Exception: on_fault,
}


def time_text(ms: int | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    if ms is None:
        return None
    return from_ms(ms).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of(text: str) -> int:
    """Milliseconds since 1970 of a time as `since` gives it. Raises UnreadableBody."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableBody(f"{text[:40]!r} is not a time; write 2026-05-01T10:00:00Z") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
