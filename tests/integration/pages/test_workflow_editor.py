"""The editor of a workflow: drawn, checked, saved, activated; its versions, shown and restored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from host import wire
from host.app import Host
from tests.drawn import communication, edges, node, trigger, workflow
from tests.integration.pages.drawing import (
    EMPTY,
    FAULTY,
    HOSTILE,
    PAGE,
    Drawing,
    as_graph,
    drawing_on,
)
from tests.pages import Page, Person

pytestmark = pytest.mark.anyio

SENDING = communication(payload={"points": "{{ event.data.points }}"})
LONGER = workflow(trigger(), node("w", "wait", amount=1), SENDING, ways=("t>w", "w>m"))


@pytest.fixture
async def at(host: Host) -> AsyncIterator[Drawing]:
    async with drawing_on(host) as opened:
        yield opened


async def save(
    person: Person, graph: str | None = None, *, page: Page | None = None, **typed: str
) -> Page:
    """Save what a page of the editor holds, with this graph."""
    shown = page or await person.get(PAGE)
    given = {} if graph is None else {"graph": graph}
    return await person.post(PAGE, shown.form(PAGE) | {"do": "save"} | given | typed)


async def check(person: Person, drawn: Mapping[str, Any] | str) -> list[dict[str, str]]:
    """What is told of a graph while it is drawn."""
    graph = drawn if isinstance(drawn, str) else as_graph(drawn)
    answer = (await person.post(f"{PAGE}/check", {"graph": graph})).response
    assert answer.status_code == 200
    found: list[dict[str, str]] = wire.loads(answer.content)["faults"]
    return found


def marks(page: Page) -> list[dict[str, str]]:
    """What the canvas is told to mark."""
    found: list[dict[str, str]] = wire.loads(str(page.find("flow-canvas")["data-faults"]))
    return found


async def test_it_holds_the_graph_and_what_the_canvas_is_drawn_from(
    at: Drawing, operator: Person
) -> None:
    await at.have(LONGER)

    page = await operator.get(PAGE)

    canvas = page.find("flow-canvas")
    told = wire.loads(str(canvas["data-palette"]))
    nodes = [kind for group in told["groups"] for kind in group["nodes"]]
    connection = next(kind for kind in nodes if kind["type"] == "sync_data")["fields"][0]
    assert canvas["data-check"] == f"{PAGE}/check"
    assert not canvas.has_attr("readonly")
    assert [one["id"] for one in wire.loads(page.form(PAGE)["graph"])["nodes"]] == ["t", "w", "m"]
    assert connection["choices"] == [{"value": "mparticle", "label": "mParticle"}]
    assert marks(page) == []


async def test_what_is_saved_is_a_draft_while_the_older_version_runs(
    at: Drawing, operator: Person
) -> None:
    await at.have(workflow(trigger(), SENDING))

    saved = await save(operator, as_graph(LONGER))
    await at.happen(points=1)
    log = await operator.get(f"{PAGE}/log")
    active = await operator.post(f"{PAGE}/activate", saved.form(f"{PAGE}/activate"))

    assert saved.toast == "Saved as version 2, a draft. Activate it to have events start it."
    assert "version 1 is active, version 2 is a draft" in saved.text
    assert saved.words(".heading .primary") == ["Activate version 2"]
    assert "sent point_add to mParticle" in log.words("tbody tr")[0]
    assert active.html.select(".heading .primary") == []
    assert (await at.view()).is_newest_active


async def test_a_draft_is_saved_and_says_that_nothing_happens_yet(
    at: Drawing, operator: Person
) -> None:
    await at.have(FAULTY)

    page = await save(operator, wire.dumps(EMPTY).decode(), name="Welcome")

    assert page.toast == "Saved. Nothing happens until it is activated."
    assert page.heading == "Welcome Editor"
    assert page.path == PAGE
    assert await at.nodes() == []


async def test_a_new_name_alone_makes_no_draft(at: Drawing, operator: Person) -> None:
    await at.have(workflow())

    page = await save(operator, name="Points mail")

    assert page.toast == "Saved. Events start version 1 as before."
    assert page.heading == "Points mail Editor"
    assert (await at.view()).is_newest_active


async def test_save_and_activate_does_both(at: Drawing, operator: Person) -> None:
    await at.have(FAULTY)

    page = await save(operator, as_graph(LONGER), do="activate")

    assert page.toast == "Active: events start version 2 from now on."
    assert page.words(".heading .badge") == ["active"]
    assert (await at.view()).row.changed_by == "operator@test"


async def test_what_has_faults_is_saved_and_not_activated(at: Drawing, operator: Person) -> None:
    await at.have(workflow(trigger(), SENDING))

    page = await save(operator, as_graph(FAULTY), do="activate")

    assert page.toast == "Saved as version 2, not activated: it has faults."
    assert page.find(".toast")["role"] == "alert"
    assert [(one["node"], one["field"]) for one in marks(page)] == [("t", "event")]
    assert page.words("flow-canvas li") == ["Event: Event type is missing: give it"]
    assert page.html.select(f'form[action="{PAGE}/activate"]') == []
    assert (await at.view()).row.active_version == 1


# What cannot be saved.


async def test_who_saves_late_is_told_and_keeps_what_was_drawn(
    at: Drawing, operator: Person, admin: Person
) -> None:
    await at.have(FAULTY)
    mine = await operator.get(PAGE)
    await save(admin, as_graph(workflow()))

    late = await save(operator, as_graph(LONGER), page=mine, name="Mine")
    again = await save(operator, page=late)

    assert late.status == 409
    assert "Somebody else saved this workflow while you were drawing" in late.find(".faults").text
    assert late.form(PAGE)["name"] == "Mine"
    assert wire.loads(late.form(PAGE)["graph"]) == wire.loads(as_graph(LONGER))
    assert late.find("form.drawing").has_attr("data-edited")
    assert marks(late) == []
    assert again.path == PAGE
    assert again.heading == "Mine Editor"
    assert await at.nodes() == ["t", "w", "m"]


@pytest.mark.parametrize(
    ("graph", "told"),
    (
        ('{"nodes": [', "The graph is not JSON: look for a missing comma or quote."),
        ("[1]", "The graph must be an object with “nodes” and “edges”."),
        ('{"nodes": 5}', "nodes: must be a list of tables, not a whole number"),
        (
            '{"nodes": [{"id": "a", "type": "rocket"}]}',
            "nodes.a.type: is no type of node",
        ),
        (
            '{"nodes": [{"id": "<i>", "type": "wait"}]}',
            "nodes[0].id: must be 1 to 63 letters",
        ),
    ),
    ids=("json", "list", "nodes", "type", "id"),
)
async def test_a_graph_of_a_wrong_form_is_told_and_kept(
    at: Drawing, operator: Person, graph: str, told: str
) -> None:
    await at.have(workflow())

    refused = await save(operator, graph, name="Renamed")
    mended = await save(operator, as_graph(LONGER), page=refused)

    assert refused.status == 422
    assert refused.words(".faults li")[0].startswith(told)
    assert refused.form(PAGE)["graph"] == graph
    assert refused.form(PAGE)["name"] == "Renamed"
    assert refused.form(PAGE)["version"] == "1"
    assert mended.heading == "Renamed Editor"


@pytest.mark.parametrize(
    ("name", "fault"),
    (
        ("", "The name is missing: give it."),
        ("x" * 101, "The name has 101 characters, more than 100."),
        ("Thanks", "Another workflow has this name already"),
    ),
    ids=("empty", "long", "taken"),
)
async def test_a_name_that_cannot_be_is_told_and_the_drawing_kept(
    at: Drawing, operator: Person, name: str, fault: str
) -> None:
    await at.have(FAULTY, workflow(name="Thanks"))

    page = await save(operator, as_graph(LONGER), name=name)

    assert page.status == 422
    assert page.words("#name-fault") == [fault]
    assert page.form(PAGE)["name"] == name
    assert wire.loads(page.form(PAGE)["graph"]) == wire.loads(as_graph(LONGER))
    assert marks(page) == []  # of what was drawn, not of what is saved
    assert (await at.view()).row.name == "Points e-mail"


# Checked while it is drawn.


async def test_faults_and_warnings_are_told_while_it_is_drawn(
    at: Drawing, operator: Person
) -> None:
    await at.have(FAULTY)

    fine = await check(operator, LONGER)
    lonely = await check(operator, workflow(trigger(), node("i", "interrupt"), ways=()))
    doubled = await check(operator, workflow(trigger("checkout"), communication(event="x")))
    unknown = await check(operator, workflow(trigger("chekout"), SENDING))

    assert fine == []
    assert lonely == [
        {
            "node": "i",
            "field": "",
            "level": "fault",
            "message": "nothing leads here: connect it, or remove it",
        }
    ]
    assert [(one["node"], one["level"]) for one in doubled] == [("m", "warning")]
    assert "External events" in doubled[0]["message"]
    assert [(one["node"], one["field"], one["level"]) for one in unknown] == [
        ("t", "event", "warning")
    ]
    assert "checkout" in unknown[0]["message"]


async def test_a_graph_of_a_wrong_form_is_marked_at_its_node(at: Drawing, operator: Person) -> None:
    await at.have(FAULTY)

    (at_node,) = await check(operator, workflow(node("w", "wait", amount="soon"), ways=()))
    (whole,) = await check(operator, "{")

    assert (at_node["node"], at_node["level"]) == ("w", "fault")
    assert (whole["node"], whole["level"]) == ("", "fault")
    assert "not JSON" in whole["message"]


# Versions.


async def test_versions_are_listed_shown_and_restored(at: Drawing, operator: Person) -> None:
    await at.have(workflow(trigger(), SENDING))
    await save(operator, as_graph(LONGER))

    listed = await operator.get(f"{PAGE}/versions")
    shown = await operator.get(f"{PAGE}/versions/1")
    restored = await operator.post(f"{PAGE}/restore", shown.form(f"{PAGE}/restore"))

    newest, oldest = listed.words("tbody tr")
    assert "Version 2 newest" in newest
    assert "operator@test" in newest
    assert "Version 1 active" in oldest
    assert "a file or the API" in oldest
    assert [one["value"] for one in listed.html.select("input[name=version]")] == ["1"]
    canvas = shown.find("flow-canvas")
    assert canvas.has_attr("readonly")
    assert [one["id"] for one in wire.loads(shown.find("#graph").get_text())["nodes"]] == ["t", "m"]
    assert restored.path == PAGE
    assert restored.toast == (
        "Version 1 is the newest again, as version 3. Activate it to have events start it."
    )
    assert await at.nodes() == ["t", "m"]
    assert (await at.view()).row.active_version == 1


@pytest.mark.parametrize("version", ("0", "2", "-1", "one", "²", "9" * 30))
async def test_a_version_that_is_not_there_is_told(
    at: Drawing, operator: Person, version: str
) -> None:
    await at.have(workflow())

    shown = await operator.get(f"{PAGE}/versions/{version}")
    restored = await operator.post(f"{PAGE}/restore", {"version": version})

    assert (shown.status, restored.status) == (404, 404)
    assert (await at.view()).row.version == 1


# Who looks, and what strangers write.


async def test_a_viewer_sees_the_graph_and_no_way_to_change_it(
    at: Drawing, operator: Person, viewer: Person
) -> None:
    await at.have(workflow(trigger(), SENDING))
    await save(operator, as_graph(LONGER))

    page = await viewer.get(PAGE)
    versions = await viewer.get(f"{PAGE}/versions")

    canvas = page.find("flow-canvas")
    assert canvas.has_attr("readonly")
    assert not canvas.has_attr("data-check")
    assert page.find("#name").has_attr("readonly")
    assert page.find("#graph").has_attr("readonly")
    assert page.html.select("main button") == []
    assert versions.html.select("main button") == []
    assert (await viewer.post(PAGE, page.form(PAGE))).status == 403


async def test_hostile_values_are_only_text(at: Drawing, operator: Person) -> None:
    drawn = workflow(
        trigger(HOSTILE), communication(event="x", payload={HOSTILE: HOSTILE}), ways=()
    )
    drawn["edges"] = [*edges("t>m"), {"from": "t", "to": HOSTILE, "on": HOSTILE}]
    await at.have(drawn | {"active": False})

    pages = [await operator.get(PAGE), await operator.get(f"{PAGE}/versions/1")]
    pages.append(await save(operator, as_graph(drawn), name=HOSTILE))

    assert pages[-1].status == 422
    assert pages[-1].form(PAGE)["name"] == HOSTILE
    for page in pages:
        canvas = page.find("flow-canvas")
        graph = wire.loads(page.find("#graph").get_text())
        assert page.html.select("script:not([src])") == []
        assert graph["nodes"][1]["payload"] == {HOSTILE: HOSTILE}
        assert graph["edges"][1]["to"] == HOSTILE
        assert "groups" in wire.loads(str(canvas["data-palette"]))
    assert any(HOSTILE in one["message"] for one in marks(pages[0]))


async def test_a_draft_drawn_back_to_what_runs_is_saved(at: Drawing, operator: Person) -> None:
    await at.have(LONGER)
    running = (await at.view()).graph
    await save(operator, as_graph(workflow(trigger(), SENDING)))

    page = await save(operator, as_graph(LONGER))

    view = await at.view()
    assert page.response.status_code == 200
    assert (view.row.version, view.row.active_version) == (3, 1)
    assert view.graph == running
