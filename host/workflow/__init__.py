"""Workflows as graphs: read, checked, compiled, run. Pure: no file, no database, no network."""

from __future__ import annotations

from host.workflow.checks import Around, ConnectionAround, check
from host.workflow.engine import Program
from host.workflow.faults import Level, NodeFault, has_faults
from host.workflow.graph import Edge, Graph, Node, graph_as_json
from host.workflow.kinds import KINDS, NodeKind
from host.workflow.lookups import Subject
from host.workflow.reading import read_graph
from host.workflow.steps import Act, Acted, Action, Outcome, Ran, Result, Step

__all__ = [
    "KINDS",
    "Act",
    "Acted",
    "Action",
    "Around",
    "ConnectionAround",
    "Edge",
    "Graph",
    "Level",
    "Node",
    "NodeFault",
    "NodeKind",
    "Outcome",
    "Program",
    "Ran",
    "Result",
    "Step",
    "Subject",
    "check",
    "graph_as_json",
    "has_faults",
    "read_graph",
]
