"""Rows of figures → one Markdown table, and its place in a README."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BEGIN: Final = "<!-- figures: begin -->"
END: Final = "<!-- figures: end -->"
_HEAD: Final = ("what", "figure", "unit", "range of the runs", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured thing: the figure of every run, shown as median and range."""

    what: str
    runs: tuple[float, ...]
    unit: str
    note: str = ""

    @property
    def median(self) -> float:
        """The figure that counts."""
        return statistics.median(self.runs)

    def cells(self) -> tuple[str, ...]:
        """The row's texts, in the order of the head."""
        spread = f"{_figure(min(self.runs))} to {_figure(max(self.runs))}"
        return (
            self.what,
            _figure(self.median),
            self.unit,
            spread if len(self.runs) > 1 else "one run",
            self.note,
        )


def _figure(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def as_markdown(rows: Sequence[Row]) -> str:
    """The table, columns padded so that a terminal shows it as well."""
    lines = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def machine() -> str:
    """What the figures were measured on, in one sentence."""
    return (
        f"Measured with Python {platform.python_version()} on {os.cpu_count()} cores "
        f"({platform.machine()}, {platform.system()}). Everything ran on these same cores: load "
        "generator, host and destination share them, so that figures alone on a machine are higher."
    )


def write_between_markers(path: Path, text: str) -> None:
    """Put `text` between the two markers of a file; raises ValueError when one is missing."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} lacks the lines {BEGIN} and {END}: put them back")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
