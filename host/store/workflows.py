"""Workflows as rows: names, versions, which one runs. What graphs mean is told elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from host import wire
from host.errors import VersionConflict
from host.store.engine import Row, Transaction
from host.store.runs import WORKFLOW_DELETED, cancel

VERSIONS_KEPT: Final = 50  # of a workflow, beside those that run, wait or stand in its log
_CANCELLED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRow:
    """A saved workflow. `version` is that of the newest graph: the draft."""

    key: int
    id: str
    name: str
    version: int
    active_version: int | None  # of the graph that events start; None: none was activated yet
    active: bool
    changed_at: int  # ms since 1970
    changed_by: str | None

    @classmethod
    def from_row(cls, row: Row) -> WorkflowRow:
        """Of a statement of `workflows.sql`."""
        return cls(
            key=row[0],
            id=row[1],
            name=row[2],
            version=row[3],
            active_version=row[4],
            active=bool(row[5]),
            changed_at=row[6],
            changed_by=row[7],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowEdit:
    """What is to be saved; `row` is what it replaces, None for a new one.

    `graph`: JSON of a new version; None: no new version is made.
    """

    row: WorkflowRow | None
    id: str
    name: str
    graph: str | None
    activate: bool | None  # True: a version runs from now on; False: paused; None: as it is
    version: int | None = None  # which one to activate; None: the newest
    by: str | None = None  # who wants it


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveGraph:
    """A graph that events start. `graph`: JSON."""

    workflow: int
    id: str
    name: str
    version: int
    graph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedVersion:
    """When a version was saved (ms since 1970), and by whom."""

    version: int
    at: int
    by: str | None


def read_workflows(tx: Transaction) -> list[WorkflowRow]:
    """All workflows, by name."""
    return [WorkflowRow.from_row(row) for row in tx.rows("workflows")]


def find_workflow(tx: Transaction, id_: str) -> WorkflowRow | None:
    """One workflow by its id."""
    row = tx.row("workflow_by_id", id_)
    return WorkflowRow.from_row(row) if row else None


def workflow_names(tx: Transaction, keys: Iterable[int]) -> dict[int, tuple[str, str, bool]]:
    """Id, name and whether it was deleted, of these workflows by key."""
    rows = tx.rows("workflow_names", wire.dumps(sorted(set(keys))).decode())
    return {row[0]: (row[1], row[2], bool(row[3])) for row in rows}


def active_graphs(tx: Transaction) -> list[ActiveGraph]:
    """What events start, in the order in which the workflows were made."""
    return [
        ActiveGraph(workflow=row[0], id=row[1], name=row[2], version=row[3], graph=row[4])
        for row in tx.rows("active_graphs")
    ]


def read_graph_text(tx: Transaction, workflow: int, version: int) -> str | None:
    """A graph as it was saved, JSON; None: that version is no longer kept."""
    row = tx.row("workflow_graph", workflow, version)
    return row[0] if row else None


def newest_graphs(tx: Transaction) -> dict[int, str]:
    """The newest graph of every workflow, JSON by key."""
    return {row[0]: row[2] for row in tx.rows("newest_graphs")}


def read_versions(tx: Transaction, workflow: int) -> list[SavedVersion]:
    """Versions of a workflow, the newest first."""
    return [
        SavedVersion(version=row[0], at=row[1], by=row[2])
        for row in tx.rows("workflow_versions", workflow, VERSIONS_KEPT)
    ]


def save_workflow(tx: Transaction, edit: WorkflowEdit) -> WorkflowRow:
    """Save a workflow. Raises VersionConflict if it changed in between, or its name is taken."""
    before = edit.row
    others = [row for row in read_workflows(tx) if before is None or row.key != before.key]
    if any(row.id == edit.id or row.name == edit.name for row in others):
        raise VersionConflict(f"another workflow is called “{edit.name}” meanwhile")
    version = before.version if before else 0
    version += edit.graph is not None
    row = WorkflowRow(
        key=before.key if before else tx.keys(1),
        id=edit.id,
        name=edit.name,
        version=version,
        active_version=(edit.version or version)
        if edit.activate
        else (before.active_version if before else None),
        active=(before.active if before else False) if edit.activate is None else edit.activate,
        changed_at=tx.now,
        changed_by=edit.by,
    )
    shape = (row.name, row.version, row.active_version, int(row.active), tx.now, edit.by)
    if before is None:
        tx.run("add_workflow", row.key, row.id, *shape)
    elif not tx.run("save_workflow", *shape, row.key, before.version):
        raise VersionConflict(f"the workflow “{edit.name}” was changed by somebody else meanwhile")
    if edit.graph is not None:
        tx.run("add_workflow_version", row.key, version, edit.graph, tx.now, edit.by)
        tx.run("drop_versions", row.key, version - VERSIONS_KEPT)
    tx.run("next_version", "generation")
    return row


def delete_workflow(tx: Transaction, key: int) -> None:
    """Delete a workflow; its log stays. `cancel_deleted` ends the runs that wait."""
    tx.run("delete_workflow", tx.now, key)
    tx.run("next_version", "generation")


def cancel_deleted(tx: Transaction, key: int) -> bool:
    """End some of the runs that a deleted workflow has waiting; True while there may be more."""
    runs = tx.rows("waiting_of_workflow", key, _CANCELLED_AT_ONCE)
    for run in runs:
        cancel(tx, run, WORKFLOW_DELETED)
    return len(runs) == _CANCELLED_AT_ONCE


def deleted_with_waits(tx: Transaction) -> list[int]:
    """Deleted workflows that still have runs waiting."""
    return [row[0] for row in tx.rows("deleted_with_waits")]
