"""From an empty Modules menu to a delivered event and back from an outage, as a marketer goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NAME, PASSWORD
from tests.browser.watch import watched
from tests.harness import HostProcess, StandInServer, host_process, stand_in

REWARD = "reward-4711"


@dataclass(frozen=True, slots=True)
class Start:
    """A host on which nothing is switched on, somebody signed in there, and a destination."""

    host: HostProcess
    destination: StandInServer
    page: Page
    far: Page  # another tab, for the destination's own pages

    def claim(self, id_: str, reward: str) -> None:
        """A member claims a reward."""
        self.host.post(
            {"id": id_, "customer": "c-1", "action": "reward_claim", "data": {"reward": reward}}
        )


@pytest.fixture
def start(browser: Browser, tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "plugins.toml").write_text("[plugins.mparticle]\nenabled = false\n")
    with stand_in() as destination, host_process(tmp_path) as host:
        host.do("users", "add", NAME, "--role", "operator", "--password-stdin", stdin=PASSWORD)
        url = host.start()
        host.client.put("/api/customers/c-1", json={"first_name": "Ana"})
        with watched(browser, "journey", base_url=url) as watch:
            watch.guard.allow(destination.url)
            watch.page.goto("/sign-in")
            far = watch.context.new_page()
            watch.page.bring_to_front()  # a page in the background draws one frame a second
            yield Start(host, destination, watch.page, far)
            if faults := watch.guard.faults():
                watch.keep()
            assert not faults


def row(page: Page, number: int) -> Locator:
    """A row of a table form, counted from 0."""
    return page.locator("tbody [data-row]").nth(number)


def secret(page: Page) -> Locator:
    """The field of the secret, not the button beside it that shows what is typed."""
    return page.get_by_label("API secret").and_(page.locator("input"))


def test_the_way_click_by_click(start: Start) -> None:
    page = start.page
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    # The module is found and switched on.
    page.get_by_role("searchbox", name="Search modules").press_sequentially("mpratic")
    expect(page.get_by_role("status").filter(has_text="module")).to_contain_text("1 module for")
    page.get_by_role("button", name="Enable").click()

    # It is connected, for development.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Connect mParticle")
    page.get_by_label("API URL").fill(f"{start.destination.url}/s2s/v2")
    page.get_by_label("API key").fill("demo-key")
    secret(page).fill("demo-secret")
    page.get_by_label("Development").check()
    page.get_by_role("button", name="Connect", exact=True).click()

    # Fields are mapped.
    page.wait_for_url("**/fields")
    expect(page.locator(".badge.development")).to_have_text("Development")
    page.get_by_role("button", name="Add new field").click()
    row(page, 0).get_by_label("Loyalty field").fill("first_name")
    row(page, 0).get_by_label("Remote field").fill("$firstname")
    page.get_by_role("button", name="Add new field").click()
    row(page, 1).get_by_label("Loyalty field").fill("id")
    row(page, 1).get_by_label("Remote field").fill("antavo_customer_id")
    expect(page.get_by_text("2 unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. This concerns 1 customer")).to_be_visible()

    # An event is associated.
    page.get_by_role("link", name="External events").click()
    page.get_by_role("button", name="Add association").click()
    row(page, 0).get_by_label("Loyalty event").fill("reward_claim")
    row(page, 0).get_by_label("External event").click()
    expect(row(page, 0).get_by_label("External event")).to_have_value("reward_claim")
    row(page, 0).get_by_label("Type").select_option("transaction")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. From now on")).to_be_visible()

    # It comes in, and goes out.
    page.get_by_role("link", name="Live stream").click()
    expect(page.locator("#live-state")).to_have_text("live")
    start.claim("claim-1", REWARD)
    delivered = page.locator("#live tbody tr").filter(has_text="reward_claim")
    expect(delivered).to_contain_text("delivered")
    expect(delivered).to_contain_text("development")
    start.far.goto(start.destination.url)
    expect(start.far.get_by_text(REWARD).first).to_be_visible()

    # The destination is unwell: the message stands in the queue, and goes when it is well.
    start.destination.misbehave(status=503)
    start.claim("claim-2", "reward-4712")
    page.get_by_role("link", name="Resend queue").click()
    failed = page.locator("#found tbody tr").filter(has_text="reward_claim")
    expect(failed).to_contain_text("1 of 5", timeout=15_000)
    expect(failed).to_contain_text("503")
    start.destination.misbehave()
    failed.get_by_role("button", name="Resend now").click()
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible(timeout=15_000)
    page.get_by_role("link", name="Live stream").click()
    rows = page.locator("#live tbody tr").filter(has_text="reward_claim")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("delivered")
    start.far.reload()
    expect(start.far.get_by_text("reward-4712").first).to_be_visible()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never comes to {wanted}")


def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    """Go there by Tab and press a key."""
    tab_to(page, wanted)
    page.keyboard.press(key)


def type_into(page: Page, wanted: Locator, text: str) -> None:
    """Go there by Tab and type over what is there."""
    tab_to(page, wanted)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def test_the_way_by_keyboard_alone(start: Start) -> None:
    page = start.page
    type_into(page, page.get_by_label("Name"), NAME)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url("**/modules")
    page.keyboard.press("/")
    page.keyboard.type("mparticle")
    expect(page.get_by_role("status").filter(has_text="module")).to_contain_text("1 module for")
    press(page, page.get_by_role("button", name="Enable"))

    page.wait_for_url("**/connect")
    type_into(page, page.get_by_label("API URL"), f"{start.destination.url}/s2s/v2")
    type_into(page, page.get_by_label("API key"), "demo-key")
    type_into(page, secret(page), "demo-secret")
    press(page, page.get_by_label("Development"), "Space")
    press(page, page.get_by_role("button", name="Connect", exact=True))

    page.wait_for_url("**/fields")
    press(page, page.get_by_role("button", name="Add new field"))
    expect(row(page, 0).get_by_label("Loyalty field")).to_be_focused()
    page.keyboard.type("first_name")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("$firstname")
    press(page, page.get_by_role("button", name="Add new field"))
    expect(row(page, 1).get_by_label("Loyalty field")).to_be_focused()
    page.keyboard.type("id")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("antavo_customer_id")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved. This concerns 1 customer")).to_be_visible()

    press(page, page.get_by_role("link", name="External events"))
    page.wait_for_url("**/events")
    press(page, page.get_by_role("button", name="Add association"))
    expect(row(page, 0).get_by_label("Loyalty event")).to_be_focused()
    page.keyboard.type("reward_claim")
    page.keyboard.press("Tab")
    expect(row(page, 0).get_by_label("External event")).to_have_value("reward_claim")
    page.keyboard.press("Tab")
    page.keyboard.type("Transaction")
    expect(row(page, 0).get_by_label("Type")).to_have_value("transaction")
    press(page, page.get_by_role("button", name="Save"))
    expect(page.get_by_text("Saved. From now on")).to_be_visible()

    press(page, page.get_by_role("link", name="Live stream"))
    expect(page.locator("#live-state")).to_have_text("live")
    start.claim("claim-1", REWARD)
    delivered = page.locator("#live tbody tr").filter(has_text="reward_claim")
    expect(delivered).to_contain_text("delivered")
    start.far.goto(start.destination.url)
    expect(start.far.get_by_text(REWARD).first).to_be_visible()
    page.bring_to_front()

    start.destination.misbehave(status=503)
    start.claim("claim-2", "reward-4712")
    press(page, page.get_by_role("link", name="Resend queue"))
    failed = page.locator("#found tbody tr").filter(has_text="reward_claim")
    expect(failed).to_contain_text("1 of 5", timeout=15_000)
    start.destination.misbehave()
    press(page, failed.get_by_role("button", name="Resend now"))
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible(timeout=15_000)
    press(page, page.get_by_role("link", name="Live stream"))
    rows = page.locator("#live tbody tr").filter(has_text="reward_claim")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("delivered")
