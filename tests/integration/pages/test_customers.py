"""Customers: found, shown with all that happened to them, erased."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest

from host import wire
from host.accounts import Role
from host.app import Host
from host.reading.customers import read_customer
from host.store.customers import find_customers
from host.store.engine import Transaction
from host.store.events import NewEvent, add_events
from host.store.keys import first_key_at
from tests.messages import MessageScene, scene_on
from tests.pages import Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

HOSTILE = "../<script>alert(1)</script> \u202e?&#\0/."


@pytest.fixture
async def scene(host: Host) -> AsyncIterator[MessageScene]:
    async with scene_on(host, events=("point_add", "opt_out")) as opened:
        yield opened


async def describe(scene: MessageScene, id_: str, **fields: object) -> None:
    await scene.host.intake.take([read_customer(wire.dumps({"id": id_, **fields}))])


def _add_old_event(tx: Transaction, *, customer: str, days: int) -> None:
    key = find_customers(tx, [customer])[customer].key
    event = first_key_at(tx.now - days * 86_400_000)
    add_events(tx, [NewEvent(event, 1, "e-old", b"", key, "point_add", b"{}")])


def listed(page: object) -> list[str]:
    return page.words("tbody th")  # type: ignore[attr-defined,no-any-return]


async def test_nobody_yet_teaches_where_customers_come_from(admin: Person) -> None:
    page = await admin.get("/customers")

    assert page.heading == "Customers"
    assert "Customers appear here with their first event or profile" in page.text


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["c-3", "c-2", "c-1"]),
        ("c-", ["c-1", "c-2", "c-3"]),
        ("c-2", ["c-2"]),
        ("ANN@example.com", ["c-1"]),
        ("éva@example.com", ["c-3"]),
        ("X-9", ["c-2"]),
        ("nobody", []),
    ],
)
async def test_customers_are_found_by_id_email_and_external_id(
    scene: MessageScene, admin: Person, typed: str, found: list[str]
) -> None:
    await describe(scene, "c-1", email="Ann@example.com", first_name="Ann")
    await describe(scene, "c-2", external_ids={"pos": "X-9"})
    await describe(scene, "c-3", email="éva@Example.com")

    page = await admin.get("/customers", q=typed)

    assert listed(page) == found


async def test_a_page_holds_fifty_and_the_older_ones_follow(
    scene: MessageScene, admin: Person
) -> None:
    for number in range(52):
        await describe(scene, f"c-{number:02}")

    first = await admin.get("/customers")
    older = await admin.get(str(first.find("p.actions a")["href"]))

    assert (len(listed(first)), listed(older)) == (50, ["c-01", "c-00"])


async def test_one_time_line_of_events_messages_and_attempts(
    scene: MessageScene, admin: Person
) -> None:
    await describe(scene, "c-1", first_name="Ann", tiers={"main": {"name": "gold"}})
    await scene.take("c-1")
    await scene.fail()
    await scene.take("c-1", action="tier_up")

    page = await admin.get("/customer", id="c-1")

    assert page.heading == "c-1"
    assert page.words("dd")[0] == "Ann"
    rows = [" ".join(words.split()) for words in page.words("tbody tr")]
    assert "Event: Tier up tier_up no message: no connection has it associated" in rows[0]
    assert any("Message: Point add to mparticle" in row and "HTTP 503" in row for row in rows)
    assert any("Failed" in row for row in rows)
    assert any("Event: Point add point_add 1 message made" in row for row in rows)


@pytest.mark.parametrize(
    ("show", "kinds"),
    [("", {"Event", "Message"}), ("events", {"Event"}), ("messages", {"Message"})],
)
async def test_the_time_line_shows_one_kind(
    scene: MessageScene, admin: Person, show: str, kinds: set[str]
) -> None:
    await scene.take("c-1", "c-1")

    page = await admin.get("/customer", id="c-1", show=show)

    assert {words.split(":")[0] for words in page.words("tbody th")} == kinds


async def test_a_long_life_goes_on_over_pages_without_gap_or_double(
    scene: MessageScene, admin: Person
) -> None:
    for _ in range(30):
        await scene.take("c-1", "c-1")  # 60 events and as many messages

    seen: list[str] = []
    page = await admin.get("/customer", id="c-1")
    while True:
        seen += page.words("tbody th")
        older = [a for a in page.html.select("p.actions a") if a.get_text() == "Older"]
        if not older:
            break
        page = await admin.get(str(older[0]["href"]).removesuffix("#line"))

    assert sum(words.startswith("Event") for words in seen) == 60
    assert sum(words.startswith("Message") for words in seen) == 60


async def test_a_module_shows_the_profile_it_got_last(scene: MessageScene, admin: Person) -> None:
    await describe(scene, "c-1", email="ann@example.com")
    await scene.take("c-1")
    await scene.deliver()

    before = await admin.get("/customer", id="c-1")
    await describe(scene, "c-1", email="new@example.com")
    after = await admin.get("/customer", id="c-1")

    assert '"email": "ann@example.com"' in before.find("[aria-label^='Profile at']").get_text()
    assert "has changed since" not in before.text
    assert "has changed since" in after.text


async def test_opting_out_is_said_and_what_waited_tells_why_it_was_not_sent(
    scene: MessageScene, admin: Person
) -> None:
    await describe(scene, "c-1", email="ann@example.com")
    await scene.take("c-1")
    await scene.take("c-1", action="opt_out")

    page = await admin.get("/customer", id="c-1")

    assert "Opted out" in page.words(".note")[0]
    assert any("withheld" in words and "opted out" in words for words in page.words("tbody td"))
    assert "ann@example.com" not in page.text


async def test_who_was_merged_is_said_to_get_nothing(scene: MessageScene, admin: Person) -> None:
    await describe(scene, "c-1", status="merged")

    page = await admin.get("/customer", id="c-1")

    assert "Merged into another customer" in page.words(".note")[0]
    assert page.html.select("a[href*='send-all?']") == []


async def test_messages_are_filtered_by_state(scene: MessageScene, admin: Person) -> None:
    await scene.take("c-1")
    await scene.deliver()
    await scene.take("c-1")
    await scene.fail()

    page = await admin.get("/customer", id="c-1", show="messages", state="retrying")
    wrong = await admin.get("/customer", id="c-1", show="messages", state="lost")

    assert page.words("tbody .badge") == ["retrying"]
    assert page.words("option[selected]")[-1] == "retrying"
    assert wrong.status == 400


async def test_what_waits_is_linked_and_the_profile_can_be_sent_again(
    scene: MessageScene, admin: Person
) -> None:
    await describe(scene, "c/1 x", email="ann@example.com")
    await scene.take("c/1 x")

    page = await admin.get("/customer", id="c/1 x")
    waiting = page.find("a[href^='/connections/mparticle/queue?']")
    queue = await admin.get(str(waiting["href"]))
    send = await admin.get(str(page.find("a[href*='/send-all?']")["href"]))

    assert waiting.get_text() in ("1 message", "2 messages")
    assert all("c/1 x" in words for words in queue.words("table.messages tbody tr"))
    assert send.find("#whom-list").has_attr("checked")
    assert send.find("#customers").get_text() == "c/1 x"


async def test_an_event_of_long_ago_does_not_blame_the_configuration(
    scene: MessageScene, admin: Person
) -> None:
    await scene.take("c-1")
    await scene.host.bench.store.write(partial(_add_old_event, customer="c-1", days=100))

    page = await admin.get("/customer", id="c-1", show="events")

    assert page.words("tbody td:nth-of-type(2)") == [
        "1 message made",
        "messages are kept for 90 days",
    ]


async def test_ids_may_hold_anything(scene: MessageScene, admin: Person) -> None:
    await scene.take(HOSTILE)

    page = await admin.get("/customers")
    link = str(page.find("tbody th a")["href"])
    one = await admin.get(link)

    assert (one.status, one.heading) == (200, HOSTILE.replace("\0", "␀"))
    assert not [s for s in one.html.select("script") if "alert" in s.get_text()]


async def test_somebody_unknown_is_said_to_be_unknown(admin: Person) -> None:
    page = await admin.get("/customer", id="c-9")

    assert (page.status, page.heading) == (404, "There is nothing here")


async def test_erasing_asks_for_the_id_and_leaves_nothing(
    scene: MessageScene, admin: Person
) -> None:
    await describe(scene, "c-1", email="ann@example.com")

    mistyped = await admin.post("/customer/erase", {"id": "c-1", "typed": "c-2"})
    kept = await admin.get("/customers", q="ann@example.com")
    erased = await admin.post("/customer/erase", {"id": "c-1", "typed": "c-1"})
    gone = await admin.get("/customers", q="ann@example.com")

    assert "Nothing was erased" in mistyped.toast
    assert listed(kept) == ["c-1"]
    assert erased.toast.startswith("c-1 is erased here")
    assert listed(gone) == []


async def test_only_an_admin_erases(scene: MessageScene) -> None:
    await describe(scene, "c-1")
    async with person(scene.host, Role.OPERATOR) as operator:
        page = await operator.get("/customer", id="c-1")
        refused = await operator.post("/customer/erase", {"id": "c-1", "typed": "c-1"})

    assert page.html.select("#erase") == []
    assert refused.status == 403
