"""A workflow as it is drawn: nodes and the edges between their outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from host.model import Json

SUCCESS: Final = "success"
FAILURE: Final = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node. `values`: what was typed into its fields, by name; nothing typed: no key.

    `x` and `y`: its place on the canvas in pixels; None: nobody placed it.
    """

    id: str
    type: str
    values: Mapping[str, Json] = field(default_factory=dict)
    x: int | None = None
    y: int | None = None

    def text(self, name: str) -> str:
        """A field that holds a text; "" when nothing was typed."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """From an output of one node to another node."""

    source: str
    target: str
    on: str = SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes and edges in the order they were drawn; a run follows edges in this order."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


def graph_as_json(graph: Graph) -> dict[str, Any]:
    """The graph with the keys of the API and of a file for `apply`."""
    return {
        "nodes": [_node_as_json(node) for node in graph.nodes],
        "edges": [{"from": edge.source, "to": edge.target, "on": edge.on} for edge in graph.edges],
    }


def _node_as_json(node: Node) -> dict[str, Any]:
    place = {} if node.x is None or node.y is None else {"x": node.x, "y": node.y}
    return {"id": node.id, "type": node.type, **node.values, **place}
