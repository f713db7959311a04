"""Workflows: saved, checked, activated, paused, tried. Somebody configured something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from host.configure.workflow_change import (
    WorkflowChange,
    faults_of,
    path_faults,
    removal,
    workflow_change,
)
from host.configure.workflow_view import (
    WorkflowView,
    connections_around,
    found_workflow,
    known_events,
    saved_workflow,
    saved_workflows,
    version_of,
)
from host.errors import Fault, InvalidConfiguration, NotFound, VersionConflict
from host.routing import Routing
from host.store.engine import Transaction
from host.store.runs import CANCELLED_BY_HAND, cancel, read_run, runs_of_day
from host.store.store import Store
from host.store.workflows import (
    SavedVersion,
    WorkflowRow,
    cancel_deleted,
    delete_workflow,
    deleted_with_waits,
    read_versions,
    read_workflows,
    save_workflow,
)
from host.workflow import Around, ConnectionAround, Graph, NodeFault, Result, check
from host.workflow.document import WorkflowDraft, free_name


class Workflows:
    """Reads and changes workflows."""

    def __init__(self, store: Store, routing: Callable[[Transaction], Routing]) -> None:
        self._store = store
        self._routing = routing

    async def all(self) -> list[WorkflowView]:
        """All workflows, by name."""
        return await self._store.read(lambda tx: self._views(tx, read_workflows(tx)))

    async def find(self, id_: str) -> WorkflowView:
        """One workflow. Raises NotFound."""
        return await self._store.read(lambda tx: self._view(tx, id_))

    async def graph(self, id_: str, version: int) -> Graph:
        """A version of a workflow. Raises NotFound."""

        def read(tx: Transaction) -> Graph:
            row = found_workflow(tx, id_)
            return version_of(tx, row, version)

        return await self._store.read(read)

    async def versions(self, id_: str) -> list[SavedVersion]:
        """Versions of a workflow, the newest first. Raises NotFound."""
        return await self._store.read(lambda tx: read_versions(tx, found_workflow(tx, id_).key))

    async def check(self, graph: Graph) -> tuple[NodeFault, ...]:
        """What is wrong with a graph."""
        return await self._store.read(lambda tx: check(graph, self.around(tx)))

    async def must_be_ready(self, graph: Graph) -> None:
        """Raise InvalidConfiguration if a graph has faults, all of them."""
        around = await self._store.read(self.around)
        if faults := faults_of(graph, around):
            raise InvalidConfiguration(path_faults("workflow", faults))

    async def save(
        self,
        draft: WorkflowDraft,
        *,
        id_: str | None = None,
        version: int | None = None,
        by: str | None = None,
        draft_only: bool = False,
    ) -> WorkflowView:
        """Save a workflow under its id, or a new one (None: an id is made of its name).

        `version`: the one that was edited, if the caller knows it. `draft_only`: what events
        start stays as it is. Raises InvalidConfiguration or VersionConflict; then nothing was
        saved.
        """

        def read(tx: Transaction) -> WorkflowChange:
            saved = saved_workflows(tx)
            before = next((s for s in saved if s.row.id == id_), None)
            if version is not None and version != (before.row.version if before else 0):
                raise VersionConflict(
                    f"the workflow {id_} was changed meanwhile (version "
                    f"{before.row.version if before else 0}, not {version})"
                )
            taken = [s.row.id for s in saved]
            change = workflow_change(
                draft, before, self.around(tx), taken=taken, id_=id_, draft_only=draft_only
            )
            if any(s.row.name == change.name for s in saved if s is not before):
                fault = Fault(path="name", message="another workflow has this name already")
                raise InvalidConfiguration([fault])
            return change

        change = await self._store.read(read)
        if change.saves:
            await self._store.write(lambda tx: save_workflow(tx, change.edit(by)))
        return await self.find(change.id)

    async def activate(self, id_: str, *, by: str | None = None) -> WorkflowView:
        """Have events start the newest version. Raises NotFound, InvalidConfiguration."""
        view = await self.find(id_)
        if view.is_newest_active:
            return view
        draft = WorkflowDraft(active=True, graph=view.graph)
        return await self.save(draft, id_=id_, version=view.row.version, by=by)

    async def pause(self, id_: str, *, by: str | None = None) -> WorkflowView:
        """Have events start nothing; runs that wait go on. Raises NotFound."""
        await self.find(id_)
        return await self.save(WorkflowDraft(active=False), id_=id_, by=by)

    async def restore(self, id_: str, version: int, *, by: str | None = None) -> WorkflowView:
        """Make an older version the newest one again. Raises NotFound."""
        draft = WorkflowDraft(graph=await self.graph(id_, version))
        return await self.save(draft, id_=id_, by=by, draft_only=True)

    async def duplicate(self, id_: str, *, by: str | None = None) -> WorkflowView:
        """Make a draft of the same graph under another name. Raises NotFound."""
        view = await self.find(id_)
        name = free_name(view.row.name, {other.row.name for other in await self.all()})
        return await self.save(WorkflowDraft(name=name, graph=view.graph), by=by)

    async def cancel(self, id_: str, event: int) -> bool:
        """End the run that an event (key) started; False if it waits no more. Raises NotFound."""

        def write(tx: Transaction) -> bool:
            place = (found_workflow(tx, id_).key, event)
            run = read_run(tx, *place)
            if run is None:
                raise NotFound("there is no such run of this workflow any more")
            if run.result != Result.WAITING:
                return False
            cancel(tx, place, CANCELLED_BY_HAND)
            return True

        return await self._store.write(write)

    async def delete(self, id_: str) -> None:
        """Delete a workflow: it starts nothing more, and what waits in it ends. Its log stays."""
        key = (await self.find(id_)).row.key
        await self._store.write(lambda tx: delete_workflow(tx, key))
        await self._cancel(key)

    async def finish_deletions(self) -> None:
        """End the runs that deleted workflows still have waiting."""
        for key in await self._store.read(deleted_with_waits):
            await self._cancel(key)

    async def _cancel(self, key: int) -> None:
        while await self._store.write(partial(cancel_deleted, key=key)):
            pass

    async def changes(
        self,
        drafts: Sequence[WorkflowDraft],
        connections: Mapping[str, ConnectionAround],
        *,
        prune: bool,
    ) -> list[WorkflowChange]:
        """What the workflows of a file change, under the connections that there will be.

        Raises InvalidConfiguration with all faults.
        """

        def read(tx: Transaction) -> list[WorkflowChange]:
            around = Around(connections=connections, events=known_events(tx))
            saved = {s.row.name: s for s in saved_workflows(tx)}
            taken = {s.row.id for s in saved.values()}
            found: list[WorkflowChange] = []
            faults: list[Fault] = []
            for draft in drafts:
                before = saved.get(draft.name or "")
                try:
                    change = workflow_change(draft, before, around, taken=taken)
                except InvalidConfiguration as error:
                    faults += error.faults
                    continue
                taken.add(change.id)
                found.append(change)
            if faults:
                raise InvalidConfiguration(faults)
            named = {draft.name for draft in drafts}
            gone = [s for s in saved.values() if prune and s.row.name not in named]
            return found + [removal(s) for s in gone]

        return await self._store.read(read)

    def carry_out(self, tx: Transaction, changes: Sequence[WorkflowChange]) -> None:
        """Save what a file changes, in the transaction that saves its connections."""
        for change in changes:
            if change.goes and change.before is not None:
                delete_workflow(tx, change.before.row.key)
            elif change.saves:
                save_workflow(tx, change.edit(None))

    def around(self, tx: Transaction) -> Around:
        """What graphs are checked against."""
        return Around(connections=connections_around(self._routing(tx)), events=known_events(tx))

    def _view(self, tx: Transaction, id_: str) -> WorkflowView:
        return self._views(tx, [found_workflow(tx, id_)])[0]

    def _views(self, tx: Transaction, rows: Sequence[WorkflowRow]) -> list[WorkflowView]:
        around, day = self.around(tx), runs_of_day(tx)
        return [
            WorkflowView(
                row=saved.row,
                graph=saved.graph,
                faults=check(saved.graph, around),
                active_faults=check(saved.shown, around) if saved.row.active else (),
                runs=day.get(saved.row.key, (0, 0))[0],
                errors=day.get(saved.row.key, (0, 0))[1],
            )
            for saved in (saved_workflow(tx, row) for row in rows)
        ]
