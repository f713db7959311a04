"""What became of the items of a file, added up over its requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal["events", "customers"]
Place: TypeAlias = Literal["line", "index"]

COUNTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "events": ("taken", "duplicates", "skipped"),
    "customers": ("taken", "unchanged", "stale"),
}
"""What the host counts besides refusals, in the order of the summary line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One item that the host did not take."""

    by: Place
    number: int  # of the line in the file, from 1, or of the array's item, from 0
    id: str | None
    code: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """As the host's API writes it."""
        error = {"code": self.code, "message": self.message}
        return {self.by: self.number, "id": self.id, "error": error}

    def __str__(self) -> str:
        place = f"line {self.number}" if self.by == "line" else f"item {self.number + 1}"
        return f"{place}: {self.code}: {self.message}"


@dataclass(slots=True, kw_only=True)
class Summary:
    """The sum of the host's answers. `ids` stays empty when they were not to be kept."""

    kind: Kind
    counts: dict[str, int]
    refused: list[Refusal] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)

    @classmethod
    def empty(cls, kind: Kind) -> Summary:
        """Nothing has been answered yet."""
        return cls(kind=kind, counts=dict.fromkeys(COUNTS[kind], 0))

    def add(self, answer: Mapping[str, Any], first_line: int, keep_ids: bool) -> None:
        """Add one answer; its lines count from `first_line` of the file.

        Raises ValueError, KeyError, TypeError or AttributeError when it is not the host's answer.
        """
        refused = [_refusal(given, first_line) for given in answer["refused"]]
        counts = {name: int(answer.get(name, 0)) for name in self.counts}
        ids = list(answer.get("ids", ())) if keep_ids else []
        for name, count in counts.items():
            self.counts[name] += count
        self.refused += refused
        self.ids += ids

    def to_json(self) -> dict[str, Any]:
        """The whole as one object, as the host's API answers it for one request."""
        answer: dict[str, Any] = {
            **self.counts,
            "refused": [refusal.to_json() for refusal in self.refused],
        }
        if self.kind == "events":
            answer["ids"] = self.ids
        return answer


def _refusal(given: Mapping[str, Any], first_line: int) -> Refusal:
    by: Place = "line" if "line" in given else "index"
    error = given["error"]
    return Refusal(
        by=by,
        number=int(given[by]) + (first_line - 1 if by == "line" else 0),
        id=given.get("id"),
        code=str(error["code"]),
        message=str(error["message"]),
    )


def summary_line(summary: Summary) -> str:
    """`taken 4, duplicates 0, skipped 1, refused 8`."""
    counts = {**summary.counts, "refused": len(summary.refused)}
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def refusal_lines(summary: Summary) -> Iterator[str]:
    """One line for each refused item: `line 3: invalid_json: not JSON: ...`."""
    return map(str, summary.refused)
