"""Workflows as they are written: in a file for `apply`, or as the JSON of the API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from host.configuration import reading
from host.configuration.reading import Faults
from host.workflow.graph import Graph, graph_as_json
from host.workflow.reading import read_graph

KEYS: Final = ("name", "active", "nodes", "edges")
SHOWN_KEYS: Final = (
    "id",
    "state",
    "version",
    "active_version",
    "trigger",
    "faults",
    "runs_24h",
    "errors_24h",
    "changed_at",
    "changed_by",
)
"""What the API shows of a workflow beside its configuration; ignored when given back."""

LONGEST_NAME: Final = 100  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowDraft:
    """A workflow as somebody wants it. None: as it is (a new one: paused, empty)."""

    name: str | None = None
    active: bool | None = None
    graph: Graph | None = None


def read_workflow(value: object) -> WorkflowDraft:
    """One workflow, as the API takes it. Raises InvalidConfiguration with faults of form."""
    faults = Faults()
    draft = _workflow(value, "workflow", (*KEYS, *SHOWN_KEYS), faults)
    faults.raise_if_any()
    return draft


def workflows_in(
    value: object, faults: Faults, *, shown: bool = False
) -> tuple[WorkflowDraft, ...]:
    """The workflows of a file; what is wrong goes to `faults`.

    `shown`: what the API shows beside them may stand there, too.
    """
    if not isinstance(value, (list, tuple)):
        faults.note("workflows", f"must be a list of tables, not {reading.type_name(value)}")
        return ()
    drafts: list[WorkflowDraft] = []
    for place, item in enumerate(value):
        here = f"workflows[{place}]"
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, str) and name.strip():
            here = f"workflows.{name}"
            if any(draft.name == name for draft in drafts):
                faults.note(f"{here}.name", "another workflow has this name already")
        elif isinstance(item, Mapping):
            faults.note(f"{here}.name", "is missing: give it")
        keys = (*KEYS, *SHOWN_KEYS) if shown else KEYS
        drafts.append(_workflow(item, here, keys, faults))
    return tuple(drafts)


def _workflow(value: object, path: str, keys: tuple[str, ...], faults: Faults) -> WorkflowDraft:
    found = reading.table(value, path, faults)
    if found is None:
        return WorkflowDraft()
    reading.only(keys, found, path, faults)
    drawn = "nodes" in found or "edges" in found
    return WorkflowDraft(
        name=name_in(found["name"], f"{path}.name", faults) if "name" in found else None,
        active=reading.flag(found["active"], f"{path}.active", faults)
        if "active" in found
        else None,
        graph=read_graph(found, path, faults) if drawn else None,
    )


def name_in(value: object, path: str, faults: Faults) -> str | None:
    """A workflow's name: one line, not empty, and short enough for a list."""
    name = reading.text(value, path, faults)
    if name is None:
        return None
    if not name.strip():
        faults.note(path, "is missing: give it")
    elif name != name.strip() or not name.isprintable():
        faults.note(path, "must be one line of text without blanks at its ends")
    elif len(name) > LONGEST_NAME:
        faults.note(path, f"has {len(name)} characters, more than {LONGEST_NAME}")
    return name


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or one like it that no other workflow has."""
    if name not in taken:
        return name
    count, short = 1, name[: LONGEST_NAME - len(" (copy 999)")].rstrip()
    found = f"{short} (copy)"
    while found in taken:
        count += 1
        found = f"{short} (copy {count})"
    return found


def workflow_as_json(name: str, active: bool, graph: Graph) -> dict[str, Any]:
    """A workflow with the keys of a file and of the API."""
    return {"name": name, "active": active, **graph_as_json(graph)}
