"""What workflows did: their log, one run, the runs that wait, and a customer's time line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from host import wire
from host.app import Host
from host.document import read_document
from host.reading.events import TakenEvent, read_event
from host.store import runs as stored_runs
from host.store.engine import Transaction
from host.store.runs import Wait, due_waits
from host.store.workflows import find_workflow
from tests.drawn import as_file, communication, node, trigger, workflow
from tests.messages import MessageScene, scene_on
from tests.pages import Page, Person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

HOSTILE: Final = "<script>alert(1)</script> \u202e\0"
PLAIN: Final = {"points": "{{ event.data.points }}"}
LOG: Final = "/workflows/points-e-mail/log"
RUNNING: Final = "/workflows/points-e-mail/running"
MANY: Final = node(
    "f", "event_filter", rows=[{"attribute": "points", "operator": "at_least", "value": 5}]
)
"""A filter that asks for five points or more."""
FILTERED: Final = workflow(trigger(), MANY, communication(payload=PLAIN), ways=("t>f", "f>m"))
WAITING: Final = workflow(
    trigger(),
    node("w", "wait", amount=2, unit="days"),
    communication(payload=PLAIN),
    ways=("t>w", "w>m"),
)


@pytest.fixture
async def scene(host: Host) -> AsyncIterator[MessageScene]:
    """A host whose connection has nothing associated but an opt-out."""
    async with scene_on(host, events=("opt_out",)) as opened:
        yield opened


async def draw(scene: MessageScene, *workflows: Mapping[str, Any], prune: bool = False) -> None:
    document = read_document(as_file(*workflows), {})
    await scene.host.bench.configure.apply(document, untested=True, prune=prune)


def came(customer: str, id_: str, action: str = "point_add", **data: object) -> TakenEvent:
    item = wire.dumps({"id": id_, "customer": customer, "action": action, "data": data})
    return read_event(item, now=datetime.now(UTC), fallback_id=id_.strip)


async def happen(
    scene: MessageScene, customer: str, id_: str, action: str = "point_add", **data: object
) -> None:
    await scene.host.intake.take([came(customer, id_, action, **data)])


def _all_waits(tx: Transaction) -> list[Wait]:
    tx.now += 100 * 86_400_000
    return due_waits(tx, 1000)


async def go_on(scene: MessageScene) -> None:
    """The waits are over."""
    await scene.host.intake.take(await scene.host.bench.store.read(_all_waits))


def rows(page: Page) -> list[str]:
    return page.words("tbody tr")


async def details(person: Person, path: str = LOG) -> Page:
    """The details of the newest run."""
    page = await person.get(path)
    return await person.get(str(page.html.select("a[href*='/log/']")[0]["href"]))


async def test_no_run_yet_teaches_what_will_stand_here(scene: MessageScene, viewer: Person) -> None:
    await draw(scene, workflow(active=False))

    draft = await viewer.get(LOG)
    await draw(scene, workflow())
    active = await viewer.get(LOG)
    running = await viewer.get(RUNNING)

    assert "Activate it in the editor" in draft.find(".empty").get_text()
    assert "Each time a customer does point_add" in " ".join(active.find(".empty").text.split())
    assert "Runs that came to a Wait stand here" in running.text


async def test_the_log_says_in_plain_words_how_each_run_ended(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, FILTERED)
    await happen(scene, "c-1", "e-1", points=10)
    await happen(scene, "c-2", "e-2", points=1)
    await draw(scene, workflow(trigger(), node("i", "interrupt"), ways=("t>i",)))
    await happen(scene, "c-3", "e-3")
    await draw(scene, workflow(trigger(), communication(payload=PLAIN)))
    await happen(scene, "c-4", "e-4")

    page = await viewer.get(LOG)

    words = rows(page)
    assert [one.split()[0] for one in words] == ["error", "success", "success", "success"]
    assert "c-4" in words[0]
    assert "Trigger marketing communication m" in words[0]
    assert "event.data.points" in words[0]
    assert "ended by Interrupt i" in words[1]
    assert "stopped by Event attribute filter f" in words[2]
    assert "sent point_add to mParticle" in words[3]
    assert "e-1" in words[3]
    assert " ms" in words[3]
    assert page.find("tbody tr:last-child th a")["href"] == "/customer?id=c-1"


async def test_the_log_is_filtered_by_result_and_customer(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, workflow(trigger(), communication(payload=PLAIN)))
    await happen(scene, "c-1", "e-1", points=1)
    await happen(scene, "c-1", "e-2")
    await happen(scene, "c-2", "e-3", points=1)

    found = {
        query: [
            one.get_text() for one in (await viewer.get(f"{LOG}?{query}")).html.select("td .mono")
        ]
        for query in (
            "result=success",
            "result=error",
            "customer=c-1",
            "customer=+c-1+&result=error",
            "result=waiting",
            "customer=nobody",
        )
    }
    none = await viewer.get(LOG, result="waiting", customer="c-1")
    wrong = await viewer.get(LOG, result="odd")

    assert found == {
        "result=success": ["e-3", "e-1"],
        "result=error": ["e-2"],
        "customer=c-1": ["e-2", "e-1"],
        "customer=+c-1+&result=error": ["e-2"],
        "result=waiting": [],
        "customer=nobody": [],
    }
    assert none.find(".empty a")["href"] == LOG
    assert none.find("#customer")["value"] == "c-1"
    assert none.words("option[selected]")[-1] == "waiting"
    assert wrong.status == 400


@pytest.mark.parametrize("query", ["", "result=success", "customer=c-1"])
async def test_a_page_holds_fifty_runs_and_the_older_ones_follow(
    scene: MessageScene, viewer: Person, query: str
) -> None:
    await draw(scene, workflow(trigger(), communication(payload=PLAIN)))
    events = [came("c-1", f"e-{number:02}", points=number) for number in range(53)]
    await scene.host.intake.take([*events, came("c-1", "e-53")])

    first = await viewer.get(f"{LOG}?{query}")
    older = await viewer.get(str(first.find("main > p.actions a")["href"]))
    newest = await viewer.get(str(older.find("main > p.actions a")["href"]))

    shown = [*first.words("td .mono"), *older.words("td .mono")]
    made = [f"e-{number:02}" for number in range(53 if query == "result=success" else 54)]
    assert shown == made[::-1]
    assert len(rows(first)) == 50
    assert rows(newest)[:1] == rows(first)[:1]


async def test_a_page_looks_only_so_far_and_says_so(
    scene: MessageScene, viewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_runs, "LOOK", 3)
    await draw(scene, workflow(trigger(), communication(payload=PLAIN)))
    await happen(scene, "c-1", "e-1", points=1)
    for number in range(2, 6):
        await happen(scene, "c-1", f"e-{number}")

    first = await viewer.get(LOG, result="success")
    second = await viewer.get(str(first.find(".empty a")["href"]))

    assert "Nothing found so far" in first.text
    assert [one.get_text() for one in second.html.select("td .mono")] == ["e-1"]


async def test_the_details_tell_each_node_with_what_it_saw_and_did(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, FILTERED)
    await happen(scene, "c-1", "e-1", points=10)

    page = await details(viewer)

    assert page.status == 200
    steps = rows(page)
    assert [step.split()[0] for step in steps] == ["1", "2", "3"]
    assert "Event t point_add success" in steps[0]
    assert "points is at least 5 : found 10 success the conditions hold" in steps[1]
    assert "points : 10 success the message was made" in steps[2]
    assert page.find("a[href='/workflows/points-e-mail/versions/1']").get_text() == "version 1"
    assert page.find("dd a[href='/customer?id=c-1']").get_text() == "c-1"
    assert '"points": 10' in page.find("[aria-label='Data of the event']").get_text()
    assert page.html.select("#error") == []
    canvas = page.find("flow-canvas[readonly]")
    assert wire.loads(str(canvas["data-route"])) == [
        {"node": "t", "outcome": "success"},
        {"node": "f", "outcome": "success"},
        {"node": "m", "outcome": "success"},
    ]
    assert "event_trigger" in page.find("flow-canvas textarea").get_text()
    assert "groups" in wire.loads(str(canvas["data-palette"]))
    message = await viewer.get(str(page.find("a[href^='/messages/']")["href"]))
    assert (message.status, "point_add" in message.text) == (200, True)


async def test_the_details_of_an_error_name_node_and_reason(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, workflow(trigger(), communication(payload=PLAIN)))
    await happen(scene, "c-1", "e-1")

    page = await details(viewer)

    error = " ".join(page.find("section[aria-labelledby='error']").get_text(" ").split())
    assert error.startswith("Error Trigger marketing communication m :")
    assert "event.data.points" in error
    assert "No message of it is known" in page.text


async def test_a_wait_is_shown_running_then_over_on_its_own_version(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-1", points=10)

    log, running = await viewer.get(LOG), await viewer.get(RUNNING)
    waiting = await details(viewer, RUNNING)
    await draw(scene, workflow())
    await go_on(scene)
    over = await details(viewer)
    none = await viewer.get(RUNNING)

    assert "waits at Wait w , goes on in 1 d" in rows(log)[0]
    assert rows(running)[0].startswith("c-1")
    assert "in 1 d" in rows(running)[0]
    assert "Wait w" in rows(running)[0]
    assert running.html.select("form[action$='/cancel']") == [], "a viewer cancels nothing"
    assert rows(waiting)[1].startswith("2 Wait w 2 days waiting goes on in 1 d")
    assert [step.split()[0] for step in rows(over)] == ["1", "2", "3"]
    assert wire.loads(str(over.find("flow-canvas")["data-route"]))[1] == {
        "node": "w",
        "outcome": "success",
    }
    assert "version 1" in over.text
    assert len(over.html.select("a[href^='/messages/']")) == 1
    assert "No run waits" in none.text


async def test_an_operator_cancels_a_run_that_waits(scene: MessageScene, operator: Person) -> None:
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-1", points=1)

    page = await operator.get(RUNNING)
    action = str(page.find("form[action$='/cancel']")["action"])
    cancelled = await operator.post(action)
    await go_on(scene)
    late = await operator.post(action)
    run = await details(operator)

    assert "Cancel the run of c-1?" in page.text
    assert cancelled.toast == "The run is cancelled: it goes no further."
    assert "No run waits" in cancelled.text
    assert late.toast.startswith("Nothing was cancelled")
    assert late.path.startswith(LOG)
    assert "cancelled: somebody cancelled it" in run.text
    assert [one["outcome"] for one in wire.loads(str(run.find("flow-canvas")["data-route"]))] == [
        "success",
        "cancelled",
    ]
    assert await scene.ids() == []


async def test_what_went_on_meanwhile_is_told_and_not_cancelled(
    scene: MessageScene, operator: Person
) -> None:
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-1", points=1)
    page = await operator.get(RUNNING)
    await go_on(scene)

    late = await operator.post(str(page.find("form[action$='/cancel']")["action"]))

    assert late.toast == "Nothing was cancelled: the run came to its end meanwhile."
    assert "sent point_add to mParticle" in late.text
    assert len(await scene.ids()) == 1


async def test_a_viewer_cancels_nothing(scene: MessageScene, viewer: Person) -> None:
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-1", points=1)
    path = (await details(viewer, RUNNING)).path

    refused = await viewer.post(path.replace("/log/", "/running/") + "/cancel")

    assert refused.status == 403
    assert len(rows(await viewer.get(RUNNING))) == 1


async def test_running_workflows_are_filtered_by_customer(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-1", points=1)
    await happen(scene, "c-2", "e-2", points=1)

    one = await viewer.get(RUNNING, customer="c-1")
    none = await viewer.get(RUNNING, customer="c-3")

    assert [words.split()[0] for words in rows(one)] == ["c-1"]
    assert none.find(".empty a")["href"] == RUNNING


async def test_opting_out_ends_what_waits_and_is_said(scene: MessageScene, viewer: Person) -> None:
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-1", points=1)
    await happen(scene, "c-1", "e-2", action="opt_out")

    log = await viewer.get(LOG)
    run = await details(viewer)
    line = await viewer.get("/customer", id="c-1", show="workflows")

    assert "cancelled: the customer opted out" in rows(log)[0]
    assert run.status == 200
    assert "cancelled: the customer opted out" in rows(line)[0]


async def test_erased_customers_leave_no_run(scene: MessageScene, viewer: Person) -> None:
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-1", points=1)
    path = (await details(viewer)).path
    await scene.host.intake.erase("c-1")

    log, running, gone = [await viewer.get(one) for one in (LOG, RUNNING, path)]

    assert "No run yet" in log.text
    assert "No run waits" in running.text
    assert gone.status == 404


async def test_a_run_is_told_though_the_content_of_its_event_is_gone(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, FILTERED)
    await happen(scene, "c-1", "e-1", points=10)
    page = await details(viewer)
    (run,) = await scene.host.bench.store.read(_runs)
    await scene.host.bench.store.write(
        lambda tx: tx.run("drop_event_bodies", wire.dumps([run.event]).decode())
    )

    without = await viewer.get(page.path)

    assert "Its content is no longer kept" in without.text
    assert rows(without) == rows(page)


def _runs(tx: Transaction) -> list[stored_runs.StoredRun]:
    key = find_workflow(tx, "points-e-mail").key  # type: ignore[union-attr]
    return stored_runs.read_runs(tx, key)[0]


def _on_a_version_that_is_gone(tx: Transaction) -> None:
    (run,) = _runs(tx)
    customer = tx.row("customer_by_id", run.customer_id)[0]  # type: ignore[index]
    steps = wire.dumps(run.steps).decode()
    event = run.event + 1
    gone = stored_runs.NewRun(run.workflow, event, 99, customer, "success", steps, 400, tx.now)
    stored_runs.save_runs(tx, [gone], [])


async def test_a_run_is_told_though_its_version_and_event_are_gone(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, FILTERED)
    await happen(scene, "c-1", "e-1", points=1)
    await scene.host.bench.store.write(_on_a_version_that_is_gone)

    log = await viewer.get(LOG)
    page = await details(viewer)

    assert "no longer kept" in rows(log)[0]
    assert "version 99 (no longer kept)" in page.text
    assert rows(page)[1] == "2 f points : 1 failure —"
    assert page.html.select("flow-canvas") == []


async def test_what_comes_from_outside_is_text(scene: MessageScene, viewer: Person) -> None:
    hostile = {"attribute": "points", "operator": "is_not", "value": HOSTILE.replace("\0", "")}
    sent = communication(event="<b>", payload={"<i>": "{{ event.data.points }}"})
    await draw(
        scene,
        workflow(trigger(), node("f", "event_filter", rows=[hostile]), sent, ways=("t>f", "f>m")),
        workflow(trigger(), sent, name="<u>x</u>"),
    )
    await happen(scene, HOSTILE, HOSTILE, points=HOSTILE)

    log, run = await viewer.get(LOG), await details(viewer)
    line = await viewer.get("/customer", id=HOSTILE)

    for page in (log, run, line):
        assert page.status == 200
        assert [s for s in page.html.select("script") if "alert" in s.get_text()] == []
        assert page.html.select("main td b, main td i, main th u") == []
    assert "\0" not in log.response.text + run.response.text + line.response.text
    assert "<u>x</u>" in line.text


@pytest.mark.parametrize("path", ["/log/nothing", "/log/0000000000001", "/running/x/cancel"])
async def test_a_run_that_is_none_is_not_found(
    scene: MessageScene, operator: Person, path: str
) -> None:
    await draw(scene, workflow())
    whole = f"/workflows/points-e-mail{path}"

    page = await (operator.post(whole) if "cancel" in path else operator.get(whole))

    assert page.status == 404


async def test_a_customers_time_line_shows_runs_with_their_events(
    scene: MessageScene, viewer: Person
) -> None:
    await draw(scene, FILTERED, workflow(trigger(), communication(), name="Gone soon"))
    await happen(scene, "c-1", "e-1", points=10)
    await draw(scene, FILTERED, prune=False)
    await scene.host.bench.workflows.delete("gone-soon")

    every = await viewer.get("/customer", id="c-1")
    runs = await viewer.get("/customer", id="c-1", show="workflows")
    events = await viewer.get("/customer", id="c-1", show="events")
    link = runs.find("tbody th a")

    assert [words.split(":")[0] for words in rows(every)][-1].endswith("Event")
    assert "started 2 workflows" in rows(every)[-1]
    assert len(rows(runs)) == 2
    assert (
        "Workflow: Points e-mail on Point add success sent point_add to mParticle" in rows(runs)[0]
    )
    assert "Workflow: Gone soon (deleted)" in rows(runs)[1]
    assert (await viewer.get(str(link["href"]))).status == 200
    assert len(rows(events)) == 1
    assert "started 2 workflows" in rows(events)[0]


async def test_a_long_life_of_runs_goes_on_over_pages(scene: MessageScene, viewer: Person) -> None:
    await draw(scene, WAITING, workflow(trigger(), node("i", "interrupt"), ways=("t>i",), name="B"))
    await scene.host.intake.take([came("c-1", f"e-{number}", points=1) for number in range(52)])

    first = await viewer.get("/customer", id="c-1", show="workflows")
    (older,) = [one for one in first.html.select("p.actions a") if one.get_text() == "Older"]
    second = await viewer.get(str(older["href"]).removesuffix("#line"))

    assert (len(rows(first)), len(rows(second))) == (100, 4)


async def test_a_time_line_of_runs_looks_only_so_far(
    scene: MessageScene, viewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_runs, "LOOK", 2)
    await draw(scene, workflow(trigger(), node("i", "interrupt"), ways=("t>i",)))
    await happen(scene, "c-1", "e-1")
    await happen(scene, "c-1", "e-2", action="tier_up")
    await happen(scene, "c-1", "e-3", action="tier_up")

    first = await viewer.get("/customer", id="c-1", show="workflows")
    second = await viewer.get(str(first.find(".empty a")["href"]).removesuffix("#line"))

    assert "Nothing found so far" in first.text
    assert len(rows(second)) == 1


async def test_nothing_ran_for_a_customer(scene: MessageScene, viewer: Person) -> None:
    await happen(scene, "c-1", "e-1")

    page = await viewer.get("/customer", id="c-1", show="workflows")

    assert "No workflow ran yet" in page.text


async def test_an_event_says_rightly_why_no_message_was_made_of_it(
    scene: MessageScene, viewer: Person
) -> None:
    async def said() -> str:
        return rows(await viewer.get("/customer", id="c-1", show="events"))[0]

    await happen(scene, "c-1", "e-1", points=1)
    unassociated = await said()
    await draw(scene, FILTERED)
    started_none = await said()
    await happen(scene, "c-1", "e-2", points=1)
    stopped = await said()
    await draw(scene, WAITING)
    await happen(scene, "c-1", "e-3", points=1)
    waits = await said()
    await go_on(scene)
    made = await said()

    assert "no message: no connection has it associated" in unassociated
    assert "it starts a workflow now, and started none when it came" in started_none
    assert "no connection has it associated, and no workflow made one" in stopped
    assert "started 1 workflow" in stopped
    assert "no message yet: a workflow waits" in waits
    assert "1 message made" in made


async def test_a_message_tells_which_workflow_made_it(scene: MessageScene, viewer: Person) -> None:
    sends = communication(event="checkout_seen", payload={})
    await draw(scene, workflow(trigger("opt_out"), sends), workflow(trigger(), sends, name="Other"))
    await happen(scene, "c-1", "e-1", "opt_out")  # associated as well
    await happen(scene, "c-2", "e-2")

    page = await details(viewer)
    messages = page.html.select(".made a")
    own = await viewer.get(str(messages[0]["href"]))
    listed = rows(await viewer.get("/queue?state=all"))
    await scene.host.bench.workflows.delete("points-e-mail")
    later = await viewer.get(str(messages[0]["href"]))

    assert len(messages) == 1, "the association's message is none of the run"
    assert "Made by the workflow Points e-mail" in own.text
    assert own.html.select("a[href='/workflows/points-e-mail']")
    assert [("by Points e-mail" in row, "by Other" in row) for row in listed].count(
        (True, False)
    ) == 1
    assert sum("by " in row for row in listed) == 2, "three messages, two of workflows"
    assert "which was deleted" in later.text
