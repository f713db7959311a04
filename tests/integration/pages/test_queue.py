"""Resend queue and Undelivered: what they show, how they are filtered, what can be done there."""

from __future__ import annotations

import csv
import re

import pytest

from host.accounts import Role
from host.model import Reason
from tests.messages import MessageScene
from tests.pages import Page, Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]

HOSTILE = "<script>alert(1)</script>\u202egnp\0"


def rows(page: Page) -> list[str]:
    """The rows of the list, in words."""
    return page.words("table.messages tbody tr")


def of_form(page: Page, **more: str | list[str]) -> dict[str, str | list[str]]:
    """The fields of the list's form, with some added."""
    form = page.find("form#chosen")
    fields = {str(f["name"]): str(f["value"]) for f in form.select("input[type=hidden]")}
    return {**fields, **more}


async def test_an_empty_queue_says_what_will_appear_here(operator: Person) -> None:
    page = await operator.get("/queue")

    assert page.heading == "Resend queue"
    assert (
        "Nothing waits Failed deliveries appear here and are retried up to five times." in page.text
    )


async def test_a_failed_message_stands_in_the_queue_with_reason_and_attempts(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.fail()

    for path in ("/queue", "/connections/mparticle/queue"):
        page = await operator.get(path)

        (row,) = rows(page)
        assert "point_add anna" in row
        assert "Destination error (5xx) the destination is unwell (HTTP 503): try later" in row
        assert "1 of 5" in row and "in 9 min" in row
        assert page.words("a[aria-current=true]") == ["Being retried 1"]


async def test_the_policy_is_told_as_the_scheduler_has_it(operator: Person) -> None:
    page = await operator.get("/connections/mparticle/queue")

    assert "first 24 to 36 s after the failure" in page.text
    assert "given up after 6 h 4 min to 9 h 6 min" in page.text
    assert page.words("h1") == ["mParticle Resend queue"]


async def test_chips_count_by_the_books_and_show_each_state(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.fail()
    await scene.take("ben", "cleo")
    await scene.outbox.claim(1)

    page = await operator.get("/queue", state="waiting")

    assert page.words("nav.lists .chips a") == [
        "Being retried 1",
        "Waiting 1",
        "Being sent 1",
        "All 3",
    ]
    assert [("cleo" in row, "not sent yet" in row) for row in rows(page)] == [(True, True)]
    assert len(rows(await operator.get("/queue", state="sending"))) == 1
    assert len(rows(await operator.get("/queue", state="all"))) == 3


async def test_filters_stand_in_the_address_and_can_be_cleared(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna", "ben")
    await scene.fail()

    found = await operator.get("/queue", customer="anna", reason="destination_error", since="hour")
    nothing = await operator.get("/queue", customer="anna", event="other_event")
    cleared = await operator.get(str(nothing.find(".empty a")["href"]))

    assert len(rows(found)) == 1 and "anna" in rows(found)[0]
    assert "No message fits these filters Clear filters" in nothing.text
    assert len(rows(cleared)) == 2


@pytest.mark.parametrize("query", [{"state": "delivered"}, {"since": "yesterday"}])
async def test_a_filter_that_means_nothing_is_refused(
    operator: Person, query: dict[str, str]
) -> None:
    assert (await operator.get("/queue", **query)).status == 400


async def test_pages_lead_to_older_ones(scene: MessageScene, operator: Person) -> None:
    await scene.take(*(f"c-{number:02}" for number in range(60)))

    first = await operator.get("/queue", state="waiting")
    (older,) = [a for a in first.html.select("p.actions a") if a.get_text() == "Older"]
    second = await operator.get(str(older["href"]))

    assert (len(rows(first)), len(rows(second))) == (50, 10)
    assert "c-59" in rows(first)[0] and "c-09" in rows(second)[0]
    assert "Newest" in second.text


async def test_one_message_is_due_now_at_a_press(scene: MessageScene, operator: Person) -> None:
    await scene.take("anna")
    await scene.fail()
    (id_,) = await scene.ids()

    page = await operator.post("/messages/resend", of_form(await operator.get("/queue"), one=id_))

    assert (page.path, page.toast) == ("/queue?state=retrying", "1 message due now.")
    assert len((await scene.outbox.claim()).claimed) == 1


async def test_what_changed_meanwhile_is_counted(scene: MessageScene, operator: Person) -> None:
    await scene.take("anna", "ben")
    await scene.fail()
    page = await operator.get("/queue")
    ids = await scene.ids()
    await operator.post("/messages/resend", of_form(page, one=ids[0]))
    await scene.deliver()

    after = await operator.post("/messages/resend", of_form(page, id=ids))

    assert after.toast == "1 message due now, 1 had changed meanwhile."


async def test_nothing_selected_is_said(scene: MessageScene, operator: Person) -> None:
    await scene.take("anna")
    await scene.fail()

    page = await operator.post("/messages/resend", of_form(await operator.get("/queue")))

    assert page.toast == "Nothing is selected: tick the messages first."


async def test_discarding_asks_first_and_then_does_it(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna", "ben")
    await scene.fail()
    ids = await scene.ids()

    asked = await operator.post("/messages/discard", of_form(await operator.get("/queue"), id=ids))
    before = await scene.outbox.books()
    fields = [
        (str(f["name"]), str(f["value"])) for f in asked.html.select("main form input[type=hidden]")
    ]
    done = Page(await operator.client.post("/messages/discard", data=_multi(fields)))

    assert "Discard 2 messages?" in asked.text and "never reaches its destination" in asked.text
    assert before == {"made": 2, "retrying": 2}
    assert done.toast == "2 messages discarded."
    assert await scene.outbox.books() == {"made": 2, "discarded": 2}


def _multi(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for name, value in fields:
        told.setdefault(name, []).append(value)
    return told


async def test_all_that_match_means_the_filters_and_nothing_else(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.refuse()
    await scene.take("ben")
    await scene.fail()
    await scene.take("cleo")

    page = await operator.get("/queue", state="all")
    asked = await operator.post("/messages/discard", of_form(page, all="on"))
    fields = [
        (str(f["name"]), str(f["value"])) for f in asked.html.select("main form input[type=hidden]")
    ]
    await operator.client.post("/messages/discard", data=_multi(fields))

    assert "Discard all 2 messages?" in asked.text
    assert await scene.outbox.books() == {"made": 3, "undelivered": 1, "discarded": 2}


async def test_a_blocked_lane_shows_what_blocks_it_and_sets_it_aside(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.fail()
    await scene.take("anna")
    first, second = await scene.ids()

    waiting = await operator.get("/queue", state="waiting")
    (row,) = rows(waiting)
    page = await operator.post("/messages/set-aside", of_form(waiting, one=first))

    assert re.search(r"waits behind a failed message until \d\d:\d\d:\d\d UTC Set aside", row)
    assert page.toast == "1 message set aside under Undelivered."
    assert [one.message.dedupe_id for one in (await scene.outbox.claim()).claimed] == [second]
    (aside,) = rows(await operator.get("/undelivered"))
    assert "Set aside by hand" in aside


async def test_what_was_refused_is_replayed_from_undelivered(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.refuse()
    (id_,) = await scene.ids()

    listed = await operator.get("/connections/mparticle/undelivered")
    page = await operator.post("/messages/replay", of_form(listed, one=id_))

    assert "Refused by the destination" in rows(listed)[0]
    assert page.path.startswith("/connections/mparticle/undelivered")
    assert page.toast == "1 message put back into the queue."
    assert "Nothing is undelivered" in page.text
    assert await scene.outbox.books() == {"made": 1, "waiting": 1}


async def test_delivered_says_who_accepted_it(scene: MessageScene, operator: Person) -> None:
    await scene.take("anna")
    await scene.deliver()

    page = await operator.get("/undelivered", state="delivered")

    assert "Accepted by mParticle" in rows(page)[0]
    assert "Delivered means accepted by the destination." in page.text


@pytest.mark.parametrize("action", ["resend", "discard", "replay", "set-aside"])
async def test_a_viewer_sees_the_queue_and_changes_nothing(
    scene: MessageScene, action: str
) -> None:
    await scene.take("anna")
    await scene.fail()
    (id_,) = await scene.ids()

    async with person(scene.host, Role.VIEWER) as viewer:
        page = await viewer.get("/queue")
        refused = await viewer.post(f"/messages/{action}", {"one": id_, "sure": "on"})

    assert len(rows(page)) == 1 and "Resend now" not in page.text
    assert refused.status == 403
    assert await scene.outbox.books() == {"made": 1, "retrying": 1}


async def test_hostile_words_stay_words(scene: MessageScene, operator: Person) -> None:
    await scene.take(HOSTILE)
    await scene.fail(reason=Reason(code="destination_error", text=HOSTILE))
    (id_,) = await scene.ids()

    for path in ("/queue", "/queue?customer=%3Cscript%3E", f"/messages/{id_}"):
        page = await operator.get(path)

        assert "<script>alert" not in page.response.text
        assert "\0" not in page.response.text
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;\u202egnp␀</bdi>" in page.response.text


async def test_the_export_holds_what_matches_and_no_formula(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("=HYPERLINK(1)", "ben", "@sum", "-1")
    await scene.fail()

    answer = await operator.client.get("/queue/export.csv?state=retrying")

    assert answer.headers["content-disposition"] == 'attachment; filename="queue.csv"'
    lines = list(csv.DictReader(answer.text.splitlines()))
    assert [line["customer"] for line in lines] == ["'-1", "'@sum", "ben", "'=HYPERLINK(1)"]
    assert {line["reason"] for line in lines} == {"destination_error"}
    assert "demo-secret" not in answer.text


async def test_what_holds_a_connection_back_is_said_on_top(
    scene: MessageScene, operator: Person
) -> None:
    await scene.host.bench.configure.pause("mparticle", True)
    paused = await operator.get("/queue")
    await scene.host.bench.configure.pause("mparticle", False)
    resumed = await operator.get("/queue")

    assert "mParticle is paused. Its messages wait; none is lost." in paused.text
    assert "is paused" not in resumed.text


async def test_a_script_gets_the_rows_alone(scene: MessageScene, operator: Person) -> None:
    await scene.take("anna")
    await scene.fail()

    answer = await operator.client.get("/queue", headers={"HX-Request": "true"})

    assert "<html" not in answer.text and "1 of 5" in answer.text


async def test_an_unknown_connection_has_no_queue(operator: Person) -> None:
    assert (await operator.get("/connections/nobody/queue")).status == 404


async def test_a_post_goes_back_to_pages_of_this_host_alone(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.fail()
    (id_,) = await scene.ids()

    answer = await operator.client.post(
        "/messages/resend", data={"one": id_, "back": "//evil.example"}, follow_redirects=False
    )

    assert answer.headers["location"] == "/modules"
