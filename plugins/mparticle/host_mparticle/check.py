"""Trying settings: one request without customer data, and what its answer says about them.

No endpoint of mParticle checks credentials; an empty list of batches is valid and stores
nothing. That 401 and 403 stand for the credentials is documented, the rest is our reading.
"""

from __future__ import annotations

from typing import Final

from host import CannotTell, FixSettings, Http, HttpAnswer, RequestFailed, Secret, Settings
from host_mparticle.address import DEFAULT_API_URL, call_url

_NO_BATCHES: Final = b"[]"
_JSON: Final = {"Content-Type": "application/json"}
_WRONG_ADDRESS: Final = ("tls", "address", "refused_address")
_GOOD: Final = (202, 400)  # a 400 was let in and finds fault with the empty list only
_BUSY: Final = 429
_CREDENTIALS: Final = (401, 403)
_ADDRESS_WORDS: Final = {
    404: "knows no such address (HTTP 404)",
    405: "takes no events at this address (HTTP 405)",
    407: "is behind a proxy that asks for credentials (HTTP 407)",
    410: "no longer has this address (HTTP 410)",
}
_USUAL: Final = f"The usual one is {DEFAULT_API_URL}."


def credentials(settings: Settings) -> tuple[str, Secret]:
    """Key and secret of the feed, for HTTP Basic authentication."""
    secret = settings.get("api_secret", "")
    return str(settings.get("api_key", "")), (
        secret if isinstance(secret, Secret) else Secret(str(secret))
    )


async def try_settings(settings: Settings, http: Http) -> str:
    """The feed's title, when mParticle lets these settings in.

    Raises `FixSettings` naming the fields to change, `CannotTell` when there is no verdict.
    """
    key, secret = credentials(settings)
    try:
        answer = await http.request(
            "POST",
            call_url(str(settings.get("api_url") or DEFAULT_API_URL)),
            content=_NO_BATCHES,
            headers=_JSON,
            basic=(key, secret),
        )
    except RequestFailed as failure:
        raise _without_answer(failure) from None
    return _title(key, answer)


def _without_answer(failure: RequestFailed) -> FixSettings | CannotTell:
    if failure.kind in _WRONG_ADDRESS:
        return _wrong_address(f"mParticle cannot be reached at this API URL: {failure}.")
    return CannotTell(f"mParticle gave no answer: {failure}. Try again in a moment.")


def _wrong_address(text: str) -> FixSettings:
    return FixSettings(text, api_url=f"{text} {_USUAL}")


def _title(key: str, answer: HttpAnswer) -> str:
    status = answer.status
    if status in _CREDENTIALS:
        raise FixSettings(
            f"mParticle refuses the API key or the API secret (HTTP {status}).",
            api_key="Compare with Server to Server Key of the Antavo feed in mParticle.",
            api_secret="Compare with Secret of the Antavo feed in mParticle.",
        )
    if status // 100 == 3:
        raise _wrong_address(f"The API URL redirects elsewhere (HTTP {status}), not followed.")
    if status in _ADDRESS_WORDS:
        raise _wrong_address(f"The server at the API URL {_ADDRESS_WORDS[status]}.")
    if status < 500 and _is_web_page(answer):
        raise _wrong_address("The API URL leads to a web page, not to mParticle's Events API.")
    title = f"mParticle feed …{key[-4:]}"
    if status in _GOOD:
        return title
    if status == _BUSY:
        return f"{title} (busy: its rate limit is reached just now)"
    raise CannotTell(
        f"mParticle answered HTTP {status}, which says nothing about the settings. "
        "Try again in a moment."
    )


def _is_web_page(answer: HttpAnswer) -> bool:
    kind = answer.headers.get("content-type", "").lower()
    return "html" in kind or answer.body.lstrip()[:1] == b"<"
