"""The Live stream as it is drawn; how it goes on is seen by a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.accounts import Role
from tests.messages import MessageScene, message_scene
from tests.pages import Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

HOSTILE = "<script>alert(1)</script>\u202egnp\0"


async def test_nothing_yet_teaches_what_will_be_here(viewer: Person) -> None:
    page = await viewer.get("/live")

    assert page.heading == "Live stream"
    assert not page.find("#live-empty").has_attr("hidden")
    assert "Every delivery appears here as it happens" in page.text


async def test_deliveries_stand_newest_on_top(scene: MessageScene, viewer: Person) -> None:
    await scene.take("c-1")
    await scene.deliver()
    await scene.take("c-2")
    await scene.refuse()

    page = await viewer.get("/live")

    assert page.words("#live td:nth-of-type(2)") == ["c-2", "c-1"]
    assert page.words("#live .badge:not(.development)") == ["undelivered", "delivered"]
    assert "the destination refuses the content (HTTP 400)" in page.text


async def test_what_waits_for_its_first_try_crowds_nothing_out(
    scene: MessageScene, viewer: Person
) -> None:
    await scene.take("tried")
    await scene.fail()
    await scene.take(*(f"c-{number:02}" for number in range(60)))

    page = await viewer.get("/live")

    assert page.words("#live td:nth-of-type(2)") == ["tried"]


async def test_a_failed_try_tells_its_answer_and_an_event_its_external_name(
    tmp_path: Path,
) -> None:
    renamed = """
        [[connections.mparticle.events]]
        loyalty = "tier_up"
        external = "tier raised"
        type = "other"
    """
    async with message_scene(tmp_path, delivery=renamed) as scene:
        await scene.take("c-1", action="tier_up")
        await scene.fail()
        async with person(scene.host, Role.VIEWER) as viewer:
            page = await viewer.get("/live")

    assert page.words("#live td.number") == ["202 5 ms"]
    assert page.words("#live tbody th") == ["tier_up → tier raised"]


@pytest.mark.parametrize(
    ("query", "customers"),
    [
        ({"state": "delivered"}, ["c-1"]),
        ({"state": "retrying"}, ["c-2"]),
        ({"customer": "c-2"}, ["c-2"]),
        ({"customer": "c-3"}, []),
        ({"connection": "mparticle"}, ["c-2", "c-1"]),
        ({"connection": "other"}, []),
    ],
)
async def test_filters_stand_in_the_address_and_hold_for_the_stream(
    scene: MessageScene, viewer: Person, query: dict[str, str], customers: list[str]
) -> None:
    await scene.take("c-1")
    await scene.deliver()
    await scene.take("c-2")
    await scene.fail()
    await scene.take("c-3")  # not tried yet

    page = await viewer.get("/live", **query)

    assert sorted(page.words("#live td:nth-of-type(2)")) == sorted(customers)
    (name, value) = next(iter(query.items()))
    assert page.find("#live")["data-stream"] == f"/live/stream?{name}={value}"


async def test_a_state_that_is_none_is_said_to_be_none(viewer: Person) -> None:
    page = await viewer.get("/live", state="lost")

    assert (page.status, page.heading) == (400, "This cannot be read")


async def test_text_of_events_is_shown_as_text(scene: MessageScene, viewer: Person) -> None:
    await scene.take(HOSTILE)
    await scene.deliver()

    page = await viewer.get("/live")

    assert page.words("#live td bdi") == [HOSTILE.replace("\0", "␀")]
    assert not [one for one in page.html.select("script") if "alert" in one.get_text()]
