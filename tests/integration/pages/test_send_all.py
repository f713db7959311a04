"""Send all now: looked at first, started, followed, paused, cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from host import wire
from host.accounts import Role
from host.app import Host
from host.configuration import ConnectionDraft
from host.model import FieldMapping
from host.reading.customers import read_customer
from tests.messages import MessageScene, scene_on
from tests.pages import Page, Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

PAGE = "/connections/mparticle/send-all"


@pytest.fixture
async def scene(host: Host) -> AsyncIterator[MessageScene]:
    async with scene_on(host) as opened:
        customers = [read_customer(wire.dumps({"id": f"c-{n}", "tier": "gold"})) for n in range(3)]
        await opened.host.intake.take(customers)
        fields = (FieldMapping(loyalty="tier", remote="antavo_tier"),)
        draft = ConnectionDraft(id="mparticle", fields=fields)
        await opened.host.bench.configure.save(draft, untested=True)
        yield opened


async def until(operator: Person, state: str) -> Page:
    """The page once it shows that state."""
    with anyio.fail_after(20):
        while state not in (page := await operator.get(PAGE)).words("#progress .badge"):
            await anyio.sleep(0.02)
    return page


async def test_looking_first_counts_and_starts_nothing(operator: Person) -> None:
    page = await operator.post(PAGE, {"whom": "all", "do": "look"})

    assert page.words("form .note p")[0] == "3 customers. Nothing was started."
    assert page.html.select("#progress section") == []


async def test_everybody_is_sent_and_the_result_stays(
    scene: MessageScene, operator: Person
) -> None:
    started = await operator.post(PAGE, {"whom": "all", "do": "start"})
    done = await until(operator, "done")

    assert started.toast == "Started. Live events go first."
    assert done.find("#progress-words").get_text().startswith("3 of 3")
    assert done.words("#progress dd")[0] == "3"
    assert len(await scene.ids()) == 3


async def test_some_are_sent_by_id(scene: MessageScene, operator: Person) -> None:
    await operator.post(PAGE, {"whom": "list", "customers": "c-1\r\n c-2 \r\n", "do": "start"})
    await until(operator, "done")

    assert sorted(view.customer for view in await scene.outbox.views()) == ["c-1", "c-2"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ({"whom": "since", "since": "yesterday <b>"}, "since"),
        ({"whom": "list", "customers": " "}, "customers"),
    ],
)
async def test_what_cannot_be_meant_is_said_at_its_field(
    operator: Person, typed: dict[str, str], name: str
) -> None:
    page = await operator.post(PAGE, {**typed, "only_changed": "on", "do": "start"})

    assert page.status == 422
    assert [one["name"] for one in page.html.select("[aria-invalid]")] == [name]
    assert page.form(PAGE)["whom"] == typed["whom"]
    assert page.form(PAGE)["only_changed"] == "on"
    assert page.html.select("#progress section") == []


async def test_it_waits_while_paused_and_says_why(scene: MessageScene, operator: Person) -> None:
    await scene.host.bench.configure.pause("mparticle", True)
    await operator.post(PAGE, {"whom": "all", "do": "start"})
    waiting = await until(operator, "running")
    second = await operator.post(PAGE, {"whom": "all", "do": "start"})
    paused = await operator.post(f"{PAGE}/pause")
    part = await operator.client.get(PAGE, headers={"HX-Request": "true"})
    cancelled = await operator.post(f"{PAGE}/cancel")

    assert "Waits: the connection is paused" in waiting.text
    assert waiting.words("#progress button") == []  # drawn anew, they would lose the focus
    assert waiting.find("#cancel form")["action"] == f"{PAGE}/cancel"
    assert second.status == 422
    assert "running already" in second.words(".faults li")[0]
    assert paused.words("#progress .badge") == ["paused"]
    assert "0 of 3" in part.text and "<html" not in part.text
    assert cancelled.words("#progress .badge") == ["cancelled"]
    assert await scene.ids() == []


async def test_paused_by_a_person_it_goes_on_when_told(
    scene: MessageScene, operator: Person
) -> None:
    await scene.host.bench.configure.pause("mparticle", True)
    await operator.post(PAGE, {"whom": "all", "do": "start"})
    await operator.post(f"{PAGE}/pause")
    await scene.host.bench.configure.pause("mparticle", False)
    await operator.post(f"{PAGE}/resume")

    await until(operator, "done")

    assert len(await scene.ids()) == 3


async def test_who_only_looks_finds_no_button_and_is_refused(scene: MessageScene) -> None:
    async with person(scene.host, Role.VIEWER) as viewer:
        page = await viewer.get(PAGE)
        refused = await viewer.post(PAGE, {"whom": "all", "do": "start"})

    assert page.words("main button") == []
    assert refused.status == 403
