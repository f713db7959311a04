"""Workflows on a host in this process, as files make them, and events that start them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from host import wire
from host.app import Host
from host.configure import WorkflowView
from host.document import read_document
from host.reading.events import read_event
from host.workflow import graph_as_json
from tests.drawn import as_file, trigger, workflow
from tests.messages import scene_on

HOSTILE: Final = "<script>alert('1')</script> \" & \u202egnp"
EMPTY: Final[dict[str, Any]] = {"nodes": [], "edges": []}
PAGE: Final = "/workflows/points-e-mail"
"""Where the workflow lies that most tests look at."""

FAULTY: Final = workflow(trigger(""), ways=(), active=False)
"""A workflow whose trigger names no event."""


class Drawing:
    """A host with a connection, `mparticle`, that gets `checkout` by association."""

    def __init__(self, host: Host) -> None:
        self.bench = host.bench
        self._host = host

    async def have(self, *workflows: Mapping[str, Any]) -> None:
        """Make these workflows."""
        await self.apply(as_file(*workflows))

    async def apply(self, text: str) -> tuple[str, ...]:
        """What a file changes."""
        return await self.bench.configure.apply(read_document(text, {}), untested=True)

    async def view(self, id_: str = "points-e-mail") -> WorkflowView:
        """A workflow as it is now."""
        return await self.bench.workflows.find(id_)

    async def nodes(self, id_: str = "points-e-mail") -> list[str]:
        """Ids of the newest version's nodes."""
        return [node["id"] for node in graph_as_json((await self.view(id_)).graph)["nodes"]]

    async def happen(self, action: str = "point_add", customer: str = "c-1", **data: object) -> str:
        """A customer does something; answers the event's id."""
        id_ = f"{action}-{customer}"
        item = {"id": id_, "customer": customer, "action": action, "data": data}
        event = read_event(wire.dumps(item), now=datetime.now(UTC), fallback_id=id_.strip)
        await self._host.intake.take([event])
        return id_


@asynccontextmanager
async def drawing_on(host: Host) -> AsyncIterator[Drawing]:
    """The host, running."""
    async with scene_on(host, events=("checkout",)):
        yield Drawing(host)


def as_graph(drawn: Mapping[str, Any]) -> str:
    """The graph of a workflow as the editor posts it."""
    return wire.dumps({"nodes": drawn["nodes"], "edges": drawn["edges"]}).decode()
