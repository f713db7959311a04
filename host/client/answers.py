"""What a running host's answer, or the lack of one, means for the sender."""

from __future__ import annotations

import json
import ssl
from typing import Any, Final

import httpx

RESULTS: Final = (200, 202, 422)
"""Statuses of an answer that tells item by item what became of them."""

PASSING: Final = {
    429: "the host is full",
    502: "the host cannot be reached by its proxy",
    503: "the host is not ready",
    504: "the host does not answer its proxy",
}
"""Statuses to wait for, and why."""

NOT_A_HOST: Final = "there is no Loyalty Host at this address; check the URL"

_ADVICE: Final = {
    401: "the token is not accepted; make one with: loyalty-host tokens create NAME --scope events",
    403: "the token may not do this; its scope must be events or admin",
    404: NOT_A_HOST,
    413: "a proxy before the host takes no request of this size",
}


def advice(answer: httpx.Response) -> str:
    """Why a request was refused as a whole and what to do, with the host's own words."""
    status = answer.status_code
    words = _ADVICE.get(status) or "the host refuses the request"
    message = _message(answer)
    return f"{words} (HTTP {status}{': ' + message if message else ''})"


def _message(answer: httpx.Response) -> str:
    try:
        body: Any = answer.json()
        return str(body["error"]["message"])[:300]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return ""


def certificate_refused(error: BaseException | None) -> bool:
    """Whether a lost connection was lost because the far certificate is not trusted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
