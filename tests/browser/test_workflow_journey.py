"""A workflow from an empty list to a delivered message and its log, as a marketer goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NAME, PASSWORD
from tests.browser.test_journey import press, tab_to, type_into
from tests.browser.watch import watched
from tests.harness import HostProcess, StandInServer, configuration, host_process, stand_in

POINTS = "{{ event.data.points }}"
BALANCE = "{{ event.data.balance }}"


@dataclass(frozen=True, slots=True)
class Start:
    """A host that is connected for development and associates nothing, and somebody there."""

    host: HostProcess
    destination: StandInServer
    page: Page
    far: Page  # another tab, for the destination's own pages

    @property
    def panel(self) -> Locator:
        """What belongs to the node that is selected."""
        return self.page.locator(".flow-panel")

    def item(self, title: str) -> Locator:
        """An entry of the list of nodes."""
        return self.page.locator(".flow-list").get_by_role("button", name=title, exact=True)

    def card(self, title: str) -> Locator:
        """A node on the board."""
        return self.page.locator(".flow-board").get_by_role("button", name=title)

    def row(self, number: int) -> Locator:
        """A row of the payload, counted from 1."""
        return self.panel.get_by_role("group", name=f"Row {number}", exact=True)

    def earn(self) -> None:
        """A member earns points."""
        told = {"points": 120, "balance": 4240}
        self.host.post({"id": "e-1", "customer": "c-1", "action": "point_add", "data": told})

    def must_have_sent_it(self) -> None:
        """One message arrived, with exactly what was configured, in development."""
        self.host.settle()
        (arrival,) = [one for one in self.destination.arrivals if one["event"] == "point_add"]
        assert arrival["environment"] == "development"
        (event,) = arrival["batch"]["events"]
        assert event["data"]["custom_event_type"] == "transaction"
        assert event["data"]["custom_attributes"] == {"points": 120, "balance": 4240}
        self.far.goto(self.destination.url)
        line = self.far.get_by_role("article").filter(has_text="point_add")
        expect(line).to_have_count(1)
        expect(line).to_contain_text("4240")


@pytest.fixture
def start(browser: Browser, tmp_path: Path) -> Iterator[Start]:
    with stand_in() as destination, host_process(tmp_path) as host:
        host.configure(configuration(destination.url, events=()))
        host.do("users", "add", NAME, "--role", "operator", "--password-stdin", stdin=PASSWORD)
        url = host.start()
        host.client.put("/api/customers/c-1", json={"first_name": "Ana"})
        with watched(browser, "workflow-journey", base_url=url) as watch:
            watch.guard.allow(destination.url)
            watch.page.goto("/sign-in")
            watch.page.get_by_label("Name").fill(NAME)
            watch.page.get_by_label("Password").fill(PASSWORD)
            watch.page.keyboard.press("Enter")
            watch.page.wait_for_url("**/modules")
            far = watch.context.new_page()
            watch.page.bring_to_front()  # a page in the background draws one frame a second
            yield Start(host, destination, watch.page, far)
            if faults := watch.guard.faults():
                watch.keep()
            assert not faults


def test_the_way_click_by_click(start: Start) -> None:
    page = start.page
    page.get_by_role("link", name="Workflows").click()
    page.get_by_role("link", name="Create new general workflow").click()
    page.get_by_label("Name").fill("Points e-mail")
    page.get_by_role("button", name="Create").click()

    # The trigger.
    start.item("Event").click()
    start.card("Event").click()
    start.panel.get_by_label("Event type").fill("point_add")
    start.panel.get_by_role("button", name="Update").click()

    # What it sends.
    start.item("Trigger marketing communication").click()
    start.card("Trigger marketing communication").click()
    start.panel.get_by_label("Connection").select_option("mParticle")
    start.panel.get_by_label("External event", exact=False).first.fill("point_add")
    start.panel.get_by_label("External event type").select_option("Transaction")
    for number, (key, value) in enumerate((("points", POINTS), ("balance", BALANCE)), 1):
        start.panel.get_by_role("button", name="Add row").click()
        start.row(number).get_by_label("Key").fill(key)
        start.row(number).get_by_label("Value").locator("visible=true").fill(value)
    start.panel.get_by_role("button", name="Update").click()
    page.get_by_role("button", name="Save and activate").click()
    expect(page.get_by_text("Active: events start version 2")).to_be_visible()
    expect(page.locator(".heading .badge.active")).to_have_text("active")

    # What was changed is counted; who discards it is asked nothing, and loses only that.
    asked: list[str] = []
    page.once("dialog", lambda dialog: asked.append(dialog.message))
    page.get_by_label("Name", exact=True).fill("Another name")
    start.card("Event").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-changes]")).to_have_text("2 unsaved changes")
    with page.expect_navigation():
        page.get_by_role("link", name="Discard").click()
    expect(page.locator("flow-canvas.drawn")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Points e-mail")
    start.card("Event").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+z")
    expect(page.locator("[data-changes]")).to_be_empty()

    # A sample tells what would happen, and sends nothing.
    page.get_by_role("link", name="Run with a sample").click()
    page.get_by_role("button", name="Run with this sample").click()
    expect(page.get_by_role("heading", name="What it would do")).to_be_visible()
    assert start.destination.arrivals == []
    assert asked == []

    # A member earns points: one message goes out.
    start.earn()
    start.must_have_sent_it()

    # The customer's page tells why, and the log leads to the route.
    page.get_by_role("link", name="Customers").click()
    page.get_by_role("link", name="c-1").click()
    told = page.locator("tbody tr").filter(has_text="Workflow: Points e-mail")
    expect(told).to_contain_text("success")
    told.get_by_role("link", name="Points e-mail").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Points e-mail")
    expect(page.locator("flow-canvas.drawn")).to_be_visible()
    page.get_by_role("link", name="Log").first.click()
    line = page.locator("tbody tr")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("success")
    expect(line.get_by_role("link", name="c-1", exact=True)).to_be_visible()


def test_the_way_by_keyboard_alone(start: Start) -> None:
    page = start.page
    press(page, page.get_by_role("link", name="Workflows"))
    page.wait_for_url("**/workflows")
    press(page, page.get_by_role("link", name="Create new general workflow"))
    page.wait_for_url("**/workflows/new")
    type_into(page, page.get_by_label("Name"), "Points e-mail")
    page.keyboard.press("Enter")
    expect(page.locator("flow-canvas.drawn")).to_be_visible()

    press(page, start.item("Event"))
    expect(start.panel.get_by_label("Event type")).to_be_focused()
    page.keyboard.type("point_add")
    page.keyboard.press("Enter")

    press(page, start.item("Trigger marketing communication"))
    expect(start.panel.get_by_label("Connection")).to_be_focused()
    page.keyboard.type("mParticle")
    page.keyboard.press("Tab")
    page.keyboard.type("point_add")
    tab_to(page, start.panel.get_by_label("External event type"))
    page.keyboard.type("Transaction")
    for number, (key, value) in enumerate((("points", POINTS), ("balance", BALANCE)), 1):
        press(page, start.panel.get_by_role("button", name="Add row"))
        expect(start.row(number).get_by_label("Key")).to_be_focused()
        page.keyboard.type(key)
        tab_to(page, start.row(number).get_by_label("Value").locator("visible=true"))
        page.keyboard.type(value)
    press(page, start.panel.get_by_role("button", name="Update"))
    press(page, page.get_by_role("button", name="Save and activate"))
    expect(page.get_by_text("Active: events start version 2")).to_be_visible()

    start.earn()
    start.must_have_sent_it()

    press(page, page.get_by_role("link", name="Customers"))
    page.wait_for_url("**/customers")
    press(page, page.get_by_role("link", name="c-1"))
    page.wait_for_url("**/customer?id=c-1")
    told = page.locator("tbody tr").filter(has_text="Workflow: Points e-mail")
    expect(told).to_contain_text("success")
    press(page, told.get_by_role("link", name="Points e-mail"))
    expect(page.locator("flow-canvas.drawn")).to_be_visible()
