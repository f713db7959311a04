"""The published hooks are the hooks, and the authors' face stays light."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from host import hookspecs

GUIDE = Path(__file__).parents[2] / "docs" / "plugins.md"
ROW = re.compile(r"^\| `(\w+)\(([^)]*)\)` \| `(async def|def)` \|", re.MULTILINE)

SPECS: dict[str, Callable[..., object]] = {
    name: spec
    for name, spec in vars(hookspecs).items()
    if hasattr(spec, f"{hookspecs.PROJECT}_spec")
}


def test_the_guide_lists_each_hook_with_its_arguments_and_colour() -> None:
    published = {
        name: (arguments.split(", "), colour)
        for name, arguments, colour in ROW.findall(GUIDE.read_text(encoding="utf-8"))
    }

    assert published == {
        name: (
            list(inspect.signature(spec).parameters),
            "async def" if inspect.iscoroutinefunction(spec) else "def",
        )
        for name, spec in SPECS.items()
    }


@pytest.mark.parametrize("name", SPECS)
def test_each_hook_says_what_it_is_for(name: str) -> None:
    assert len(inspect.getdoc(SPECS[name]) or "") > 40


@pytest.mark.parametrize("name", SPECS)
def test_each_hook_is_given_the_client_only_when_it_talks(name: str) -> None:
    talks = inspect.iscoroutinefunction(SPECS[name])

    assert ("http" in inspect.signature(SPECS[name]).parameters) is talks


def test_the_face_brings_neither_test_tools_nor_the_running_host() -> None:
    heavy = "{'pytest', 'starlette', 'sqlite3', 'stevedore', 'uvicorn', 'typer'}"
    script = f"import sys, host; print(sorted({heavy} & sys.modules.keys()))"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
