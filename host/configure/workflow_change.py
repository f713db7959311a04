"""What an edit makes of one workflow: as it was, as it will be, and what is wrong with that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from host import wire
from host.errors import Fault, InvalidConfiguration
from host.store.workflows import WorkflowEdit, WorkflowRow
from host.workflow import Around, Graph, Level, NodeFault, check, graph_as_json
from host.workflow.document import WorkflowDraft

_NO_ID: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_ID: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedWorkflow:
    """A workflow as it is saved: the newest graph, and the one that events start."""

    row: WorkflowRow
    graph: Graph
    active_graph: Graph | None  # None: none was activated yet

    @property
    def shown(self) -> Graph:
        """The version that runs, else the newest."""
        return self.active_graph if self.row.active and self.active_graph else self.graph


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowChange:
    """What happens to one workflow."""

    before: SavedWorkflow | None
    id: str
    name: str
    graph: Graph | None  # a new version; None: the graph stays
    activate: bool | None  # None: as it is
    goes: bool = False  # it is deleted

    @property
    def saves(self) -> bool:
        """Whether there is anything to save. A draft may say what runs already: it is one."""
        named = self.before is None or self.before.row.name != self.name
        return named or self.graph is not None or self.activate is not None

    @property
    def lines(self) -> tuple[str, ...]:
        """The change in lines a person reads; none when nothing changes."""
        return tuple(_lines(self))

    def edit(self, by: str | None) -> WorkflowEdit:
        """As the store takes it."""
        graph = None if self.graph is None else wire.dumps(graph_as_json(self.graph)).decode()
        return WorkflowEdit(
            row=self.before.row if self.before else None,
            id=self.id,
            name=self.name,
            graph=graph,
            activate=self.activate,
            by=by,
        )


def workflow_change(
    draft: WorkflowDraft,
    before: SavedWorkflow | None,
    around: Around,
    *,
    taken: Collection[str] = (),
    id_: str | None = None,
    draft_only: bool = False,
) -> WorkflowChange:
    """What a draft makes of a workflow. `taken`: ids of the others, for a new one.

    `draft_only`: what runs stays as it is, whatever is saved. Raises InvalidConfiguration with
    all faults of a workflow that is to be active.
    """
    row = before.row if before else None
    name = draft.name or (row.name if row else None) or id_ or "Workflow"
    runs = row is not None and row.active
    active = runs if draft.active is None else draft.active
    newest = before.graph if before else None
    running = before.active_graph if before and runs else None
    if active and not draft_only:
        wanted = draft.graph or running or newest or Graph()
        activate = None if wanted == running else True
    else:
        wanted = draft.graph or newest or Graph()
        activate = False if runs and not draft_only else None
    if activate and (faults := faults_of(wanted, around)):
        raise InvalidConfiguration(path_faults(f"workflows.{name}", faults))
    same = wanted == newest or (wanted == running and not draft_only)
    return WorkflowChange(
        before=before,
        id=row.id if row else (id_ or free_id(name, taken)),
        name=name,
        graph=None if same else wanted,
        activate=activate,
    )


def removal(saved: SavedWorkflow) -> WorkflowChange:
    """The end of a workflow."""
    row = saved.row
    return WorkflowChange(
        before=saved, id=row.id, name=row.name, graph=None, activate=None, goes=True
    )


def faults_of(graph: Graph, around: Around) -> list[NodeFault]:
    """What keeps a graph from being activated."""
    return [fault for fault in check(graph, around) if fault.level is Level.FAULT]


def path_faults(path: str, faults: Collection[NodeFault]) -> list[Fault]:
    """Faults of nodes as faults of a configuration, with paths that name the nodes."""
    return [Fault(path=_path(path, fault), message=fault.message) for fault in faults]


def _path(path: str, fault: NodeFault) -> str:
    where = f"{path}.nodes.{fault.node}" if fault.node else path
    return f"{where}.{fault.field}" if fault.field else where


def free_id(name: str, taken: Collection[str]) -> str:
    """An id out of a name that no other workflow has."""
    first = id_ = _NO_ID.sub("-", name.casefold())[:_LONGEST_ID].strip("-") or "workflow"
    count = 1
    while id_ in taken:
        count += 1
        id_ = f"{first}-{count}"
    return id_


def _lines(change: WorkflowChange) -> Iterator[str]:
    path = f"workflows.{change.name}"
    before = change.before
    if change.goes:
        yield f"- {path}"
        return
    if before is None:
        yield f"+ {path}"
    elif before.row.name != change.name:
        yield f"~ workflows.{before.row.name}.name: {before.row.name} → {change.name}"
    if before is not None and change.graph is not None:
        yield from _graph_lines(path, before.shown, change.graph)
    was = before.row.active if before else False
    if change.activate and not was:
        yield f"~ {path}.active: false → true" if before else f"+ {path}.active: true"
    elif change.activate and change.graph is None:
        yield f"~ {path}: the newest version is activated"
    elif change.activate is False:
        yield f"~ {path}.active: true → false"


def _graph_lines(path: str, old: Graph, new: Graph) -> Iterator[str]:
    before = {node.id: node for node in old.nodes}
    after = {node.id: node for node in new.nodes}
    for id_ in dict.fromkeys((*before, *after)):
        if id_ not in before:
            yield f"+ {path}.nodes.{id_}"
        elif id_ not in after:
            yield f"- {path}.nodes.{id_}"
        elif before[id_] != after[id_]:
            yield f"~ {path}.nodes.{id_}: changed"
    if old.edges != new.edges:
        yield f"~ {path}.edges: changed"
    elif list(before) != list(after) and before.keys() == after.keys():
        yield f"~ {path}.nodes: the nodes are in another order"
