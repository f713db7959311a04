"""Someone configured something: connections are tried, then saved, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from host.configuration import (
    ConnectionDraft,
)
from host.configuration.stored import to_stored
from host.configure.change import (
    Change,
    change_by,
    check_version,
    without_secrets,
)
from host.configure.trying import Trying
from host.configure.workflow_change import WorkflowChange
from host.configure.workflow_view import connection_around, connections_around, saved_workflows
from host.configure.workflows import Workflows
from host.document import Document, write_document
from host.errors import (
    CannotTell,
    Fault,
    InvalidConfiguration,
)
from host.http import DestinationPolicy, Http
from host.model import ConnectionState, Reason
from host.registry import Registry
from host.routing import Route, Routing, RoutingCache
from host.store.connections import (
    delete_connection,
    deleted_with_messages,
    pause_connection,
    reconnect,
    save_connection,
    stop_connection,
    withhold_deleted,
)
from host.store.disconnecting import discard_behind_sending, discard_some, disconnect
from host.store.engine import Transaction
from host.store.store import Store
from host.workflow import ConnectionAround
from host.workflow.document import workflow_as_json

SECRET_KEY: Final = "secret_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A connection that was tried: what the far side calls the account."""

    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """What became of the messages of a connection that was disconnected."""

    discarded: int = 0
    sending: int = 0  # left alone: they are in a request just now


class Configure:
    """Reads and changes the configuration of connections."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        routing: RoutingCache,
        policy: DestinationPolicy,
        http: Callable[..., Http] = Http,
    ) -> None:
        self._store = store
        self._registry = registry
        self._routing = routing
        self._trying = Trying(policy, http)
        self.workflows = Workflows(store, routing.read)

    async def routing(self) -> Routing:
        """All connections as saved now."""
        return await self._store.read(self._routing.read)

    async def export(self) -> str:
        """All connections and workflows as a TOML document; secrets are named, never told.

        Of a workflow that is active the version that runs, else the newest.
        """
        routes = (await self.routing()).routes
        manifests = {route.row.module: route.manifest for route in routes}
        workflows = [
            workflow_as_json(saved.row.name, saved.row.active, saved.shown)
            for saved in await self._store.read(saved_workflows)
        ]
        return write_document([route.config for route in routes], manifests, workflows)

    async def apply(
        self,
        document: Document,
        *,
        dry_run: bool = False,
        prune: bool = False,
        untested: bool = False,
    ) -> tuple[str, ...]:
        """Make the configuration what a document says of it; the differences in lines.

        Raises InvalidConfiguration with all faults, those of trying included; then nothing
        was saved.
        """
        routing = await self.routing()
        faults: list[Fault] = []
        changes: list[Change] = []
        try:
            changes = self._changes(routing, document.connections.values())
        except InvalidConfiguration as error:
            faults += error.faults
        if prune:
            changes += [
                Change(before=route, config=None, module=route.module)
                for route in routing.routes
                if route.row.id not in document.connections
            ]
        coming = connections_around(routing)
        for id_ in document.connections:  # one with faults of its own is not missing as well
            coming.setdefault(id_, ConnectionAround(title=id_))
        for change in changes:
            if change.config is not None:
                coming[change.config.id] = connection_around(change.config, change.module.manifest)
            elif change.before is not None:
                del coming[change.before.row.id]
        drawn: list[WorkflowChange] = []
        try:
            drawn = await self.workflows.changes(document.workflows, coming, prune=prune)
        except InvalidConfiguration as error:
            faults += error.faults
        if faults:
            raise InvalidConfiguration(faults)
        lines = (
            *(line for change in changes for line in change.lines),
            *(line for change in drawn for line in change.lines),
        )
        if not dry_run:
            await self._carry_out(changes, drawn, untested=untested)
            await self.workflows.finish_deletions()
        return lines

    async def save(
        self, draft: ConnectionDraft, *, version: int | None = None, untested: bool = False
    ) -> Route:
        """Save one connection. `version`: the one that was edited, if the caller knows it.

        Raises InvalidConfiguration or VersionConflict; then nothing was saved.
        """
        routing = await self.routing()
        change = self._changes(routing, [draft])[0]
        check_version(draft.id, change.before, version)
        await self._carry_out([change], untested=untested)
        return (await self.routing()).find(draft.id)

    async def test(self, id_: str, draft: ConnectionDraft | None = None) -> Trial:
        """Try a connection as saved, or as a draft would make it; saves nothing.

        A saved one that needed attention and is found well delivers again. Raises
        InvalidConfiguration (fix the settings), CannotTell or NotFound.
        """
        routing = await self.routing()
        if draft is not None:
            change = self._changes(routing, [draft])[0]
            assert change.config is not None, "a draft deletes nothing"
            return Trial(title=await self._trying.ask(change.config, change.module))
        route = routing.find(id_)
        title = await self._trying.ask(route.config, route.module)
        if route.row.state is ConnectionState.NEEDS_ATTENTION:
            await self._store.write(partial(reconnect, key=route.key, title=title))
        return Trial(title=title)

    async def pause(self, id_: str, paused: bool) -> Route:
        """Pause or resume a connection; its messages wait meanwhile."""
        route = (await self.routing()).find(id_)
        if route.row.paused is not paused:
            await self._store.write(lambda tx: pause_connection(tx, route.key, paused))
        return (await self.routing()).find(id_)

    async def disconnect(
        self, id_: str, *, discard: bool, version: int | None = None
    ) -> Disconnected:
        """Forget a connection's secrets; mappings and history stay, and new messages wait.

        What waits already stays, too, or is discarded. To connect again, save it with its
        secrets. Raises NotFound or VersionConflict.
        """
        route = (await self.routing()).find(id_)
        check_version(id_, route, version)
        document, _ = to_stored(without_secrets(route.config, route.manifest))
        row = route.row
        await self._store.write(
            partial(disconnect, key=row.key, version=row.version, document=document)
        )
        return await self._discard(row.key) if discard else Disconnected()

    async def delete(self, id_: str) -> None:
        """Delete a connection; what waits becomes withheld, the history stays."""
        await self._delete((await self.routing()).find(id_).key)

    async def finish_deletions(self) -> None:
        """Withhold what deleted connections still hold: it was being sent when they went."""
        for key in await self._store.read(deleted_with_messages):
            await self._withhold(key)

    async def check_secrets(self) -> None:
        """Say which connections cannot be used with today's secret key, and which can again."""
        for route in (await self.routing()).routes:
            told = route.row.reason is not None and route.row.reason.code == SECRET_KEY
            if not route.secrets_readable and not told:
                await self._store.write(partial(stop_connection, key=route.key, reason=_LOCKED_OUT))
            elif route.secrets_readable and told:
                await self._store.write(partial(reconnect, key=route.key, title=route.row.title))

    # How a change comes about.

    def _changes(self, routing: Routing, drafts: Iterable[ConnectionDraft]) -> list[Change]:
        faults: list[Fault] = []
        changes: list[Change] = []
        for draft in drafts:
            before = next((r for r in routing.routes if r.row.id == draft.id), None)
            try:
                change = change_by(draft, before, self._registry)
            except InvalidConfiguration as error:
                faults += error.faults
                continue
            changes.append(change)
        if faults:
            raise InvalidConfiguration(faults)
        return changes

    async def _carry_out(
        self,
        changes: Sequence[Change],
        workflows: Sequence[WorkflowChange] = (),
        *,
        untested: bool,
    ) -> None:
        titles: dict[str, str] = {}
        faults: list[Fault] = []
        for change in changes:
            if change.config is None or untested or not change.needs_trying:
                continue
            try:
                titles[change.config.id] = await self._trying.ask(change.config, change.module)
            except InvalidConfiguration as error:
                if len(changes) == 1:
                    raise  # with what the destination said
                faults += error.faults
            except CannotTell as error:
                path = f"connections.{change.config.id}"
                faults.append(Fault(path=path, message=f"cannot be tried just now: {error}"))
        if faults:
            raise InvalidConfiguration(faults)
        edits = [
            edit
            for change in changes
            if (change.lines or change.id in titles)
            and (edit := change.edit(self._store.vault, titles.get(change.id))) is not None
        ]

        def write(tx: Transaction) -> None:
            for edit in edits:
                save_connection(tx, edit)
            self.workflows.carry_out(tx, workflows)

        if edits or any(change.goes or change.saves for change in workflows):
            await self._store.write(write)
        for change in changes:
            if change.config is None and change.before is not None:
                await self._delete(change.before.key)

    async def _discard(self, key: int) -> Disconnected:
        discarded, sending = await self._store.write(partial(discard_behind_sending, key=key))
        more = True
        while more:
            count, more = await self._store.write(partial(discard_some, key=key))
            discarded += count
        return Disconnected(discarded=discarded, sending=sending)

    async def _delete(self, key: int) -> None:
        await self._store.write(lambda tx: delete_connection(tx, key))
        await self._withhold(key)

    async def _withhold(self, key: int) -> None:
        while await self._store.write(lambda tx: withhold_deleted(tx, key)):
            pass


_LOCKED_OUT: Final = Reason(
    code=SECRET_KEY,
    text="the stored secrets cannot be read with this secret key: give the former key, "
    "or connect again with the secrets typed anew",
)
