"""A new plugin made from the template passes its own tests, unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from host.errors import InvalidConfiguration
from host.model import ModuleState
from host.registry import Registry
from host.scaffold import new_plugin


def own_tests(folder: Path, *chosen: str) -> subprocess.CompletedProcess[str]:
    """Run a plugin's tests in a process of their own, with its folder on the path."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_new_plugin_passes_its_own_tests(tmp_path: Path) -> None:
    folder = new_plugin("acme_cdp", tmp_path)

    done = own_tests(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_nothing_of_the_old_name_is_left(tmp_path: Path) -> None:
    folder = new_plugin("acme_cdp", tmp_path)

    files = [path for path in folder.rglob("*") if path.is_file()]
    texts = {path: path.read_text(encoding="utf-8").casefold() for path in files}
    assert folder == tmp_path / "acme_cdp"
    assert folder / "host_acme_cdp" / "plugin.py" in files
    assert not [p for p, text in texts.items() if "template" in f"{p.relative_to(tmp_path)}{text}"]
    assert list(tmp_path.iterdir()) == [folder]
    assert not [path for path in folder.rglob("*") if path.name.startswith((".", "__pyc"))]


def test_a_new_plugin_is_found_once_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_plugin("acme", tmp_path)
    described = folder / "loyalty_host_acme-0.1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Name: loyalty-host-acme\nVersion: 0.1.0\n")
    (described / "entry_points.txt").write_text("[host.plugins]\nacme = host_acme.plugin\n")
    monkeypatch.syspath_prepend(folder)

    module = Registry.discover({"acme": True}).get("acme")

    assert module.state is ModuleState.READY, module.reason
    assert (module.title, module.version) == ("Acme", "0.1.0")


@pytest.mark.parametrize(
    "name", ["", "Acme", "1acme", "acme-cdp", "acme cdp", "../acme", "class", "_acme", "acme_", "ä"]
)
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidConfiguration, match="must be lower-case letters"):
        new_plugin(name, tmp_path / "new")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["template", "mparticle"])
def test_the_name_of_an_installed_plugin_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidConfiguration, match="is the name of an installed plugin"):
        new_plugin(name, tmp_path)


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "acme" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")

    with pytest.raises(InvalidConfiguration, match="exists already"):
        new_plugin("acme", tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


SABOTAGE = {
    "a fresh id each time": (
        "delivery.py",
        '"id": message.dedupe_id,',
        '"id": f"{message.dedupe_id[:8]}{message.attempts}",',
        "test_an_outage_passes_and_the_same_id_is_sent_again",
    ),
    "every status is good": (
        "delivery.py",
        "outcome_for_status(answer.status,",
        "outcome_for_status(202,",
        "test_a_status_means_what_it_usually_means[503]",
    ),
    "two requests a call": (
        "delivery.py",
        "    answer = await _post(connection.settings,",
        "    await _post(connection.settings, [], http)\n"
        "    answer = await _post(connection.settings,",
        "test_several_messages_are_one_request_and_one_outcome_each",
    ),
    "no Retry-After": (
        "delivery.py",
        "after=answer.retry_after",
        "after=None",
        "test_retry_after_is_passed_on[429]",
    ),
    "data beside the name": (
        "mapping.py",
        '"data": _data(event, mapping),',
        "**_data(event, mapping),",
        "test_data_overwrites_neither_identity_nor_name_nor_environment",
    ),
    "a clock in the payload": (
        "mapping.py",
        "event.occurred_at.isoformat(",
        "__import__('datetime').datetime.now().isoformat(",
        "test_the_same_event_gives_the_same_payload",
    ),
    "the token in the title": (
        "delivery.py",
        'return str(settings["base_url"])',
        'return settings["token"].reveal()  # type: ignore',
        "test_good_settings_connect_and_name_the_account",
    ),
    "a default that is none of the types": (
        "manifest.py",
        'default_event_type="activity"',
        'default_event_type="activities"',
        "test_the_default_event_type_is_one_of_the_types",
    ),
}


@pytest.mark.parametrize("files", [("mapping.py", "manifest.py"), ("delivery.py",)])
def test_a_plugin_that_breaks_its_promises_fails_the_contract(
    tmp_path: Path, files: tuple[str, ...]
) -> None:
    folder = new_plugin("acme", tmp_path)
    chosen = [one for one in SABOTAGE.values() if one[0] in files]
    for file, sound, broken, _ in chosen:
        path = folder / "host_acme" / file
        assert sound in path.read_text()
        path.write_text(path.read_text().replace(sound, broken))

    done = own_tests(folder, "tests/test_contract.py")

    assert done.returncode == 1, done.stdout + done.stderr
    for *_, failing in chosen:
        assert f"FAILED tests/test_contract.py::TestContract::{failing}" in done.stdout
