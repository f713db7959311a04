"""The forms of the API URL."""

from __future__ import annotations

import pytest

from host_mparticle.address import DEFAULT_API_URL, PODS, base_url, call_url

FEED = "https://inbound.mparticle.com/s2s/v2"


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("https://inbound.mparticle.com/s2s/v2", FEED),
        ("https://inbound.mparticle.com/s2s/v2/", FEED),
        ("https://inbound.mparticle.com/s2s", FEED),
        ("https://inbound.mparticle.com/s2s/", FEED),
        ("https://inbound.mparticle.com/s2s/v2/events", FEED),
        ("https://inbound.mparticle.com/s2s/v2/events/", FEED),
        ("https://inbound.mparticle.com/s2s/v2/bulkevents", FEED),
        ("https://inbound.mparticle.com/s2s/v2/bulkevents/historical", FEED),
        ("  https://inbound.mparticle.com/s2s/v2\n", FEED),
        ("https://s2s.mparticle.com", "https://s2s.mparticle.com/v2"),
        ("http://127.0.0.1:8081/s2s/v2", "http://127.0.0.1:8081/s2s/v2"),
        *((url, url) for url, _ in PODS),
        *((url.removesuffix("/v2"), url) for url, _ in PODS),
    ],
)
def test_every_form_of_the_api_url_leads_to_one_base(typed: str, base: str) -> None:
    assert base_url(typed) == base


@pytest.mark.parametrize(
    ("route", "path"),
    [("", "/bulkevents"), ("historical", "/bulkevents/historical"), ("strange", "/bulkevents")],
)
def test_a_route_decides_the_call(route: str, path: str) -> None:
    assert call_url("https://inbound.mparticle.com/s2s", route) == FEED + path


def test_the_default_is_the_feeds_address() -> None:
    assert base_url(DEFAULT_API_URL) == FEED
