"""Plugins as they are found: distributions on the path, sound, broken, missing or doubled."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.errors import PluginFault
from host.model import ModuleState
from host.registry import Registry, installed_names

SOUND = """\
from host import EventType, Manifest, hookimpl

manifest = Manifest(
    name="{name}",
    title="The {name}",
    summary="For tests.",
    settings=(),
    event_types=(EventType(name="other", label="Other"),),
)


@hookimpl
async def connect(): ...


@hookimpl
def sync_fields(): ...


@hookimpl
def map_event(): ...


@hookimpl
async def deliver(): ...


@hookimpl
def resend(): ...
"""


class Site:
    """A folder on the path that distributions are put into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self,
        name: str,
        code: str = SOUND,
        *,
        distribution: str | None = None,
        package: str | None = None,
        version: str = "1.0",
    ) -> Path:
        """A distribution with one plugin; the path of the plugin's file."""
        package = package or f"fake_{name}"
        distribution = distribution or f"fake-{name}"
        stem = distribution.replace("-", "_")
        for old in self.folder.glob(f"{stem}-*.dist-info/*"):
            old.unlink()
        for old in self.folder.glob(f"{stem}-*.dist-info"):
            old.rmdir()
        described = self.folder / f"{stem}-{version}.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
            f"Summary: Fake {name}.\n"
        )
        (described / "entry_points.txt").write_text(f"[host.plugins]\n{name} = {package}.plugin\n")
        (self.folder / package).mkdir(exist_ok=True)
        (self.folder / package / "__init__.py").touch()
        file = self.folder / package / "plugin.py"
        write(file, code.replace("{name}", name))
        return file

    def uninstall(self, distribution: str) -> None:
        for path in self.folder.glob(f"{distribution.replace('-', '_')}-*.dist-info/*"):
            path.unlink()


def write(file: Path, code: str) -> None:
    """Write code with a time of its own, so that Python's cache never takes it for the old."""
    later = file.stat().st_mtime_ns + 2_000_000_000 if file.exists() else None
    file.write_text(code)
    if later is not None:
        os.utime(file, ns=(later, later))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("fake_"):
            del sys.modules[name]


def test_an_enabled_plugin_is_loaded_and_introduced(site: Site) -> None:
    site.install("sound", version="2.3")

    module = Registry.discover({"sound": True}).ready("sound")

    assert (module.state, module.reason, module.enabled) == (ModuleState.READY, "", True)
    assert (module.title, module.distribution, module.version) == ("The sound", "fake-sound", "2.3")


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"sound": False}, "switched off in plugins.toml"),
        ({}, "not named in plugins.toml"),
    ],
    ids=["off", "unnamed"],
)
def test_a_disabled_plugin_is_listed_and_not_imported(
    site: Site, wanted: dict[str, bool], reason: str
) -> None:
    site.install("sound", "raise KeyboardInterrupt")

    module = Registry.discover(wanted).get("sound")

    assert (module.state, module.reason, module.enabled) == (ModuleState.DISABLED, reason, False)
    assert (module.title, module.version) == ("Fake sound", "1.0")
    assert "fake_sound" not in sys.modules


@pytest.mark.parametrize("enabled", [True, False])
def test_a_wanted_plugin_that_is_not_installed_is_missing_until_it_is(
    site: Site, enabled: bool
) -> None:
    registry = Registry.discover({"absent": enabled})
    missing = registry.get("absent")

    site.install("absent")
    changed = registry.update({"absent": True})

    assert missing.state is ModuleState.MISSING
    assert "install the plugin" in missing.reason
    assert changed == ("absent",)
    assert registry.get("absent").state is ModuleState.READY


BROKEN = {
    "syntax error": ("x = 1\ndef (:\n", "(line 2 of fake_bad/plugin.py)"),
    "missing dependency": (
        "\n\nimport not_installed_anywhere\n",
        "cannot be imported: No module named 'not_installed_anywhere' "
        "(line 3 of fake_bad/plugin.py)",
    ),
    "exit": ("import sys\nsys.exit(3)\n", "SystemExit: 3) (line 2 of fake_bad/plugin.py)"),
    "assertion": ("assert 1 == 2, 'no'\n", "AssertionError: no"),
    "any error": ("1 / 0\n", "ZeroDivisionError: division by zero (line 1 of"),
    "unusual error": ("class E(BaseException): ...\nraise E('odd')\n", "E: odd"),
    "misspelt hook": (
        SOUND.replace("def map_event", "def map_evnt"),
        "unknown hook 'map_evnt'; did you mean map_event?",
    ),
    "wrong colour": (
        SOUND.replace("async def deliver", "def deliver"),
        "its hook deliver must be `async def`",
    ),
    "no manifest": (SOUND.replace("manifest =", "card ="), "it holds no `manifest`"),
    "other name": (SOUND.replace("{name}", "worse"), "its manifest names it 'worse'"),
    "other host": (
        SOUND.replace("settings=()", "host_api=0, settings=()"),
        "version 0 of the host's promises",
    ),
}


@pytest.mark.parametrize(("code", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_harms_nobody_and_can_be_mended(site: Site, code: str, reason: str) -> None:
    file = site.install("bad", code)
    site.install("sound")

    registry = Registry.discover({"bad": True, "sound": True})
    broken = registry.get("bad")
    write(file, SOUND.replace("{name}", "bad"))
    changed = registry.update({"bad": True, "sound": True})

    assert broken.state is ModuleState.BROKEN
    assert reason in broken.reason
    assert (broken.distribution, broken.enabled) == ("fake-bad", True)
    assert changed == ("bad",)
    assert registry.ready("bad").reason == ""
    assert registry.ready("sound").reason == ""


def test_a_broken_plugin_is_mended_in_a_file_beside_it(site: Site) -> None:
    file = site.install("bad", "from fake_bad import beside\n" + SOUND + "beside.answer\n")
    beside = file.with_name("beside.py")
    write(beside, "anser = 42\n")

    registry = Registry.discover({"bad": True})
    broken = registry.get("bad")
    write(beside, "answer = 42\n")
    registry.update({"bad": True})

    assert broken.state is ModuleState.BROKEN
    assert registry.get("bad").state is ModuleState.READY


def test_an_interruption_by_a_person_is_no_failure(site: Site) -> None:
    site.install("bad", "raise KeyboardInterrupt\n")

    with pytest.raises(KeyboardInterrupt):
        Registry.discover({"bad": True})


def test_two_distributions_under_one_name_are_refused_until_one_is_gone(site: Site) -> None:
    site.install("twin", distribution="fake-one")
    site.install("twin", "raise KeyboardInterrupt", distribution="fake-two", package="fake_other")

    registry = Registry.discover({"twin": True})
    doubled = registry.get("twin")
    site.uninstall("fake-two")
    registry.update({"twin": True})

    assert doubled.state is ModuleState.BROKEN
    assert "fake-one 1.0 and fake-two 1.0" in doubled.reason
    assert registry.get("twin").state is ModuleState.READY


def test_of_two_installations_of_a_distribution_the_first_on_the_path_counts(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = Site(tmp_path / "behind")
    behind.folder.mkdir()
    monkeypatch.syspath_prepend(behind.folder)
    behind.install("twin", distribution="fake.twin", version="1.0")
    monkeypatch.syspath_prepend(site.folder)
    site.install("twin", version="2.0")

    assert Registry.discover({"twin": True}).ready("twin").version == "2.0"


def test_foreign_metadata_that_cannot_be_read_is_passed_over(site: Site) -> None:
    site.install("sound")
    for name, points in (("empty", None), ("garbage", "[host.plugins]\n= nothing\n")):
        folder = site.folder / f"{name}-1.0.dist-info"
        folder.mkdir()
        if points is not None:
            (folder / "entry_points.txt").write_text(points)

    assert "sound" in installed_names()
    assert Registry.discover({"sound": True}).get("sound").state is ModuleState.READY


def test_switching_off_lets_go_and_switching_on_loads_again(site: Site) -> None:
    site.install("sound")
    registry = Registry.discover({"sound": True})

    off = registry.update({"sound": False})
    disabled = registry.get("sound")
    with pytest.raises(PluginFault, match="is disabled: switched off"):
        registry.ready("sound")
    on = registry.update({"sound": True})

    assert off == on == ("sound",)
    assert disabled.title == "The sound"
    assert disabled.manifest is not None
    assert registry.ready("sound").reason == ""


def test_nothing_changes_when_nothing_has_changed(site: Site) -> None:
    site.install("sound")
    site.install("bad", "1 / 0")
    registry = Registry.discover({"sound": True, "bad": True, "absent": True})

    assert registry.update({"sound": True, "bad": True, "absent": True}) == ()


@pytest.mark.parametrize("toggled", [False, True], ids=["running", "switched off and on"])
def test_new_code_of_an_imported_plugin_asks_for_a_restart(site: Site, toggled: bool) -> None:
    file = site.install("sound")
    registry = Registry.discover({"sound": True})

    write(file, SOUND.replace("{name}", "sound").replace("For tests", "Newer"))
    if toggled:
        registry.update({"sound": False})
    registry.update({"sound": True})

    module = registry.ready("sound")
    assert module.reason == "new code is installed; restart the host to use it"


def test_a_new_version_of_an_imported_plugin_asks_for_a_restart(site: Site) -> None:
    site.install("sound")
    registry = Registry.discover({"sound": True})

    site.install("sound", version="1.1")
    registry.update({"sound": True})

    assert "restart" in registry.get("sound").reason


def test_an_uninstalled_plugin_is_missing(site: Site) -> None:
    site.install("sound")
    registry = Registry.discover({"sound": True})

    site.uninstall("fake-sound")
    registry.update({"sound": True})

    assert registry.get("sound").state is ModuleState.MISSING


def test_our_own_plugins_are_installed_and_the_template_loads() -> None:
    registry = Registry.discover({"template": True})

    assert registry.ready("template").distribution == "loyalty-host-template"
