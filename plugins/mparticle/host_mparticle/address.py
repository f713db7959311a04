"""The forms in which people hold mParticle's API URL, brought to one. No request is made here."""

from __future__ import annotations

from typing import Final

DEFAULT_API_URL: Final = "https://inbound.mparticle.com/s2s/v2"
"""Where partner feeds send to ("Inbound integrations" in mParticle's documentation)."""

PODS: Final = (
    ("https://s2s.us1.mparticle.com/v2", "US1"),
    ("https://s2s.us2.mparticle.com/v2", "US2"),
    ("https://s2s.eu1.mparticle.com/v2", "EU1"),
    ("https://s2s.au1.mparticle.com/v2", "AU1"),
)
"""Addresses of an input of one's own, by data hosting location ("Data hosting locations")."""

ROUTES: Final = {"": "/bulkevents", "historical": "/bulkevents/historical"}
"""`Payload.route` → path below the base address."""

# People paste the address of a call as well as the base; the longest ending comes first.
_CALLS: Final = ("/bulkevents/historical", "/bulkevents", "/events")
_VERSION: Final = "/v2"


def base_url(api_url: str) -> str:
    """The base address of API version 2, without a slash at its end.

    Taken with and without `/v2`, with a slash at the end, and as the address of a call
    (`…/v2/events`). Scheme and host are left to `host.Http`, which refuses what it must.
    """
    url = api_url.strip().rstrip("/")
    for call in _CALLS:
        if url.endswith(call):
            url = url.removesuffix(call).rstrip("/")
            break
    return url if url.endswith(_VERSION) else url + _VERSION


def call_url(api_url: str, route: str = "") -> str:
    """The address that takes a request of this route; an unknown route goes the usual way."""
    return base_url(api_url) + ROUTES.get(route, ROUTES[""])
