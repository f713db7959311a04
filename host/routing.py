"""Which connection takes which event, as saved at one moment; read by every flow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from host.configuration.model import ConnectionConfig
from host.configuration.stored import from_stored
from host.errors import NotFound
from host.manifest import Manifest
from host.mapping import ProfileParts, surely_fit
from host.model import Connection, EventMapping, ModuleState, Secret
from host.registry import Module, Registry
from host.store.connections import ConnectionRow, generation, read_connections
from host.store.engine import Transaction
from host.store.vault import Vault, WrongKey
from host.store.workflows import active_graphs
from host.workflow import Program
from host.workflow.reading import compiled

log: Final = structlog.get_logger("host.routing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One connection with its module."""

    row: ConnectionRow
    config: ConnectionConfig
    module: Module
    connection: Connection | None  # as the plugin sees it; None: the manifest is unknown
    takes: Mapping[str, tuple[EventMapping, ...]]  # loyalty event → its enabled associations
    secrets_readable: bool = True
    surely_fit: int = 0  # characters of a payload; with more of them it is measured

    @property
    def key(self) -> int:
        """The connection's key."""
        return self.row.key

    @property
    def switched_on(self) -> bool:
        """Whether messages are made for it at all."""
        return self.row.enabled and self.module.state is not ModuleState.DISABLED

    @property
    def can_map(self) -> bool:
        """Whether the module can be asked."""
        return self.module.ready and self.connection is not None

    @property
    def manifest(self) -> Manifest | None:
        """The module's manifest, while it is known."""
        return self.module.manifest


class Taker(NamedTuple):
    """One association of an event, with what is asked for every event worked out beforehand."""

    route: Route
    mapping: EventMapping
    switched_on: bool
    can_map: bool


class ActiveWorkflow(NamedTuple):
    """A workflow that events start, with the version that runs."""

    key: int
    name: str
    version: int
    program: Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """All connections, as of one generation of the configuration and one of the modules."""

    generation: int = -1
    routes: tuple[Route, ...] = ()
    takers: Mapping[str, tuple[Taker, ...]] = field(default_factory=dict)  # by loyalty event
    named: Mapping[str, Route] = field(default_factory=dict)  # by id
    workflows: Mapping[str, tuple[ActiveWorkflow, ...]] = field(default_factory=dict)
    """By the loyalty event that starts them, in the order in which they were made."""
    parts: ProfileParts = field(default_factory=ProfileParts, compare=False)

    def find(self, id: str) -> Route:
        """A connection by its id. Raises NotFound."""
        route = self.named.get(id)
        if route is None:
            raise NotFound(f"there is no connection {id!r}")
        return route


def read_routing(tx: Transaction, vault: Vault, registry: Registry) -> Routing:
    """The routing as saved now."""
    # The generation first: outside a transaction somebody may save in between, and then what
    # is read must count as older than it is, never as newer.
    known = generation(tx)
    routes = tuple(_route(row, vault, registry) for row in read_connections(tx))
    return Routing(
        generation=known,
        routes=routes,
        takers=_takers(routes),
        named={route.row.id: route for route in routes},
        workflows=_workflows(tx),
    )


def _workflows(tx: Transaction) -> dict[str, tuple[ActiveWorkflow, ...]]:
    starts: dict[str, list[ActiveWorkflow]] = defaultdict(list)
    for graph in active_graphs(tx):
        try:
            program = compiled(graph.graph)
        except Exception as error:  # it harms nobody else; its page tells what is wrong
            log.warning("a workflow cannot run", workflow=graph.id, error=type(error).__name__)
            continue
        active = ActiveWorkflow(graph.workflow, graph.name, graph.version, program)
        starts[program.event].append(active)
    return {event: tuple(found) for event, found in starts.items()}


def _takers(routes: Sequence[Route]) -> dict[str, tuple[Taker, ...]]:
    takers: dict[str, list[Taker]] = defaultdict(list)
    for route in routes:
        for action, mappings in route.takes.items():
            takers[action] += (
                Taker(route, mapping, route.switched_on, route.can_map) for mapping in mappings
            )
    return {action: tuple(found) for action, found in takers.items()}


def _route(row: ConnectionRow, vault: Vault, registry: Registry) -> Route:
    secrets: dict[str, Secret] = {}
    readable = True
    try:
        secrets = vault.open(row.secrets) if row.secrets else {}
    except WrongKey:
        readable = False
    config = from_stored(
        id=row.id,
        module=row.module,
        enabled=row.enabled,
        paused=row.paused,
        document=row.document,
        secrets=secrets,
    )
    module = module_named(registry, row.module)
    takes: dict[str, list[EventMapping]] = defaultdict(list)
    for mapping in config.events:
        if mapping.enabled:
            takes[mapping.loyalty].append(mapping)
    return Route(
        row=row,
        config=config,
        module=module,
        connection=config.connection(module.manifest) if module.manifest else None,
        takes={action: tuple(mappings) for action, mappings in takes.items()},
        secrets_readable=readable,
        surely_fit=surely_fit(module.manifest.limits if module.manifest else None),
    )


def module_named(registry: Registry, name: str) -> Module:
    """The module of that name; one that is neither installed nor named counts as missing."""
    try:
        return registry.get(name)
    except NotFound:
        return Module(
            name=name, state=ModuleState.MISSING, reason="the plugin is not installed", title=name
        )


class RoutingCache:
    """The routing of now, read anew only when something changed. Any thread may ask."""

    def __init__(self, vault: Vault, registry: Registry) -> None:
        self._vault = vault
        self._registry = registry
        self.changes = 0  # of modules
        self._known: tuple[int, Routing] = (-1, Routing())

    def read(self, tx: Transaction) -> Routing:
        """The routing as saved now."""
        changes, known = self._known
        if changes != self.changes or known.generation != generation(tx):
            changes = self.changes  # before reading: a change meanwhile is seen by the next one
            known = read_routing(tx, self._vault, self._registry)
            self._known = (changes, known)
        return known

    def modules_changed(self) -> None:
        """Modules were switched or loaded."""
        self.changes += 1
