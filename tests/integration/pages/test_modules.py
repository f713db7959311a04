"""The Modules menu: found, filtered, switched; and every module has every page."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host.accounts import Role
from host.app import Host
from host.configuration import ConnectionDraft
from host.model import Reason
from host.pages.connection_frame import TABS
from host.store.connections import stop_connection
from tests.messages import message_scene
from tests.pages import Person, person, quiet_host

pytestmark = pytest.mark.anyio

BROKEN = "[plugins.mparticle]\nenabled = true\n[plugins.gone]\nenabled = true\n"


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with quiet_host(tmp_path, "[plugins.mparticle]\nenabled = false\n") as opened:
        yield opened


async def test_a_module_is_found_in_spite_of_a_wrong_letter(operator: Person) -> None:
    found = await operator.get("/modules", q="mpratic")
    nothing = await operator.get("/modules", q="nonsense")

    assert [card["id"] for card in found.html.select(".card")] == ["module-mparticle"]
    assert found.words("[role=status]") == ["1 module for “ mpratic ”"]
    assert nothing.html.select(".card") == []
    assert nothing.find(".empty a")["href"] == "/modules"


async def test_a_script_gets_the_cards_alone(operator: Person) -> None:
    answer = await operator.client.get("/modules?q=mparticle", headers={"HX-Request": "true"})

    assert "module-mparticle" in answer.text
    assert "<html" not in answer.text


async def test_switching_on_is_written_to_the_file_and_leads_on(
    operator: Person, tmp_path: Path
) -> None:
    on = await operator.post("/modules/mparticle/enable")
    written = tomllib.loads((tmp_path / "plugins.toml").read_text())
    off = await operator.post("/modules/mparticle/disable")

    assert on.path == "/modules/mparticle/connect"
    assert "written to plugins.toml" in on.toast
    assert written["plugins"]["mparticle"]["enabled"] is True
    assert off.path == "/modules"
    assert "What waits is kept" in off.toast
    assert "disabled" in off.words("#module-mparticle .badge")


async def test_a_file_that_cannot_be_written_says_which_line_to_change(
    operator: Person, tmp_path: Path
) -> None:
    (tmp_path / "plugins.toml").write_text("[plugins.mparticle\n")

    page = await operator.post("/modules/mparticle/enable")

    assert page.status == 422
    assert "plugins.toml" in page.text


async def test_a_module_that_is_not_there_is_not_switched(operator: Person) -> None:
    page = await operator.post("/modules/nothing/enable")

    assert (page.status, page.heading) == (404, "There is nothing here")


async def test_what_cannot_be_loaded_stands_there_with_its_reason(tmp_path: Path) -> None:
    async with quiet_host(tmp_path, BROKEN) as host, person(host, Role.VIEWER) as viewer:
        page = await viewer.get("/modules", show="attention")

    assert [card["id"] for card in page.html.select(".card")] == ["module-gone"]
    assert "no installed distribution offers it" in page.find("#module-gone .note").get_text()


async def test_a_card_tells_of_today_and_of_trouble(tmp_path: Path) -> None:
    async with message_scene(tmp_path) as scene, person(scene.host, Role.VIEWER) as viewer:
        await scene.take("c-1", "c-2")
        await scene.deliver()
        await scene.take("c-1")
        await scene.refuse()
        reason = Reason(code="unauthorized", text="the key is refused <b>")
        key = scene.outbox.connection
        await scene.host.bench.store.write(lambda tx: stop_connection(tx, key, reason, "api_key"))

        page = await viewer.get("/modules")

    assert page.words("#module-mparticle .figures dd")[:2] == ["2", "1"]
    assert "needs attention" in page.words("#module-mparticle .badge")
    assert page.words(".trouble li") == ["Production (mparticle): the key is refused <b> Fix"]
    assert page.find(".trouble a")["href"] == "/connections/mparticle/connect"
    assert page.words("#module-mparticle button") == []


@pytest.mark.parametrize("name", ["mparticle", "template"])
async def test_every_module_has_every_page(tmp_path: Path, name: str) -> None:
    async with (
        quiet_host(tmp_path, f"[plugins.{name}]\nenabled = true\n") as host,
        person(host) as admin,
    ):
        manifest = host.bench.modules.registry.get(name).manifest
        assert manifest is not None and manifest.stand_in is not None
        draft = ConnectionDraft(
            id="one",
            module=name,
            settings={
                key: value if isinstance(value, str | bool | int) else value.reveal()
                for key, value in manifest.stand_in.settings("http://127.0.0.1:9").items()
            },
            fields=manifest.stand_in.fields,
            events=manifest.stand_in.events,
        )
        new = await admin.get(f"/modules/{name}/connect")
        await host.bench.configure.save(draft, untested=True)

        for path, words in TABS:
            page = await admin.get(f"/connections/one{path}")

            assert page.status == 200, (path, page.text)
            assert page.heading.startswith(manifest.title)
            assert page.words(".tabs [aria-current]") == [words]

    assert new.status == 200
    assert [f"settings.{field.name}" for field in manifest.settings] == [
        str(one["name"]) for one in new.html.select("[name^='settings.']")
    ]
