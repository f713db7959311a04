"""The repository keeps its word: what the README names exists, and nothing local leaks in."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
DOCS: Final = (README, *sorted(ROOT.glob("docs/*.md")), ROOT / "benchmarks/README.md")

# Names of package indexes are put together here, so that this file passes its own test.
INDEXES: Final = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs"),
        ("deb", "debian"),
    )
)
PLACES: Final = re.compile(r"(?<![\w.:/-])/(?:work|root|home|Users|opt)/\w")


def _code(page: Path) -> list[str]:
    """Lines of a page's shell blocks without prompts, and its inline code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [*lines, *re.findall(r"`([^`\n]+)`", prose)]


def _commands() -> list[str]:
    pattern = re.compile(r"\bloyalty-host ([a-z]+(?: [^\s`)|>#]+)*)")
    found = pattern.finditer("\n".join(line for page in DOCS for line in _code(page)))
    return sorted({match[1] for match in found})


def _names(command: str) -> list[str]:
    """The words that name the command: `queue list --state x` → `queue`, `list`."""
    first, _, rest = command.partition(" ")
    second = rest.partition(" ")[0]
    groups = {"plugins", "queue", "tokens", "users"}
    return [first, second] if first in groups and second.isalpha() else [first]


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows or would take."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("no git checkout: there is no list of files to look at")
    files = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [file for file in files if file.is_file()]


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"^make ([a-z]+)", "\n".join(_code(README)), re.MULTILINE)))
)
def test_the_readme_names_targets_of_the_makefile(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", _commands())
def test_the_docs_name_commands_and_options_that_exist(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = entry_points(group="console_scripts", name="loyalty-host")
    names = _names(command)
    monkeypatch.setattr(sys, "argv", ["loyalty-host", *names, "--help"])
    monkeypatch.setenv("COLUMNS", "200")

    try:
        code = script.load()()
    except SystemExit as ended:
        code = ended.code
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)

    assert code in (0, None)
    assert not [option for option in re.findall(r"--[a-z-]+", command) if option not in shown]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")

    assert "make test" in [line.strip() for line in script.splitlines()]
    assert "make test" in _code(README)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_of_the_docs_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert not [link for link in links if not (page.parent / link).exists()]


def test_constraints_hold_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = re.compile(r"[a-z0-9][a-z0-9._-]*==[^\s;/]+( ; [^/]+)?")

    assert lines
    assert not [line for line in lines if not pinned.fullmatch(line)]


def test_no_file_names_a_place_on_one_machine_or_a_package_index() -> None:
    leaks = [
        f"{file.relative_to(ROOT)}: {found}"
        for file in tracked()
        if file != Path(__file__)
        for text in [file.read_text(encoding="utf-8", errors="replace")]
        for found in [*PLACES.findall(text), *(name for name in INDEXES if name in text)]
    ]

    assert not leaks


def test_everything_in_a_package_is_packaged() -> None:
    """Hatchling leaves out what .gitignore names, so nothing in a package may be named there."""
    packages = [Path("host"), *(p.relative_to(ROOT) for p in ROOT.glob("plugins/*/host_*"))]
    files = [
        str(file.relative_to(ROOT))
        for package in packages
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(files),
        capture_output=True,
        text=True,
        check=False,
    )

    assert [file for file in files if file.endswith(".sql")]
    assert not ignored.stdout.splitlines()


@pytest.mark.parametrize(
    "definition", ["pyproject.toml", *(f"plugins/{p}/pyproject.toml" for p in ("mparticle",))]
)
def test_a_wheel_carries_its_whole_package(definition: str) -> None:
    wheel = tomllib.loads((ROOT / definition).read_text(encoding="utf-8"))["tool"]["hatch"]["build"]

    (package,) = wheel["targets"]["wheel"]["packages"]

    assert (ROOT / definition).parent.joinpath(package, "__init__.py").is_file()
    assert "exclude" not in wheel["targets"]["wheel"]
