"""Workflows as graphs: read, checked, compiled, run. Pure: no file, no database, no network."""

from __future__ import annotations

from host.workflow.checks import Around, ConnectionAround, Level, NodeFault, check, has_faults
from host.workflow.engine import Act, Acted, Action, Outcome, Program, Ran, Result, Step
from host.workflow.graph import Edge, Graph, Node, graph_as_json
from host.workflow.kinds import KINDS, NodeKind
from host.workflow.lookups import Subject
from host.workflow.reading import read_graph

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
