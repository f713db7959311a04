"""The list of workflows, and what is done to a whole one: made, imported, copied, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from host import wire
from host.api.workflows import workflow_json
from host.app import Host
from tests.drawn import as_file, communication, node, trigger, workflow
from tests.integration.pages.drawing import FAULTY, HOSTILE, PAGE, Drawing, drawing_on
from tests.pages import Page, Person, person

pytestmark = pytest.mark.anyio

LIST = "/workflows"
NEW = "/workflows/new"
IMPORT = "/workflows/import"
SENDING = communication(payload={"points": "{{ event.data.points }}"})


@pytest.fixture
async def at(host: Host) -> AsyncIterator[Drawing]:
    async with drawing_on(host) as opened:
        yield opened


def names(page: Page) -> list[str]:
    return page.words("tbody th")


# The list.


async def test_an_empty_list_teaches_and_has_the_one_button(
    at: Drawing, operator: Person, viewer: Person
) -> None:
    theirs = await viewer.get(LIST)
    mine = await operator.get(LIST)

    assert mine.find(".empty a.primary")["href"] == NEW
    assert "when points are added" in mine.text
    assert theirs.html.select("a.primary") == []
    assert "role operator or admin" in theirs.text


async def test_the_list_tells_how_each_workflow_is(at: Drawing, viewer: Person) -> None:
    await at.have(
        workflow(trigger(), SENDING),
        workflow(trigger("checkout"), SENDING, name="Thanks", active=False),
        FAULTY | {"name": "Being drawn"},
    )
    await at.happen(points=1)
    await at.happen(customer="c-2")

    page = await viewer.get(LIST)
    drawn, points, thanks = page.words("tbody tr")

    assert names(page) == ["Being drawn", "Points e-mail", "Thanks"]
    assert "draft with faults none yet no run" in drawn
    assert "active Point add point_add 2 runs 1 error" in points
    assert "draft Checkout checkout no run" in thanks
    assert [link["href"] for link in page.html.select(f'a[href^="{PAGE}/log"]')] == [
        f"{PAGE}/log",
        f"{PAGE}/log?result=error",
        f"{PAGE}/log",
    ]


async def test_the_list_is_cut_down_by_state(at: Drawing, operator: Person) -> None:
    await at.have(workflow(), workflow(name="Thanks"), FAULTY | {"name": "Being drawn"})
    await operator.post("/workflows/thanks/pause")

    shown = {
        show: names(await operator.get(LIST, show=show))
        for show in ("active", "paused", "draft", "with faults", "nonsense")
    }
    await operator.post(f"{PAGE}/pause")
    none = await operator.get(LIST, show="active")

    assert shown == {
        "active": ["Points e-mail"],
        "paused": ["Thanks"],
        "draft": ["Being drawn"],
        "with faults": ["Being drawn"],
        "nonsense": ["Being drawn", "Points e-mail", "Thanks"],
    }
    assert none.words(".empty h2") == ["No workflow is active"]
    assert none.find(".empty a")["href"] == LIST
    assert none.words(".chips [aria-current]") == ["Active 0"]


# Made and imported.


async def test_a_workflow_is_made_by_its_name(at: Drawing, operator: Person) -> None:
    blank = await operator.get(NEW)
    made = await operator.post(NEW, blank.form(NEW) | {"name": "  Points e-mail "})

    assert made.path == PAGE
    assert made.toast == "Made. Begin with a trigger."
    assert made.heading == "Points e-mail Editor"
    assert (await at.view()).row.changed_by == "operator@test"
    assert (await at.view()).state == "draft"


@pytest.mark.parametrize(
    ("name", "fault"),
    (
        ("", "The name is missing: give it."),
        ("x" * 101, "The name has 101 characters, more than 100."),
        ("Points e-mail", "Another workflow has this name already"),
        ("two\nlines", "The name must be one line of text without blanks at its ends."),
    ),
    ids=("empty", "long", "taken", "lines"),
)
async def test_a_name_that_cannot_be_is_told_and_kept(
    at: Drawing, operator: Person, name: str, fault: str
) -> None:
    await at.have(workflow())

    refused = await operator.post(NEW, {"name": name})
    mended = await operator.post(NEW, refused.form(NEW) | {"name": "Another"})

    assert refused.status == 422
    assert refused.form(NEW)["name"] == name
    assert refused.find("#name")["aria-invalid"] == "true"
    assert refused.words("#name-fault") == [fault]
    assert refused.find(".faults a")["href"] == "#name"
    assert mended.path == "/workflows/another"


async def test_what_was_exported_is_imported_as_a_draft_beside_it(
    at: Drawing, operator: Person
) -> None:
    await at.have(workflow())
    exported = (await operator.get(f"{PAGE}/export")).response.text

    first = await operator.post(IMPORT, {"text": exported})
    second = await operator.post(IMPORT, {"text": f"\ufeff{exported}"})

    assert first.heading == "Points e-mail (copy) Editor"
    assert first.toast == "Imported as a draft. Look it through, then activate it."
    assert second.heading == "Points e-mail (copy 2) Editor"
    copy = await at.view(first.path.removeprefix("/workflows/"))
    assert copy.state == "draft"
    assert copy.graph == (await at.view()).graph


async def test_json_of_the_api_is_imported_too(at: Drawing, operator: Person) -> None:
    await at.have(workflow(), FAULTY | {"name": "Being drawn"})
    shown = workflow_json(await at.view())
    graph = (await at.view()).graph
    await operator.post(f"{PAGE}/delete")

    one = await operator.post(IMPORT, {"text": wire.dumps(shown).decode()})
    listed = [shown | {"name": "A"}, shown | {"name": "B"}]
    two = await operator.post(IMPORT, {"text": wire.dumps({"workflows": listed}).decode()})

    assert one.path == PAGE
    assert (await at.view()).graph == graph
    assert two.path == LIST
    assert two.toast == "Imported as drafts: 2 workflows."
    assert names(two) == ["A", "B", "Being drawn", "Points e-mail"]


async def test_a_workflow_with_faults_is_imported_to_be_mended(
    at: Drawing, operator: Person
) -> None:
    page = await operator.post(IMPORT, {"text": as_file(FAULTY | {"active": True})})

    assert page.path == PAGE
    assert "Event type is missing: give it" in page.text
    assert (await at.view()).state == "draft"


@pytest.mark.parametrize(
    ("text", "fault"),
    (
        ("", "there is no workflow in this text"),
        ("rubbish", "the file is not TOML: "),
        ('{"nodes": [', "the text is not JSON: "),
        ("5", "workflows: must be a list of tables, not "),
        ("x = " + "[" * 5000, "the file is nested too deeply to be read"),
        ("[connections.x]\nmodule = 'x'\n", "there is no workflow in this text"),
        ('{"nodes": []}', "workflows[0].name: is missing: give it"),
        (
            as_file(workflow(node("t", "event_triger"), ways=())),
            "workflows.Points e-mail.nodes.t.type: is no type of node",
        ),
    ),
    ids=("empty", "rubbish", "json", "number", "deep", "none", "nameless", "type"),
)
async def test_what_is_no_workflow_is_told_and_kept(
    at: Drawing, operator: Person, text: str, fault: str
) -> None:
    page = await operator.post(IMPORT, {"text": text})

    assert page.status == 422
    assert page.form(IMPORT)["text"] == text
    assert page.words("#text-fault")[0].startswith(fault)
    assert (await operator.get(LIST)).html.select("tbody") == []


async def test_every_fault_of_an_import_is_told(at: Drawing, operator: Person) -> None:
    broken = workflow(node("x", HOSTILE), node("y", "wait", amount="soon"), ways=())

    page = await operator.post(IMPORT, {"text": as_file(broken)})

    told = page.words(".faults li")
    assert page.words("#text-fault") == ["It has 2 faults: see above."]
    assert any("nodes.x.type" in one for one in told)
    assert any("nodes.y.amount" in one for one in told)
    assert len(page.html.select("script:not([src])")) == 0


# Exported, copied, deleted.


async def test_an_export_is_what_apply_takes_and_changes_nothing(
    at: Drawing, operator: Person, viewer: Person
) -> None:
    await at.have(workflow(), workflow(name="Paused"), FAULTY | {"name": "Being drawn"})
    await operator.post("/workflows/paused/pause")
    await at.bench.workflows.restore("paused", 1)
    drawn = (await at.view()).graph
    page = await operator.get(PAGE)
    await operator.post(PAGE, page.form(PAGE) | {"graph": '{"nodes": [], "edges": []}'})

    for name in ("points-e-mail", "paused", "being-drawn"):
        answer = (await viewer.get(f"/workflows/{name}/export")).response

        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.toml"'
        assert answer.headers["content-type"].startswith("application/toml")
        assert await at.apply(answer.text) == ()

    assert await at.bench.workflows.graph("points-e-mail", 1) == drawn
    assert not (await at.view()).is_newest_active


async def test_a_duplicate_is_a_draft_of_its_own(at: Drawing, operator: Person) -> None:
    await at.have(workflow())

    copy = await operator.post(f"{PAGE}/duplicate")

    assert copy.heading == "Points e-mail (copy) Editor"
    assert copy.toast == "Points e-mail (copy) is a draft of its own."
    made = await at.view(copy.path.removeprefix("/workflows/"))
    assert made.state == "draft"
    assert made.graph == (await at.view()).graph
    assert (await at.view()).state == "active"


async def test_a_deleted_workflow_ends_what_waits_in_it_and_leaves_its_log(
    at: Drawing, operator: Person
) -> None:
    waiting = node("w", "wait", amount=2, unit="days")
    await at.have(workflow(trigger(), waiting, SENDING, ways=("t>w", "w>m")))
    await at.happen(points=1)

    asked = await operator.get(LIST)
    gone = await operator.post(f"{PAGE}/delete")
    told = await operator.get("/customer", id="c-1")

    assert "what waits in it ends" in asked.find("dialog").get_text()
    assert gone.path == LIST
    assert gone.toast == "Points e-mail is deleted: events start it no more."
    assert gone.words(".empty h2") == ["No workflow yet"]
    assert "the workflow was deleted" in told.text
    assert (await operator.get(PAGE)).status == 404


# Switched on and off.


async def test_a_workflow_is_activated_and_paused_where_the_button_stands(
    at: Drawing, operator: Person
) -> None:
    await at.have(workflow(active=False))

    first = await operator.get(LIST)
    on = await operator.post(f"{PAGE}/activate", first.form(f"{PAGE}/activate"))
    again = await operator.post(f"{PAGE}/activate")
    off = await operator.post(f"{PAGE}/pause", on.form(f"{PAGE}/pause"))
    page = await operator.post(f"{PAGE}/pause")

    assert on.path == LIST
    assert on.toast == "Points e-mail is active: events start it from now on."
    assert again.path == PAGE
    assert off.path == LIST
    assert off.toast == "Points e-mail is paused: events start nothing; runs that wait go on."
    assert page.path == PAGE
    assert (await at.view()).state == "paused"


async def test_what_has_faults_is_not_activated_and_told_why(at: Drawing, operator: Person) -> None:
    await at.have(FAULTY)
    listed = await operator.get(LIST)

    page = await operator.post(f"{PAGE}/activate", {"from": "list"})

    assert listed.html.select(f'form[action="{PAGE}/activate"]') == []
    assert page.path == PAGE
    assert page.toast == (
        "Not activated. Event: Event type is missing: give it. Its faults are marked."
    )
    assert page.find(".toast")["role"] == "alert"
    assert (await at.view()).state == "draft"


# Who may do what, and what strangers write.


async def test_a_viewer_sees_everything_and_changes_nothing(at: Drawing, viewer: Person) -> None:
    await at.have(workflow(), FAULTY | {"name": "Being drawn"})

    listed = await viewer.get(LIST)
    shown = [await viewer.get(f"{PAGE}{path}") for path in ("", "/versions", "/versions/1")]
    refused = {
        path: (await viewer.post(path, {"name": "x", "text": "x", "version": "1"})).status
        for path in (
            NEW,
            IMPORT,
            PAGE,
            f"{PAGE}/check",
            f"{PAGE}/restore",
            *(f"{PAGE}/{act}" for act in ("activate", "pause", "duplicate", "delete")),
        )
    }

    assert set(refused.values()) == {403}
    assert names(listed) == ["Being drawn", "Points e-mail"]
    for page in (listed, *shown):
        assert page.status == 200
        assert {form["action"] for form in page.html.select("form")} <= {"/sign-out", PAGE}
        assert page.html.select("main button, main a.primary") == []
    assert (await at.view()).state == "active"


async def test_somebody_unknown_is_asked_who_it_is(at: Drawing, host: Host) -> None:
    async with person(host, None) as somebody:
        page = await somebody.get(f"{PAGE}/export")

    assert page.path.startswith("/sign-in")


async def test_what_is_not_there_is_told(at: Drawing, operator: Person) -> None:
    asked = [
        await operator.get(f"/workflows/nobody{path}")
        for path in ("", "/export", "/versions", "/versions/1", "/try")
    ]
    done = [
        await operator.post(f"/workflows/nobody{path}", {"version": "1"})
        for path in ("", "/activate", "/pause", "/duplicate", "/delete", "/restore", "/try")
    ]

    assert {page.status for page in (*asked, *done)} == {404}


async def test_hostile_names_are_only_text(at: Drawing, operator: Person) -> None:
    name = HOSTILE.replace("\u202e", "")
    await at.have(workflow(trigger(HOSTILE), SENDING, name=name))

    page = await operator.get(LIST)
    paused = await operator.post(f"{page.html.select('tbody th a')[0]['href']}/pause")

    assert names(page) == [name]
    assert HOSTILE in page.words("tbody td bdi")
    assert page.html.select("script:not([src])") == []
    assert paused.toast.startswith(name)
    assert paused.form(paused.path)["name"] == name
    assert paused.html.select("script:not([src])") == []
