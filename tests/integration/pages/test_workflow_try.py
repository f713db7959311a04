"""*Run with a sample event*: with which event, what it tells, and that nothing comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from host import wire
from host.app import Host
from tests.drawn import communication, node, trigger, workflow
from tests.integration.pages.drawing import (
    FAULTY,
    HOSTILE,
    PAGE,
    Drawing,
    as_graph,
    drawing_on,
)
from tests.pages import Page, Person

pytestmark = pytest.mark.anyio

TRY = f"{PAGE}/try"
SENDING = communication(payload={"points": "{{ event.data.points }}"})
MANY = node("f", "event_filter", rows=[{"attribute": "points", "operator": "at_least", "value": 5}])
FILTERED = workflow(
    trigger(),
    MANY,
    node("w", "wait", amount=2, unit="days"),
    SENDING,
    node("i", "interrupt"),
    ways=("t>f", "f>w", "w>m", "f>i:failure"),
)


@pytest.fixture
async def at(host: Host) -> AsyncIterator[Drawing]:
    async with drawing_on(host) as opened:
        yield opened


async def run(person: Person, **typed: str) -> Page:
    """Press *Run with this sample*, with what was typed."""
    page = await person.get(TRY)
    return await person.post(TRY, page.form(TRY) | typed)


def route(page: Page) -> list[tuple[str, str]]:
    told = wire.loads(str(page.find("flow-canvas")["data-route"]))
    return [(one["node"], one["outcome"]) for one in told]


async def test_the_newest_such_event_is_offered_and_told_step_by_step(
    at: Drawing, operator: Person, viewer: Person
) -> None:
    await at.have(FILTERED)
    await at.happen(points=3)
    await at.happen(customer="c-2", points=7)
    await at.happen("checkout", customer="c-3")

    offered = await viewer.get(TRY)
    told = await run(viewer)

    event = wire.loads(offered.form(TRY)["event"])
    assert (event["customer"], event["data"]) == ("c-2", {"points": 7})
    assert told.status == 200
    assert told.words(".walk h3") == [
        "Event t success",
        "Event attribute filter f success",
        "Wait w passed at once",
        "Trigger marketing communication m success",
    ]
    assert "POST http://127.0.0.1:9" in told.find(".walk pre").get_text()
    assert '"points": 7' in told.find(".walk pre").get_text()
    assert route(told)[1:] == [("f", "success"), ("w", "waiting"), ("m", "success")]
    assert told.form(TRY) == offered.form(TRY)
    runs = await operator.get(f"{PAGE}/log")
    assert len(runs.html.select("tbody tr")) == 2  # the two that happened


async def test_without_an_event_one_is_invented(at: Drawing, viewer: Person) -> None:
    await at.have(workflow(trigger(), SENDING))

    offered = await viewer.get(TRY)
    told = await viewer.post(TRY, {})

    event = wire.loads(offered.form(TRY)["event"])
    assert event["action"] == "point_add"
    assert wire.loads(offered.form(TRY)["customer"])
    assert "with an invented event: none came yet" in told.text
    assert route(told) == [("t", "success"), ("m", "success")]


async def test_a_typed_event_and_customer_are_taken(at: Drawing, viewer: Person) -> None:
    country = node(
        "c", "customer_filter", rows=[{"attribute": "country", "operator": "is", "value": "PT"}]
    )
    await at.have(workflow(trigger(), country, SENDING, ways=("t>c", "c>m")))

    abroad = await run(viewer, event='{"data": {"points": 1}}', customer='{"country": "ES"}')
    home = await run(viewer, event='{"data": {"points": 1}}', customer='{"country": "PT"}')
    known = await run(viewer, event='{"customer": "c-9", "data": {}}', customer=" ")

    assert route(abroad) == [("t", "success"), ("c", "failure")]
    assert route(home) == [("t", "success"), ("c", "success"), ("m", "success")]
    assert home.form(TRY)["customer"] == '{"country": "PT"}'
    assert route(known) == [("t", "success"), ("c", "failure")]


@pytest.mark.parametrize(
    ("typed", "field", "fault"),
    (
        ({"event": "{"}, "event", "The event is not JSON: look for a missing comma or quote."),
        ({"customer": "[1"}, "customer", "The customer is not JSON: "),
        ({"event": "[1]"}, "event", "The event must be an object: an event as it is handed in."),
        ({"customer": "5"}, "customer", "The customer must be an object"),
        (
            {"event": '{"action": "checkout"}'},
            "event",
            "The event is “checkout”, and the workflow begins with “point_add”.",
        ),
        ({"event": '{"customer": {}}'}, "event", "Customer must be a string"),
    ),
    ids=("event-json", "customer-json", "event-list", "customer-number", "other", "refused"),
)
async def test_what_is_no_sample_is_told_and_kept(
    at: Drawing, viewer: Person, typed: dict[str, str], field: str, fault: str
) -> None:
    await at.have(workflow(trigger(), SENDING))
    await at.happen(points=7)

    page = await run(viewer, **typed)
    mended = await viewer.post(TRY, page.form(TRY) | {"event": "", "customer": ""})

    assert page.status == 422
    assert page.words(f"#{field}-fault")[0].startswith(fault)
    assert page.find(f"#{field}")["aria-invalid"] == "true"
    assert page.find(".faults a")["href"] == f"#{field}"
    assert page.form(TRY)[field] == typed[field]
    assert "with the newest such event" in mended.text


async def test_what_was_not_saved_yet_is_run_from_the_editor(at: Drawing, operator: Person) -> None:
    await at.have(FAULTY)
    await at.happen("checkout", total=5)
    drawn = workflow(trigger("checkout"), node("s", "sync_data", connection="mparticle"), ways=())
    drawn["edges"] = [{"from": "t", "to": "s", "on": "success"}]
    page = await operator.get(PAGE)

    told = await operator.post(TRY, page.form(PAGE) | {"graph": as_graph(drawn), "do": "try"})
    again = await operator.post(TRY, told.form(TRY))

    assert "with the newest such event" in told.text
    assert wire.loads(told.form(TRY)["event"])["action"] == "checkout"
    for one in (told, again):
        assert route(one) == [("t", "success"), ("s", "success")]
        assert "The fields that would be sent" in one.text
    assert await at.nodes() == ["t"]


async def test_a_workflow_with_faults_cannot_run_and_says_why(at: Drawing, viewer: Person) -> None:
    await at.have(FAULTY)

    saved = await viewer.get(TRY)
    refused = await viewer.post(TRY, saved.form(TRY))
    broken = await viewer.post(TRY, {"graph": "{"})

    assert saved.form(TRY)["event"] == ""
    assert refused.status == 422
    assert refused.words(".faults li") == ["Event: Event type is missing: give it"]
    assert broken.status == 422
    assert "The graph is not JSON" in broken.find(".faults").get_text()


async def test_who_opted_out_is_sent_nothing_and_shown_nothing(
    at: Drawing, operator: Person
) -> None:
    await at.have(workflow(trigger(), SENDING))
    await at.happen("opt_in", first_name="Ana", email="ana@example.com")
    await at.happen(points=7)
    await at.happen("opt_out")

    offered = await operator.get(TRY)
    told = await run(operator)

    assert offered.form(TRY)["customer"] == "{}"
    assert "ana@example.com" not in told.text
    assert told.status == 200


async def test_hostile_samples_are_only_text(at: Drawing, viewer: Person) -> None:
    name = node("f", "event_filter", rows=[{"attribute": "why", "operator": "is_not_empty"}])
    await at.have(workflow(trigger(), name, SENDING, ways=("t>f", "f>m")))
    event = wire.dumps({"data": {"why": HOSTILE, "points": HOSTILE}}).decode()

    page = await run(viewer, event=event)

    assert page.html.select("script:not([src])") == []
    assert HOSTILE in page.words(".walk dd bdi")
    assert page.form(TRY)["event"] == event
