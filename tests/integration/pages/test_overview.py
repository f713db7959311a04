"""Overview of a connection: its state, what it brought, what holds it back, what is left to do."""

from __future__ import annotations

import pytest

from host import wire
from host.accounts import Role
from host.configuration import ConnectionDraft
from host.model import MessageState, Reason
from host.retry import Gate
from host.store.connections import stop_connection
from host.store.lanes import write_gate
from tests.messages import REFUSED, UNWELL, MessageScene
from tests.pages import Page, Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

PAGE = "/connections/mparticle"
HOSTILE = "<script>alert(1)</script>\u202egnp\0"
MINUTE = 60_000


def figures(page: Page) -> dict[str, str]:
    """The figures by their words."""
    pairs = page.html.select("#now .figures > div")
    return {
        one.select_one("dt").get_text().strip(): one.select_one("dd").get_text()  # type: ignore[union-attr]
        for one in pairs
    }


async def hold_back(scene: MessageScene, **how: int | bool) -> None:
    key = scene.outbox.connection
    await scene.host.bench.store.write(lambda tx: write_gate(tx, key, Gate(**how)))  # type: ignore[arg-type]


def soon(scene: MessageScene) -> int:
    """In half an hour, ms since 1970."""
    return int(scene.outbox.clock.now * 1000) + 30 * MINUTE


async def test_a_connection_that_never_delivered_shows_what_is_left_to_do(
    scene: MessageScene, operator: Person
) -> None:
    await scene.host.bench.configure.save(
        ConnectionDraft(id="mparticle", fields=(), events=()), untested=True
    )

    page = await operator.get(PAGE)

    assert page.heading == "mParticle Overview"
    assert [words.partition(" do ")[0] for words in page.words(".steps li > div")] == [
        "Connect done Address and credentials of mParticle.",
        "Map fields to",
        "Associate events to",
        "See the first delivery to",
    ]
    assert "Nothing was delivered and nothing was given up" in page.text
    assert "Last success none yet" in page.text


async def test_figures_come_from_the_books_and_link_to_the_queue(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("c-1", "c-2", "c-3", "c-4")
    batch = await scene.outbox.claim(3)
    await scene.outbox.settle(batch)
    await scene.take("c-5")
    await scene.outbox.settle(await scene.outbox.claim(1), MessageState.UNDELIVERED, reason=REFUSED)

    page = await operator.get(PAGE)

    assert figures(page) == {
        "waiting": "1",
        "retrying": "0",
        "undelivered": "1",
        "being sent": "0",
        "delivered in 24 h": "3",
    }
    links = [link["href"] for link in page.html.select("#now .figures a")]
    assert links == [
        f"{PAGE}/queue?state=waiting",
        f"{PAGE}/queue?state=retrying",
        f"{PAGE}/undelivered",
    ]
    for link in links:
        assert (await operator.get(str(link))).status == 200
    chart = wire.loads(str(page.find("[data-chart]")["data-chart"]).encode())
    assert len(chart["at"]) == 24
    assert chart["delivered"][-1] == 3
    assert chart["undelivered"][-1] == 1
    assert page.words(".scroll tbody tr")[0].endswith("3 1")


async def test_the_last_failure_is_told_with_its_message(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("c-1")
    reason = Reason(code="destination_error", text=f"the far side said {HOSTILE}")
    await scene.outbox.settle(
        await scene.outbox.claim(), MessageState.RETRYING, wait=60, reason=reason
    )

    page = await operator.get(PAGE)

    assert "the far side said <script>" in page.text
    assert "<script>alert" not in page.response.text
    assert "\0" not in page.response.text
    assert any("the far side said" in words for words in page.words("#now dd bdi"))
    link = page.find("#now dd a[href^='/messages/']")
    assert (await operator.get(str(link["href"]))).status == 200


async def test_what_holds_it_back_is_told(scene: MessageScene, operator: Person) -> None:
    until = soon(scene)
    await hold_back(scene, not_before=until)
    slowed = await operator.get(PAGE)
    await hold_back(scene, not_before=until, open=True)
    opened = await operator.get(PAGE)
    await hold_back(scene)
    free = await operator.get(PAGE)

    assert "asked to slow down" in slowed.text
    assert "Until " in slowed.find("#now .note").get_text()
    assert "One message at a time is tried" in opened.text
    assert "Next at " in opened.find("#now .note").get_text()
    assert free.html.select("#now .note") == []


async def test_pause_and_resume(scene: MessageScene, operator: Person) -> None:
    paused = await operator.post(f"{PAGE}/pause")
    resumed = await operator.post(f"{PAGE}/resume")

    assert paused.path == PAGE
    assert paused.toast == "mParticle is paused. Messages wait; none is lost."
    assert paused.words("#now .heading .badge") == ["paused"]
    assert paused.words("#now .heading button") == ["Resume"]
    assert resumed.words("#now .heading .badge") == ["connected"]
    assert resumed.words("#now .heading button") == ["Pause"]


async def test_what_needs_attention_links_to_where_it_is_mended(
    scene: MessageScene, operator: Person
) -> None:
    reason = Reason(code="credentials", text="the key is refused")
    key = scene.outbox.connection
    await scene.host.bench.store.write(lambda tx: stop_connection(tx, key, reason))

    page = await operator.get(PAGE)

    assert page.words("#now .heading .badge") == ["needs attention"]
    assert "the key is refused" in page.find("#now .note").get_text()
    assert page.find("#now .note a")["href"] == f"{PAGE}/connect"


async def test_delivered_is_explained_in_the_environment_of_now(operator: Person) -> None:
    page = await operator.get(PAGE)

    assert "Delivered means: accepted by mParticle" in page.text
    assert "What is made now goes as development data." in page.text
    assert "Live Stream shows development data only" in page.text


async def test_a_script_gets_what_is_just_now_alone(scene: MessageScene, operator: Person) -> None:
    answer = await operator.client.get(PAGE, headers={"HX-Request": "true"})
    part = Page(answer)

    assert part.html.select("h1, .chart, nav") == []
    assert part.words("h2") == ["Now"]


async def test_a_viewer_looks_and_does_not_pause(scene: MessageScene) -> None:
    async with person(scene.host, Role.VIEWER) as viewer:
        page = await viewer.get(PAGE)
        refused = await viewer.post(f"{PAGE}/pause")

    assert page.status == 200
    assert page.html.select("#now button") == []
    assert refused.status == 403


async def test_an_unknown_connection_is_not_found(operator: Person) -> None:
    assert (await operator.get("/connections/nobody")).status == 404


async def test_the_last_failure_of_a_message_that_arrived_since(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("c-1")
    await scene.outbox.settle(
        await scene.outbox.claim(), MessageState.RETRYING, wait=0, reason=UNWELL
    )
    await scene.outbox.settle(await scene.outbox.claim())

    page = await operator.get(PAGE)

    assert UNWELL.text in page.text
    assert "delivered" in page.words("#now dl dd .badge")
