"""Workflows as they are saved and seen, and what is around them."""

from __future__ import annotations

from dataclasses import dataclass

from host.catalogue import EVENTS
from host.configuration import ConnectionConfig
from host.configure.workflow_change import SavedWorkflow
from host.errors import NotFound
from host.manifest import Manifest
from host.routing import Routing
from host.store.engine import Transaction
from host.store.seen import read_seen
from host.store.workflows import WorkflowRow, find_workflow, read_graph_text, read_workflows
from host.workflow import ConnectionAround, Graph, NodeFault, has_faults
from host.workflow.kinds import EVENT_TRIGGER
from host.workflow.reading import saved_graph


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowView:
    """A workflow as people see it. `graph`: the newest; `faults`: its faults and warnings."""

    row: WorkflowRow
    graph: Graph
    faults: tuple[NodeFault, ...]
    active_faults: tuple[NodeFault, ...] = ()  # of the version that events start
    runs: int = 0  # of the last 24 hours
    errors: int = 0

    @property
    def state(self) -> str:
        """draft (never activated), active or paused."""
        if self.row.active:
            return "active"
        return "draft" if self.row.active_version is None else "paused"

    @property
    def trigger(self) -> str:
        """The loyalty event that starts it; "" while there is none."""
        return trigger_of(self.graph)

    @property
    def ready(self) -> bool:
        """Whether the newest version can be activated."""
        return not has_faults(self.faults)

    @property
    def is_newest_active(self) -> bool:
        """Whether events start the newest version."""
        return self.row.active and self.row.active_version == self.row.version


def saved_workflows(tx: Transaction) -> list[SavedWorkflow]:
    """All workflows with their graphs."""
    return [saved_workflow(tx, row) for row in read_workflows(tx)]


def saved_workflow(tx: Transaction, row: WorkflowRow) -> SavedWorkflow:
    """A workflow with its graphs."""
    return SavedWorkflow(
        row=row,
        graph=version_of(tx, row, row.version),
        active_graph=version_of(tx, row, row.active_version) if row.active_version else None,
    )


def connections_around(routing: Routing) -> dict[str, ConnectionAround]:
    """Connections as workflows see them."""
    return {
        route.row.id: connection_around(route.config, route.manifest) for route in routing.routes
    }


def connection_around(config: ConnectionConfig, manifest: Manifest | None) -> ConnectionAround:
    """A connection as workflows see it."""
    associated = frozenset(row.loyalty for row in config.events if row.enabled)
    if manifest is None:
        return ConnectionAround(title=config.id, associated=associated)
    return ConnectionAround(
        title=manifest.title if config.id == config.module else config.id,
        event_types={type_.name: type_.label for type_ in manifest.event_types},
        name_length=manifest.limits.name_length,
        associated=associated,
        maps_fields=bool(config.fields),
    )


def known_events(tx: Transaction) -> frozenset[str]:
    """Loyalty events that came, or that the platform knows by itself."""
    return frozenset(read_seen(tx)) | {event.id for event in EVENTS}


def found_workflow(tx: Transaction, id_: str) -> WorkflowRow:
    """One workflow. Raises NotFound."""
    row = find_workflow(tx, id_)
    if row is None:
        raise NotFound(f"there is no workflow {id_!r}")
    return row


def version_of(tx: Transaction, row: WorkflowRow, version: int) -> Graph:
    """A version of a workflow. Raises NotFound."""
    text = read_graph_text(tx, row.key, version)
    if text is None:
        raise NotFound(f"version {version} of the workflow {row.id!r} is no longer kept")
    return saved_graph(text)


def trigger_of(graph: Graph) -> str:
    """The loyalty event that a graph begins with; "" while there is none."""
    found = (node.text("event") for node in graph.nodes if node.type == EVENT_TRIGGER)
    return next(found, "")
