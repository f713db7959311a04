"""`python -m benchmarks [--write] [ITEM …]`: measure, and print one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks import claims, end_to_end, intake, pages, plain, workflows
from benchmarks.table import Row, as_markdown, machine, write_between_markers

ITEMS: Final[Mapping[str, Callable[[], Iterator[Row]]]] = {
    "intake": intake.measure,
    "workflows": workflows.measure,
    "end_to_end": end_to_end.measure,
    "claims": claims.measure,
    "plain": plain.measure,
    "pages": pages.measure,
}
README: Final = Path(__file__).with_name("README.md")


def main() -> None:
    """Measure the items named (all without a name); progress goes to stderr."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("items", nargs="*", metavar="ITEM", help=f"of {', '.join(ITEMS)}")
    parser.add_argument("--write", action="store_true", help=f"put the table into {README.name}")
    options = parser.parse_args()
    if unknown := [item for item in options.items if item not in ITEMS]:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(ITEMS)}")

    text = f"{machine()}\n\n{as_markdown(list(_rows(options.items or list(ITEMS))))}"
    print(text)
    if options.write:
        write_between_markers(README, text)


def _rows(items: list[str]) -> Iterator[Row]:
    for item in items:
        for row in ITEMS[item]():
            print(f"{row.what}: {row.median:,.1f} {row.unit}", file=sys.stderr, flush=True)
            yield row


if __name__ == "__main__":
    main()
