"""The page of one message: what it says, every attempt, what can be done about it."""

from __future__ import annotations

import pytest

from host.accounts import Role
from tests.messages import MessageScene
from tests.pages import Person, person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("scene")]


async def test_a_failed_message_tells_its_attempts_and_what_comes_next(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.fail()
    (id_,) = await scene.ids()

    page = await operator.get(f"/messages/{id_}")

    assert page.heading == "Message"
    assert "Destination error (5xx). the destination is unwell (HTTP 503): try later" in page.text
    assert "resend 1 of 5" in page.text
    assert "If every try fails, it is given up between" in page.text
    (attempt,) = page.words("table tbody tr")
    assert attempt.endswith("5 ms 202 Failed the destination is unwell (HTTP 503): try later")
    assert "The destination recognises a repeat by this id." in page.text
    assert page.words("article button") == [*("Resend now", "Discard", "Copy JSON", "Copy as curl")]


async def test_the_request_is_shown_without_secrets(scene: MessageScene, operator: Person) -> None:
    await scene.take("anna")
    (id_,) = await scene.ids()

    page = await operator.get(f"/messages/{id_}")
    command = page.find("#curl").get_text()

    assert command.startswith("curl -X POST http://127.0.0.1:9/v2/")
    assert '-u demo-key:"$API_SECRET"' in command
    assert id_ in command and '"event_name": ' not in command
    assert "demo-secret" not in page.response.text


async def test_the_last_resend_says_that_it_is_the_last(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    for _ in range(4):
        await scene.fail(wait=-1)
    await scene.fail(wait=600)
    (id_,) = await scene.ids()

    page = await operator.get(f"/messages/{id_}")

    assert "resend 5 of 5. If it fails, the message is given up." in page.text


async def test_a_message_behind_a_failed_one_leads_to_it(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.fail()
    await scene.take("anna")
    first, second = await scene.ids()

    page = await operator.get(f"/messages/{second}")
    leader = await operator.get(str(page.find("a[data-drawer]")["href"]))

    assert "It waits behind a failed message of this customer until" in page.text
    assert leader.path == f"/messages/{first}"
    assert "1 message of this customer waits behind it." in leader.text
    assert "Set aside" in leader.words("article button")


async def test_an_action_of_the_page_comes_back_to_it(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.refuse()
    (id_,) = await scene.ids()
    page = await operator.get(f"/messages/{id_}")

    after = await operator.post("/messages/replay", page.form("/messages/replay"))

    assert (after.path, after.toast) == (f"/messages/{id_}", "1 message put back into the queue.")
    assert "waiting" in after.words(".badge")


async def test_a_drawer_gets_the_message_alone_and_leads_back_to_its_list(
    scene: MessageScene, operator: Person
) -> None:
    await scene.take("anna")
    await scene.fail()
    (id_,) = await scene.ids()

    answer = await operator.client.get(
        f"/messages/{id_}?back=/queue%3Fstate%3Dall", headers={"HX-Request": "true"}
    )

    assert "<html" not in answer.text
    assert 'value="/queue?state=all"' in answer.text


@pytest.mark.parametrize("id_", ["nothing", "x-0000000000000", "a.b", "%00"])
async def test_an_id_of_no_message_is_not_found(operator: Person, id_: str) -> None:
    assert (await operator.get(f"/messages/{id_}")).status == 404


async def test_a_viewer_reads_and_has_no_buttons_to_press(scene: MessageScene) -> None:
    await scene.take("anna")
    await scene.fail()
    (id_,) = await scene.ids()

    async with person(scene.host, Role.VIEWER) as viewer:
        page = await viewer.get(f"/messages/{id_}")

    assert page.words("article button") == ["Copy JSON", "Copy as curl"]
