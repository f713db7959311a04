"""What is wrong with the shape of a graph: triggers, edges, circles, nodes that nothing reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from host.configuration.suggestion import did_you_mean, listed
from host.workflow.faults import NodeFault
from host.workflow.graph import Edge, Graph, Node
from host.workflow.kinds import KINDS


def shape_faults(graph: Graph) -> Iterator[NodeFault]:
    """Every fault of the shape."""
    nodes = {node.id: node for node in graph.nodes}
    if not nodes:
        yield NodeFault(message="the workflow is empty: begin with a trigger")
        return
    triggers = [node for node in graph.nodes if not KINDS[node.type].inputs]
    if not triggers:
        yield NodeFault(message="there is no trigger: add one, so that something starts a run")
    counts = Counter(node.type for node in graph.nodes)
    for node in graph.nodes:
        most = KINDS[node.type].most
        if most is not None and counts[node.type] > most:
            title = KINDS[node.type].title
            yield NodeFault(
                node=node.id,
                message=f"a workflow has at most {most} “{title}”, and this has "
                f"{counts[node.type]}: remove the others",
            )
    yield from _edge_faults(graph.edges, nodes)
    reached = _reached([node.id for node in triggers], graph.edges)
    for node in graph.nodes:
        if triggers and node.id not in reached:
            yield NodeFault(node=node.id, message="nothing leads here: connect it, or remove it")
    for id_ in _in_circles(graph.edges, nodes):
        yield NodeFault(
            node=id_, message="the way leads back to this node: a run would go in a circle"
        )


def _edge_faults(edges: Sequence[Edge], nodes: Mapping[str, Node]) -> Iterator[NodeFault]:
    seen: set[Edge] = set()
    for edge in edges:
        source, target = nodes.get(edge.source), nodes.get(edge.target)
        if source is None or target is None:
            missing = edge.source if source is None else edge.target
            other = edge.target if source is None else edge.source
            yield NodeFault(
                node=other if other in nodes else "",
                message=f"an edge names the node “{missing}”, which is not there"
                + did_you_mean(missing, nodes),
            )
            continue
        outputs = KINDS[source.type].outputs
        if edge.on not in outputs:
            yield NodeFault(
                node=edge.source,
                message=f"has no output “{edge.on}”; it has {listed(outputs)}",
            )
        if not KINDS[target.type].inputs:
            yield NodeFault(
                node=edge.target, message="a trigger begins a run, so nothing can lead to it"
            )
        if edge in seen:
            yield NodeFault(
                node=edge.source, message=f"leads to “{edge.target}” by {edge.on} twice"
            )
        seen.add(edge)


def _reached(from_: Sequence[str], edges: Sequence[Edge]) -> set[str]:
    following: dict[str, list[str]] = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge.target)
    reached: set[str] = set()
    stack = list(from_)
    while stack:
        here = stack.pop()
        if here not in reached:
            reached.add(here)
            stack += following.get(here, ())
    return reached


def _in_circles(edges: Sequence[Edge], nodes: Mapping[str, Node]) -> list[str]:
    """Nodes from which the way leads back to them."""
    known = [edge for edge in edges if edge.source in nodes and edge.target in nodes]
    followers: dict[str, list[str]] = {}
    for edge in known:
        followers.setdefault(edge.source, []).append(edge.target)
    return [id_ for id_ in nodes if id_ in _reached(followers.get(id_, ()), known)]
