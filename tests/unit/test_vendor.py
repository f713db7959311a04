"""Front-end files of others are what their list says, byte by byte."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

import pytest

VENDOR: Final = Path(__file__).parents[2] / "host/pages/static/vendor"
LISTED: Final = dict(
    re.findall(
        r"^\| [^|]+ \| [^|]+ \| [^|]+ \| `([^`]+)` \| [^|]+ \| `([0-9a-f]{64})` \|$",
        (VENDOR / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)


@pytest.mark.parametrize("name", sorted(LISTED))
def test_a_file_is_as_it_was_published(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == LISTED[name]


def test_the_list_is_whole() -> None:
    assert {file.name for file in VENDOR.iterdir()} == {"README.md", *LISTED}


def test_every_package_comes_with_its_licence() -> None:
    listed = (VENDOR / "README.md").read_text(encoding="utf-8")
    packages = set(re.findall(r"^\| (\S+) \| \d", listed, re.MULTILINE))

    assert packages
    assert not [name for name in packages if f"{name}.LICENSE" not in LISTED]
