"""What is wrong with a graph, in words, each with its node."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """A fault keeps a workflow from being activated; a warning does not."""

    FAULT = "fault"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFault:
    """One thing that is wrong. `node` and `field` are "" where it concerns more than one."""

    message: str
    node: str = ""
    field: str = ""
    level: Level = Level.FAULT


def has_faults(found: Collection[NodeFault]) -> bool:
    """Whether a graph with these cannot be activated."""
    return any(fault.level is Level.FAULT for fault in found)
