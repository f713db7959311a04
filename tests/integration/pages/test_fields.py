"""Sync Fields: rows typed, added, refused, saved, and tried on a customer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from host.accounts import Role
from host.app import Host
from host.configuration import ConnectionDraft
from host.model import FieldMapping
from host.store.customers import StoredCustomer, save_customers
from host.store.engine import Transaction
from tests.messages import MessageScene, scene_on
from tests.pages import Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

PAGE = "/connections/mparticle/fields"
HOSTILE = "<script>alert(1)</script>\u202egnp"


@pytest.fixture
async def scene(host: Host) -> AsyncIterator[MessageScene]:
    async with scene_on(host) as opened:
        await configure(opened, ("first_name", "$firstname"))
        yield opened


async def configure(scene: MessageScene, *rows: tuple[str, str]) -> None:
    fields = tuple(FieldMapping(loyalty=ours, remote=theirs) for ours, theirs in rows)
    draft = ConnectionDraft(id="mparticle", fields=fields)
    await scene.host.bench.configure.save(draft, untested=True)


async def saved(scene: MessageScene) -> list[tuple[str, str, str]]:
    route = (await scene.host.bench.configure.routing()).find("mparticle")
    return [(row.loyalty, row.remote, row.when_empty) for row in route.config.fields]


async def know(scene: MessageScene, id_: str, **fields: str) -> None:
    def write(tx: Transaction) -> None:
        customer = StoredCustomer(key=tx.keys(1), id=id_, is_new=True)
        customer.describe(fields)
        save_customers(tx, [customer])

    await scene.host.bench.store.write(write)


async def test_rows_are_added_and_saved(scene: MessageScene, operator: Person) -> None:
    page = await operator.get(PAGE)
    added = await operator.post(PAGE, page.form(PAGE) | {"do": "add"})
    filled = added.form(PAGE) | {
        "fields[1].loyalty": "id",
        "fields[1].remote": "antavo_customer_id",
        "fields[1].when_empty": "delete",
        "do": "save",
    }
    done = await operator.post(PAGE, filled)

    assert (added.status, len(added.html.select("tbody [data-row]"))) == (200, 2)
    assert done.path == PAGE
    assert done.toast.startswith("Saved. This concerns ")
    assert await saved(scene) == [
        ("first_name", "$firstname", "keep"),
        ("id", "antavo_customer_id", "delete"),
    ]


async def test_nothing_is_saved_by_adding_or_removing(
    scene: MessageScene, operator: Person
) -> None:
    page = await operator.get(PAGE)

    removed = await operator.post(PAGE, page.form(PAGE) | {"do": "remove 0"})

    assert removed.html.select("tbody [data-row]") == []
    assert removed.words("[data-changes]") == ["1 unsaved change"]
    assert await saved(scene) == [("first_name", "$firstname", "keep")]


async def test_the_row_that_was_meant_goes_though_one_before_it_is_blank(
    operator: Person,
) -> None:
    typed = {
        "fields[0].loyalty": "tier",
        "fields[1].loyalty": "",
        "fields[2].loyalty": "score",
        "fields[3].loyalty": "gender",
    }

    page = await operator.post(PAGE, typed | {"do": "remove 2"})

    left = [str(one["value"]) for one in page.html.select("tbody [list=loyalty-fields]")]
    assert left == ["tier", "gender"]


async def test_the_usual_ones_are_filled_where_nothing_is_taken(
    scene: MessageScene, operator: Person
) -> None:
    page = await operator.get(PAGE)

    filled = (await operator.post(PAGE, page.form(PAGE) | {"do": "usual"})).form(PAGE)

    remotes = [value for name, value in filled.items() if name.endswith(".remote")]
    assert remotes.count("$firstname") == 1
    assert "$lastname" in remotes
    assert len(await saved(scene)) == 1


async def test_faults_stand_at_their_rows_and_everything_typed_stays(
    scene: MessageScene, operator: Person
) -> None:
    typed = {
        "version": (await operator.get(PAGE)).form(PAGE)["version"],
        "fields[0].loyalty": "first_name",
        "fields[0].remote": "$firstnam",
        "fields[3].loyalty": HOSTILE,
        "fields[3].remote": "antavo_x",
        "fields[7].loyalty": "score",
        "fields[7].remote": "antavo_x",
        "do": "save",
    }

    page = await operator.post(PAGE, typed)

    assert page.status == 422
    wrong = page.html.select("[aria-invalid]")
    assert [one["name"] for one in wrong] == ["fields[0].remote", "fields[2].remote"]
    assert "$firstname" in page.find("[id='fields[0].remote-fault']").get_text()
    assert page.find("[id='fields[1].loyalty']")["value"] == HOSTILE
    assert not [one for one in page.html.select("script") if "alert" in one.get_text()]
    assert await saved(scene) == [("first_name", "$firstname", "keep")]

    mended = page.form(PAGE) | {
        "fields[0].remote": "$firstname",
        "fields[2].remote": "antavo_score",
        "fields[1].loyalty": "tier",
    }
    assert (await operator.post(PAGE, mended | {"do": "save"})).status == 200
    assert len(await saved(scene)) == 3


async def test_the_later_of_two_is_told_and_keeps_what_was_typed(
    scene: MessageScene, operator: Person
) -> None:
    mine = (await operator.get(PAGE)).form(PAGE) | {"fields[0].remote": "antavo_mine"}
    await configure(scene, ("last_name", "$lastname"))

    page = await operator.post(PAGE, mine | {"do": "save"})

    assert page.status == 409
    assert "Somebody else saved this connection" in page.text
    assert page.form(PAGE)["fields[0].remote"] == "antavo_mine"
    assert await saved(scene) == [("last_name", "$lastname", "keep")]
    assert (await operator.post(PAGE, page.form(PAGE) | {"do": "save"})).status == 200
    assert await saved(scene) == [("first_name", "antavo_mine", "keep")]


async def test_the_preview_shows_what_would_be_sent_with_unsaved_rows(
    scene: MessageScene, operator: Person
) -> None:
    await know(scene, "c-7", first_name=HOSTILE, tier="gold")
    typed = (await operator.get(PAGE)).form(PAGE) | {
        "fields[1].loyalty": "tier",
        "fields[1].remote": "antavo_tier",
        "customer": "c-7",
        "do": "preview",
    }

    page = await operator.post(PAGE, typed)

    shown = page.html.select("#preview pre")[0].get_text()
    assert '"antavo_tier": "gold"' in shown
    assert "<script>" in shown
    assert page.words("#preview pre")[1] == "nothing yet"
    assert len(await saved(scene)) == 1


async def test_a_customer_whom_nobody_knows_is_said_to_be_none(operator: Person) -> None:
    page = await operator.get(PAGE, customer="nobody")

    assert "There is no customer nobody" in page.text


async def test_a_type_that_cannot_fit_is_pointed_out_and_can_be_saved(
    scene: MessageScene, operator: Person
) -> None:
    typed = (await operator.get(PAGE)).form(PAGE) | {
        "fields[0].loyalty": "labels",
        "fields[0].remote": "$age",
    }

    page = await operator.post(PAGE, typed | {"do": "add"})
    done = await operator.post(PAGE, typed | {"do": "save"})

    assert page.words(".caution") == ["labels is a list, but $age takes a number"]
    assert done.status == 200


async def test_who_only_looks_finds_no_button_and_is_refused(scene: MessageScene) -> None:
    async with person(scene.host, Role.VIEWER) as viewer:
        page = await viewer.get(PAGE)
        refused = await viewer.post(PAGE, {"do": "save", "version": "1"})

    assert page.words(".bar button, [data-add], [data-remove]") == []
    assert refused.status == 403
    assert await saved(scene) == [("first_name", "$firstname", "keep")]
