"""Named SQL statements out of `.sql` files: Python holds no SQL text.

Each statement stands under a comment line `-- name: what it is for`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Final

_HEADING: Final = re.compile(r"^-- (\w+): .+$", re.MULTILINE)


def read_statements(folder: Traversable) -> Mapping[str, str]:
    """Statements of all `.sql` files in a folder, by name."""
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _HEADING.split(file.read_text("utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"two statements are called {name} (again in {file.name})")
            found[name] = text.strip().rstrip(";")
    return found


def read_migrations(folder: Traversable) -> list[tuple[int, str]]:
    """Numbered migration scripts, in order."""
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted((int(file.name.partition("_")[0]), file.read_text("utf-8")) for file in files)
