"""External events: associations typed, refused, saved, tried; events that nobody associated."""

from __future__ import annotations

import pytest

from host.accounts import Role
from host.configuration import ConnectionDraft
from host.model import EventMapping
from tests.messages import MessageScene
from tests.pages import Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

PAGE = "/connections/mparticle/events"
HOSTILE = "<script>alert(1)</script>\u202egnp"


async def saved(scene: MessageScene) -> tuple[EventMapping, ...]:
    return (await scene.host.bench.configure.routing()).find("mparticle").config.events


ROW = {
    "events[1].loyalty": "reward_claim",
    "events[1].external": "reward_claim",
    "events[1].type": "transaction",
    "events[1].enabled": "on",
}


async def test_an_association_is_added_and_saved(scene: MessageScene, operator: Person) -> None:
    added = await operator.post(PAGE, (await operator.get(PAGE)).form(PAGE) | {"do": "add"})
    typed = added.form(PAGE) | ROW | {"events[1].attributes": "reward = antavo_reward\nprice"}

    done = await operator.post(PAGE, typed | {"do": "save"})

    assert added.find("[id='events[1].enabled']").has_attr("checked")
    assert (done.path, done.toast) == (PAGE, "Saved. From now on these events are sent.")
    assert (await saved(scene))[1] == EventMapping(
        loyalty="reward_claim",
        external="reward_claim",
        type="transaction",
        attributes={"reward": "antavo_reward", "price": "price"},
    )
    shown = (await operator.get(PAGE)).find("[id='events[1].attributes']").get_text()
    assert shown == "reward = antavo_reward\nprice"


async def test_an_association_is_switched_off(scene: MessageScene, operator: Person) -> None:
    typed = (await operator.get(PAGE)).form(PAGE)
    del typed["events[0].enabled"]

    await operator.post(PAGE, typed | {"do": "save"})

    assert [row.enabled for row in await saved(scene)] == [False]


async def test_faults_stand_at_their_rows_and_everything_typed_stays(
    scene: MessageScene, operator: Person
) -> None:
    before = await saved(scene)
    typed = (await operator.get(PAGE)).form(PAGE) | {
        "events[1].loyalty": HOSTILE,
        "events[1].external": "",
        "events[1].type": "nonsense",
        "events[1].attributes": "a = same\nb = same",
        "do": "save",
    }

    page = await operator.post(PAGE, typed)

    assert page.status == 422
    assert [one["name"] for one in page.html.select("[aria-invalid]")] == [
        "events[1].external",
        "events[1].type",
        "events[1].attributes",
    ]
    assert page.find("[id='events[1].loyalty']")["value"] == HOSTILE
    assert page.find("[id='events[1].attributes']").get_text() == "a = same\nb = same"
    assert await saved(scene) == before

    mended = page.form(PAGE) | ROW | {"events[1].attributes": ""}
    assert (await operator.post(PAGE, mended | {"do": "save"})).status == 200
    assert len(await saved(scene)) == 2


async def test_the_later_of_two_is_told_and_keeps_what_was_typed(
    scene: MessageScene, operator: Person
) -> None:
    mine = (await operator.get(PAGE)).form(PAGE) | ROW
    await scene.host.bench.configure.save(ConnectionDraft(id="mparticle", events=()), untested=True)

    page = await operator.post(PAGE, mine | {"do": "save"})

    assert page.status == 409
    assert "Somebody else saved this connection" in page.text
    assert page.form(PAGE)["events[1].loyalty"] == "reward_claim"
    assert await saved(scene) == ()


async def test_events_that_nobody_associated_are_listed_and_taken_up(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("c-1", "c-2", action=HOSTILE)
    page = await operator.get(PAGE)

    taken = await operator.post(PAGE, page.form(PAGE) | {"do": f"associate {HOSTILE}"})

    assert page.words("section[aria-labelledby=others] td.number") == ["2"]
    assert not [one for one in page.html.select("script") if "alert" in one.get_text()]
    assert taken.find("[id='events[1].loyalty']")["value"] == HOSTILE
    assert taken.html.select("section[aria-labelledby=others]") == []


async def test_a_sample_shows_the_request_and_sends_nothing(
    scene: MessageScene, operator: Person
) -> None:
    typed = (await operator.get(PAGE)).form(PAGE) | ROW

    invented = await operator.post(PAGE, typed | {"do": "try 1"})
    await scene.take("c-1")
    newest = await operator.post(PAGE, typed | {"do": "try 0"})

    assert "an invented event" in invented.text
    assert "/v2/bulkevents" in invented.find("#tried p.mono").get_text()
    assert '"event_name": "reward_claim"' in invented.html.select("#tried pre")[0].get_text()
    assert "the newest such event that came, of c-1" in newest.text
    assert '"antavo_points": 10' in newest.html.select("#tried pre")[0].get_text()
    assert "demo-secret" not in newest.response.text
    assert len(await saved(scene)) == 1
    assert [view.attempts for view in await scene.outbox.views()] == [0]


async def test_no_value_at_all_is_not_all_values(scene: MessageScene, operator: Person) -> None:
    none = EventMapping(loyalty="tier_up", external="tier_up", type="other", attributes={})
    draft = ConnectionDraft(id="mparticle", events=(none,))
    await scene.host.bench.configure.save(draft, untested=True)

    await operator.post(PAGE, (await operator.get(PAGE)).form(PAGE) | {"do": "save"})

    assert await saved(scene) == (none,)


async def test_what_would_be_withheld_is_not_shown_as_a_request(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("c-1")
    await scene.take("c-1", action="opt_out")
    typed = (await operator.get(PAGE)).form(PAGE)

    page = await operator.post(PAGE, typed | {"do": "try 0"})

    assert "the customer has opted out: such an event is withheld" in page.text
    assert page.html.select("#tried p.mono") == []


async def test_names_are_counted_against_what_the_destination_keeps(operator: Person) -> None:
    assert "1 of 1,000 names that mParticle keeps" in (await operator.get(PAGE)).text


async def test_who_only_looks_finds_no_button_and_is_refused(scene: MessageScene) -> None:
    await scene.take("c-1", action="tier_up")
    async with person(scene.host, Role.VIEWER) as viewer:
        page = await viewer.get(PAGE)
        refused = await viewer.post(PAGE, {"do": "save", "version": "1"})

    assert page.words("main button:not(.unseen)") == []
    assert refused.status == 403
    assert len(await saved(scene)) == 1
