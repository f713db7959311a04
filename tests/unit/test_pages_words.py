"""Values as people read them, and finding by what they type."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from host.pages import words
from host.pages.entrance import place_after
from host.pages.finding import matches, one_letter_apart
from host.pages.shield import foreign

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (754, "12 min"),
        (7 * 3600 + 1800, "7 h 30 min"),
        (86_400 * 12 + 5, "12 d"),
    ],
)
def test_a_duration_reads_in_its_largest_units(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("away", "text"),
    [
        (0, "just now"),
        (-999, "just now"),
        (-1000, "1 s ago"),
        (-180_000, "3 min ago"),
        (7_200_000, "in 2 h"),
        (-86_400_000, "1 d ago"),
    ],
)
def test_a_moment_reads_as_a_distance(away: int, text: str) -> None:
    assert words.distance(NOW + away, NOW) == text


def test_a_moment_carries_itself_in_full() -> None:
    drawn = str(words.moment(NOW, NOW + 60_000))

    assert 'datetime="2027-01-15T08:00:00.000Z"' in drawn
    assert 'title="2027-01-15 08:00:00 UTC"' in drawn
    assert drawn.endswith(">1 min ago</time>")


def test_no_moment_is_a_dash() -> None:
    assert words.moment(None, NOW) == "—"


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("<script>", "<bdi>&lt;script&gt;</bdi>"),
        ("a\0b", "<bdi>a␀b</bdi>"),
        ("\x1b[31m", "<bdi>␛[31m</bdi>"),
        ("two\nlines", "<bdi>two\nlines</bdi>"),
        ("\u202egnp.exe", "<bdi>\u202egnp.exe</bdi>"),
    ],
)
def test_text_from_outside_stays_text_and_apart(text: str, drawn: str) -> None:
    assert words.foreign(text) == drawn


def test_nouns_follow_their_number() -> None:
    assert words.several(1, "message") == "1 message"
    assert words.several(1200, "message") == "1,200 messages"
    assert words.several(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    "typed", ["mparticle", "mPart", "mpratic", "particle", "mparticel", "mpxrticle", "loyalty", ""]
)
def test_a_search_forgives_one_letter(typed: str) -> None:
    assert matches(typed, "mparticle", "mParticle module for Loyalty Host")


@pytest.mark.parametrize("typed", ["braze", "mpxxticle", "mxa", "mparticle braze"])
def test_a_search_does_not_find_everything(typed: str) -> None:
    assert not matches(typed, "mparticle", "mParticle module for Loyalty Host")


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("tier", "tier", True),
        ("tier", "tie", True),
        ("tier", "tiers", True),
        ("tier", "tear", False),
        ("tier", "tire", True),
        ("tier", "reit", False),
        ("", "a", True),
    ],
)
def test_letters_apart(one: str, other: str, apart: bool) -> None:
    assert one_letter_apart(one, other) is apart


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/queue?state=retrying", "/queue?state=retrying"),
        (None, "/modules"),
        ("", "/modules"),
        ("//evil.example", "/modules"),
        ("/\\evil.example", "/modules"),
        ("https://evil.example", "/modules"),
        ("/a\r\nSet-Cookie: x", "/modules"),
    ],
)
def test_after_signing_in_one_stays_on_this_host(wanted: str | None, place: str) -> None:
    assert place_after(wanted) == place


@pytest.mark.parametrize(
    ("method", "headers", "refused"),
    [
        ("GET", {"sec-fetch-site": "cross-site"}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("POST", {"sec-fetch-site": "none"}, False),
        ("POST", {"sec-fetch-site": "same-site"}, True),
        ("POST", {"sec-fetch-site": "cross-site"}, True),
        ("POST", {"host": "host.test:80", "origin": "http://host.test:80"}, False),
        ("POST", {"host": "host.test", "origin": "http://evil.test"}, True),
        ("POST", {"host": "host.test", "origin": "null"}, True),
        ("POST", {"host": "host.test"}, True),
        ("POST", {}, True),
        ("DELETE", {"sec-fetch-site": "cross-site"}, True),
    ],
)
def test_what_another_site_sends_is_foreign(
    method: str, headers: dict[str, str], refused: bool
) -> None:
    assert foreign(method, Headers(headers)) is refused
