"""Every page, in both themes and at every width: accessible, whole, without an error."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import THEMES, WIDTHS, axe_violations, overflow, resize, wear
from tests.drawn import as_file, communication, node, trigger, workflow
from tests.harness import Scene, eventually

LONG = "a-very-long-value-without-any-blank-" * 6
ONE = "/connections/mparticle"
FLOW = "/workflows/points-e-mail"
DRAWN = workflow(
    trigger("reward_claim"),
    node("f", "event_filter", rows=[{"attribute": "points", "operator": "at_least", "value": 5}]),
    node("w", "wait", amount=2, unit="days"),
    communication(payload={"points": "{{ event.data.points }}", "why": "{{ event.data.why }}"}),
    node("s", "sync_data", connection="mparticle"),
    node("i", "interrupt"),
    ways=("t>f", "f>w", "w>s", "f>m:failure", "m>i"),
)
FAULTY = workflow(
    trigger(""),
    communication(connection="nowhere", event=LONG),
    node("w", "wait"),
    name="Being drawn, with a name as long as one may be: " + "wide " * 10 + "!",
    active=False,
)
PATHS = (
    "/modules",
    "/modules?q=mpratic",
    "/modules?q=nothing-of-that-name",
    "/modules/mparticle/connect",
    ONE,
    f"{ONE}/connect",
    f"{ONE}/fields",
    f"{ONE}/events",
    f"{ONE}/send-all",
    f"{ONE}/queue",
    f"{ONE}/queue?state=all",
    f"{ONE}/undelivered",
    "/queue",
    "/queue?customer=nobody",
    "/undelivered",
    "/undelivered?state=delivered",
    "/messages/FAILED",
    "/messages/REFUSED",
    "/live",
    "/workflows",
    "/workflows?show=paused",
    "/workflows/new",
    FLOW,
    f"{FLOW}/try",
    f"{FLOW}/try SAMPLE",
    f"{FLOW}/log",
    f"{FLOW}/log?result=cancelled",
    f"{FLOW}/log DETAILS",
    f"{FLOW}/running",
    f"{FLOW}/versions",
    f"{FLOW}/versions/1",
    "/workflows/DRAFT",
    "/customers",
    "/customers?q=nobody",
    "/customer?id=c-1",
    f"/customer?id={quote(LONG)}",
    "/settings",
    "/settings/people",
    "/settings/tokens",
    "/settings/account",
    "/nothing-here",
)


@pytest.fixture(scope="module")
def messages(shared: Scene) -> Iterator[dict[str, str]]:
    """Ids of a message that is retried and of one that was refused, among all that there may be."""
    host, destination = shared.host, shared.destination
    profile = {"first_name": "Ana", "email": "ana@example.com", "tiers": {"main": {"name": LONG}}}
    host.configure(as_file(DRAWN, FAULTY))
    host.configure(as_file(DRAWN | {"nodes": DRAWN["nodes"][:-1], "edges": DRAWN["edges"][:-1]}))
    host.client.put("/api/customers/c-1", json=profile)
    host.post(
        {"customer": "c-1", "action": "reward_claim", "data": {"points": 120}},
        {"customer": LONG, "action": "reward_claim", "data": {"points": 1, "why": LONG}},
        {"customer": "c-2", "action": "reward_claim", "data": {"points": 2}},
    )
    host.post({"customer": "c-1", "action": "point_add", "data": {"points": 120, "why": LONG}})
    host.settle()
    destination.misbehave(status=400)
    host.post({"customer": LONG, "action": "point_add", "data": {"points": 1}})
    host.settle()
    destination.misbehave(status=503)
    host.post(
        {"customer": "c-2", "action": "checkout", "data": {"total": 19.5}},
        {"customer": "c-2", "action": "point_add", "data": {}},
        {"customer": "c-1", "action": "never_associated", "data": {"<b>": "\u202eabc"}},
    )
    (failed,) = eventually(lambda: host.messages(state="retrying"))
    (refused,) = host.messages(state="undelivered")
    draft = next(
        one for one in host.client.get("/api/workflows").json()["workflows"] if one["faults"]
    )
    yield {"FAILED": failed["id"], "REFUSED": refused["id"], "DRAFT": draft["id"]}
    destination.misbehave()


@pytest.fixture
def opened(
    host_page: Page, host_guard: object, messages: dict[str, str], request: pytest.FixtureRequest
) -> Page:
    """The page under that path; a word behind it says where to go on from there."""
    path: str = request.param
    for name, id_ in messages.items():
        path = path.replace(name, id_)
    if path == "/nothing-here":
        host_guard.excuse("404")  # type: ignore[attr-defined]
    address, _, then = path.partition(" ")
    host_page.goto(address)
    if then == "SAMPLE":
        host_page.get_by_role("button", name="Run with this sample").click()
        expect(host_page.get_by_role("heading", name="What it would do")).to_be_focused()
    if then == "DETAILS":
        host_page.locator(f'a[href^="{FLOW}/log/"]').last.click()
        expect(host_page.get_by_role("heading", name="Nodes passed")).to_be_visible()
    return host_page


@pytest.mark.parametrize("opened", PATHS, indirect=True)
def test_it_is_accessible_and_fits_every_window(opened: Page) -> None:
    violations: list[str] = []
    for theme in THEMES:
        wear(opened, theme)
        violations += [f"{theme}: {found}" for found in axe_violations(opened)]
    sideways: list[str] = []
    for width in WIDTHS:
        resize(opened, width)
        sideways += [f"{width}: {found}" for found in overflow(opened)]

    assert violations == []
    assert sideways == []


def test_signing_in_is_accessible_and_fits(page: Page, guard: object, shared: Scene) -> None:
    url = shared.host.environment["LOYALTY_HOST_URL"]
    guard.allow(url)  # type: ignore[attr-defined]
    page.goto(f"{url}/sign-in")
    for theme in THEMES:
        wear(page, theme)
        assert axe_violations(page) == []
    for width in WIDTHS:
        resize(page, width)
        assert overflow(page) == []
