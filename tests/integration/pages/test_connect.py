"""Connect: a connection is typed, tried, saved, changed, disconnected, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host.accounts import Role
from host.app import Host
from host.document import read_document
from host.model import ConnectionState, Reason, Secret
from host.store.connections import stop_connection
from tests.drawn import as_file, workflow
from tests.harness import StandInServer, configuration, stand_in
from tests.pages import Page, Person, person, quiet_host

pytestmark = pytest.mark.anyio

NEW = "/modules/mparticle/connect"
PAGE = "/connections/mparticle/connect"
HOSTILE = "<script>alert(1)</script>\u202egnp\0"


@pytest.fixture(scope="module")
def far() -> Iterator[StandInServer]:
    with stand_in() as server:
        yield server


@pytest.fixture(autouse=True)
def well(far: StandInServer) -> None:
    far.misbehave()


@pytest.fixture
async def connected(host: Host, far: StandInServer) -> Host:
    """The host with a connection to the stand-in."""
    await host.bench.configure.apply(read_document(configuration(far.url), {}))
    return host


async def typed(operator: Person, path: str, **settings: str) -> dict[str, str]:
    """The form as the page offers it, with some settings typed."""
    form = (await operator.get(path)).form(path)
    return form | {f"settings.{name}": value for name, value in settings.items()}


async def right(operator: Person, far: StandInServer) -> dict[str, str]:
    """The form of a new connection with what the stand-in accepts."""
    return await typed(
        operator, NEW, api_url=f"{far.url}/v2", api_key="demo-key", api_secret="demo-secret"
    )


async def state(host: Host, id_: str = "mparticle") -> ConnectionState:
    return (await host.bench.configure.routing()).find(id_).row.state


async def ids(host: Host) -> list[str]:
    return [route.row.id for route in (await host.bench.configure.routing()).routes]


def result(page: Page) -> str:
    """The line that tells what a test came to."""
    return " ".join(page.words("#trial .note") or page.words(".note"))


# A new connection.


async def test_the_form_follows_the_manifest(operator: Person) -> None:
    page = await operator.get(NEW)

    assert page.heading == "Connect mParticle"
    names = [field["name"] for field in page.html.select("form.connect > fieldset > .field input")]
    assert names == [
        "settings.api_url",
        "settings.api_key",
        "settings.api_secret",
        "settings.development",
    ]
    assert page.find('input[name="settings.api_secret"]')["type"] == "password"
    assert "Where to find it: In mParticle: Setup" in page.text
    assert page.form(NEW)["delivery.resend_waits"] == "30 s, 5 min, 30 min, 2 h, 5 h"
    assert "sent again up to 5 times" in page.text


async def test_connect_tries_saves_and_goes_on_to_the_fields(
    operator: Person, host: Host, far: StandInServer
) -> None:
    answer = await operator.client.post(
        NEW, data=await right(operator, far), follow_redirects=False
    )

    assert answer.status_code == 303
    assert answer.headers["location"] == "/connections/mparticle/fields"
    assert "loyalty_host_toast" in answer.headers["set-cookie"]
    route = (await host.bench.configure.routing()).find("mparticle")
    assert route.row.state is ConnectionState.CONNECTED
    assert route.config.settings["api_secret"] == Secret("demo-secret")
    assert route.config.settings["development"] is False


async def test_wrong_credentials_keep_what_was_typed_but_no_secret(
    operator: Person, host: Host, far: StandInServer
) -> None:
    fields = await right(operator, far) | {"settings.api_secret": "s3cret-typo"}
    fields |= {"settings.development": "on", "delivery.timeout": "7"}

    page = await operator.post(NEW, fields)

    assert page.status == 422
    assert "mParticle refuses the API key or the API secret (HTTP 403)" in page.text
    assert page.find("#settings\\.api_secret")["aria-invalid"] == "true"
    again = page.form(NEW)
    assert again["settings.api_key"] == "demo-key"
    assert again["settings.development"] == "on"
    assert again["delivery.timeout"] == "7"
    assert again["settings.api_secret"] == ""
    assert "s3cret-typo" not in page.response.text
    assert page.text.count("Secrets are not sent back to the page: type it again.") == 1
    assert await ids(host) == []

    done = await operator.post(NEW, again | {"settings.api_secret": "demo-secret"})
    assert await ids(host) == ["mparticle"], done.text


async def test_every_fault_is_at_its_field(operator: Person) -> None:
    page = await operator.post(
        NEW, await typed(operator, NEW, api_url="ftp://x", api_key="", api_secret="")
    )

    assert page.status == 422
    faults = [fault["id"] for fault in page.html.select(".fault")]
    assert faults == [
        "settings.api_url-fault",
        "settings.api_key-fault",
        "settings.api_secret-fault",
    ]
    assert "API URL must be an address that begins with https://" in page.text
    assert "API key is missing: give it" in page.text


async def test_a_delivery_that_cannot_be_is_told_and_unfolded(
    operator: Person, far: StandInServer
) -> None:
    fields = await right(operator, far)
    fields |= {"delivery.resend_waits": "30 s, soon", "delivery.concurrency": "many"}

    page = await operator.post(NEW, fields)

    assert page.status == 422
    assert "“soon” is no time to wait" in page.text
    assert "Requests at once must be a whole number" in page.text
    assert page.find("details.more").has_attr("open")
    assert page.form(NEW)["delivery.resend_waits"] == "30 s, soon"


async def test_delivery_and_identities_are_saved(
    operator: Person, host: Host, far: StandInServer
) -> None:
    fields = await right(operator, far)
    fields |= {"delivery.resend_waits": "1.5, 2 min", "delivery.circuit_after": "0"}
    fields |= {"identities.email": "contact.email"}

    await operator.post(NEW, fields)

    config = (await host.bench.configure.routing()).find("mparticle").config
    assert config.delivery.resend_waits == (1.5, 120.0)
    assert config.delivery.circuit_after == 0
    assert config.identities is not None
    assert config.identities["email"] == "contact.email"


async def test_a_further_connection_has_an_id_of_its_own(
    operator: Person, connected: Host, far: StandInServer
) -> None:
    form = await right(operator, far)
    taken = await operator.post(NEW, form | {"id": "mparticle"})
    wrong = await operator.post(NEW, form | {"id": "Two Words"})
    await operator.post(NEW, form)

    assert form["id"] == "mparticle-2"
    assert taken.status == 422
    assert "There is a connection mparticle already" in taken.text
    assert taken.form(NEW)["id"] == "mparticle"
    assert wrong.status == 422
    assert await ids(connected) == ["mparticle", "mparticle-2"]


async def test_a_module_that_is_switched_off_says_so(tmp_path: Path) -> None:
    async with (
        quiet_host(tmp_path, "[plugins.mparticle]\nenabled = false\n") as host,
        person(host, Role.OPERATOR) as operator,
    ):
        page = await operator.get(NEW)
        posted = await operator.post(NEW, {"settings.api_key": "k"})

        assert "This module is switched off" in page.text
        assert page.html.select("form[action='/modules/mparticle/enable'] button")
        assert posted.status == 422
        assert await ids(host) == []


async def test_a_module_that_is_missing_says_why(tmp_path: Path) -> None:
    async with (
        quiet_host(tmp_path, "[plugins.nowhere]\nenabled = true\n") as host,
        person(host) as admin,
    ):
        page = await admin.get("/modules/nowhere/connect")

    assert "This module is missing" in page.text
    assert page.html.select("form.connect") == []


async def test_an_unknown_module_is_not_found(operator: Person) -> None:
    assert (await operator.get("/modules/nobody/connect")).status == 404


async def test_the_template_plugin_gets_the_same_page(tmp_path: Path) -> None:
    async with (
        quiet_host(tmp_path, "[plugins.template]\nenabled = true\n") as host,
        person(host, Role.OPERATOR) as operator,
    ):
        page = await operator.get("/modules/template/connect")

        assert page.heading == "Connect Template"
        assert page.words("form.connect > fieldset > .field > label") == [
            "Address required",
            "Token required",
            "Test data",
        ]
        assert page.find("#settings\\.base_url")["data-usual-host"] == "hooks.example.com"


# Test connection.


async def test_a_test_that_works_tells_the_account_and_saves_nothing(
    operator: Person, host: Host, far: StandInServer
) -> None:
    page = await operator.post(f"{NEW}/test", await right(operator, far))

    assert page.status == 200
    assert "It works : mParticle feed …-key" in result(page)
    assert " ms" in result(page)
    assert page.form(NEW)["settings.api_key"] == "demo-key"
    assert "demo-secret" not in page.response.text
    assert await ids(host) == []


@pytest.mark.parametrize(
    ("change", "misbehaviour", "heading", "words"),
    [
        ({"settings.api_secret": "no"}, {}, "The credentials are wrong", "refuses the API key"),
        ({}, {"status": 404}, "The address is wrong", "no such address"),
        ({}, {"status": 503}, "The destination is unwell", "HTTP 503"),
        ({"settings.api_url": "http://127.0.0.1:9"}, {}, "The destination is unwell", ""),
        ({"settings.api_key": ""}, {}, "Not tried yet", "API key is missing"),
        ({"delivery.timeout": "soon"}, {}, "Not tried yet", "must be a number of seconds"),
    ],
    ids=["credentials", "address", "unwell", "nobody", "missing", "unreadable"],
)
async def test_a_test_tells_what_is_wrong(
    operator: Person,
    far: StandInServer,
    change: dict[str, str],
    misbehaviour: dict[str, int],
    heading: str,
    words: str,
) -> None:
    far.misbehave(**misbehaviour)

    page = await operator.post(f"{NEW}/test", await right(operator, far) | change)

    assert heading in result(page)
    assert words in result(page)


async def test_a_script_gets_the_result_alone(operator: Person, far: StandInServer) -> None:
    answer = await operator.client.post(
        f"{NEW}/test", data=await right(operator, far), headers={"HX-Request": "true"}
    )
    part = Page(answer)

    assert part.html.select("form, h1") == []
    assert "It works" in result(part)


async def test_another_host_than_usual_is_pointed_out_not_refused(
    operator: Person, connected: Host
) -> None:
    page = await operator.get(PAGE)
    usual = await operator.get(NEW)

    assert not page.find(".caution").has_attr("hidden")
    assert usual.find(".caution").has_attr("hidden")


# A saved connection.


async def test_secrets_are_never_sent_back(operator: Person, connected: Host) -> None:
    page = await operator.get(PAGE)

    field = page.find('input[name="settings.api_secret"]')
    assert field["value"] == ""
    assert field["autocomplete"] == "off"
    assert "A value is set" in page.text
    assert "demo-secret" not in page.response.text


async def test_an_empty_secret_keeps_the_stored_one(operator: Person, connected: Host) -> None:
    page = await operator.post(PAGE, await typed(operator, PAGE, development="on"))

    assert page.path == PAGE
    assert page.toast.startswith("Saved.")
    settings = (await connected.bench.configure.routing()).find("mparticle").config.settings
    assert settings["api_secret"] == Secret("demo-secret")
    assert settings["development"] is True


async def test_new_credentials_are_tried_before_the_old_are_dropped(
    operator: Person, connected: Host
) -> None:
    page = await operator.post(PAGE, await typed(operator, PAGE, api_secret="new-but-wrong"))

    assert page.status == 422
    assert "Nothing was saved." in page.text
    route = (await connected.bench.configure.routing()).find("mparticle")
    assert route.config.settings["api_secret"] == Secret("demo-secret")
    assert route.row.state is ConnectionState.CONNECTED


async def test_an_unwell_destination_saves_nothing_and_says_so(
    operator: Person, connected: Host, far: StandInServer
) -> None:
    far.misbehave(status=503)

    fields = await typed(operator, PAGE)
    del fields["settings.development"]
    page = await operator.post(PAGE, fields | {"delivery.timeout": "7"})

    assert page.status == 422
    assert "cannot be tried just now" in page.text
    assert page.form(PAGE)["delivery.timeout"] == "7"
    assert "settings.development" not in page.form(PAGE)


async def test_a_late_save_is_told_and_can_be_repeated(operator: Person, connected: Host) -> None:
    fields = await typed(operator, PAGE)
    fields |= {"delivery.timeout": "9"}
    await connected.bench.configure.pause("mparticle", True)

    late = await operator.post(PAGE, fields)
    kept = late.form(PAGE)
    again = await operator.post(PAGE, kept)

    assert late.status == 409
    assert "Somebody else changed this connection while you were editing it" in late.text
    assert kept["delivery.timeout"] == "9"
    assert again.status == 200
    assert (await connected.bench.configure.routing()).find(
        "mparticle"
    ).config.delivery.timeout == 9


async def test_what_needs_attention_is_told_at_its_field(operator: Person, connected: Host) -> None:
    key = (await connected.bench.configure.routing()).find("mparticle").key
    reason = Reason(code="credentials", text=f"the key is refused {HOSTILE}")
    await connected.bench.store.write(lambda tx: stop_connection(tx, key, reason, field="api_key"))

    page = await operator.get(PAGE)
    mended = await operator.post(PAGE, page.form(PAGE))

    assert "Needs attention since" in page.text
    assert page.find("#settings\\.api_key")["aria-invalid"] == "true"
    assert "Nothing was saved" not in page.text
    assert "<script>alert" not in page.response.text
    assert "\0" not in page.response.text
    assert "the key is refused" in " ".join(page.words("main .note bdi"))
    assert mended.toast.startswith("Saved.")
    assert await state(connected) is ConnectionState.CONNECTED


async def test_what_was_typed_comes_back_as_text(operator: Person, far: StandInServer) -> None:
    page = await operator.post(
        NEW, await right(operator, far) | {"settings.api_key": HOSTILE, "identities.email": HOSTILE}
    )

    assert page.status == 422
    assert "<script>alert" not in page.response.text
    assert page.html.select("main script") == []


# Its end.


async def test_disconnect_keeps_what_waits(operator: Person, connected: Host) -> None:
    form = (await operator.get(PAGE)).form("/connections/mparticle/disconnect")

    page = await operator.post("/connections/mparticle/disconnect", form)

    assert form["waiting"] in ("keep", "discard")
    assert page.toast.startswith("mParticle is disconnected; its secrets are forgotten.")
    assert await state(connected) is ConnectionState.NOT_CONNECTED
    assert page.words("form.connect button.primary") == ["Connect"]
    assert "Disconnect" not in page.words("section.ending button")


async def test_it_is_connected_again_with_its_secrets(operator: Person, connected: Host) -> None:
    await connected.bench.configure.disconnect("mparticle", discard=False)

    without = await operator.post(PAGE, await typed(operator, PAGE))
    answer = await operator.client.post(
        PAGE,
        data=await typed(operator, PAGE, api_secret="demo-secret"),
        follow_redirects=False,
    )

    assert without.status == 422
    assert "API secret is missing: give it" in without.text
    assert answer.headers["location"] == "/connections/mparticle/fields"
    assert await state(connected) is ConnectionState.CONNECTED


async def test_a_late_disconnect_does_nothing(operator: Person, connected: Host) -> None:
    form = (await operator.get(PAGE)).form("/connections/mparticle/disconnect")
    await connected.bench.configure.pause("mparticle", True)

    page = await operator.post("/connections/mparticle/disconnect", form | {"waiting": "discard"})

    assert page.status == 409
    assert await state(connected) is ConnectionState.CONNECTED


async def test_delete_wants_the_id_typed(operator: Person, connected: Host) -> None:
    wrong = await operator.post("/connections/mparticle/delete", {"typed": "mParticle"})
    there = await ids(connected)
    done = await operator.post("/connections/mparticle/delete", {"typed": "mparticle"})

    assert wrong.status == 422
    assert "type its id, mparticle" in wrong.text
    assert there == ["mparticle"]
    assert done.path == "/modules"
    assert "The connection mparticle is deleted" in done.toast
    assert await ids(connected) == []


async def test_a_viewer_looks_and_changes_nothing(connected: Host, far: StandInServer) -> None:
    async with person(connected, Role.VIEWER) as viewer:
        page = await viewer.get(PAGE)
        refused = [
            (await viewer.post(path, {"typed": "mparticle"})).status
            for path in (
                PAGE,
                f"{PAGE}/test",
                NEW,
                f"{NEW}/test",
                "/connections/mparticle/disconnect",
                "/connections/mparticle/delete",
            )
        ]

    assert page.find("form.connect fieldset[disabled]")
    assert page.html.select("form.connect button.primary, section.ending") == []
    assert refused == [403] * 6
    assert await state(connected) is ConnectionState.CONNECTED


async def test_a_connection_of_a_switched_off_module_shows_its_settings_locked(
    operator: Person, connected: Host
) -> None:
    await connected.bench.modules.switch("mparticle", False)

    page = await operator.get(PAGE)
    posted = await operator.post(PAGE, {"settings.api_key": "other"})

    assert page.find("form.connect > fieldset").has_attr("disabled")
    assert posted.status == 422
    assert await state(connected) is ConnectionState.CONNECTED


async def test_deleting_tells_which_workflows_send_there(connected: Host, operator: Person) -> None:
    await connected.bench.configure.apply(read_document(as_file(workflow(active=False)), {}))

    page = await operator.get(PAGE)

    assert "1 workflow sends there and will fail: Points e-mail" in page.text
