"""A graph that was drawn, as the canvas posts it, and what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from host import wire
from host.configuration.reading import Faults as FormFaults
from host.errors import Fault, InvalidConfiguration
from host.pages.forms import Faults, Form
from host.pages.words import pretty
from host.workflow import KINDS, Graph, graph_as_json, read_graph
from host.workflow.document import WorkflowDraft, read_workflow

WORKFLOW: Final = "workflow"
"""What the paths of a drawn workflow's faults begin with."""

_PREDICATES: Final = ("must", "has", "is", "are")


def drawn_workflow(form: Form) -> WorkflowDraft:
    """Name and graph that were posted. Raises InvalidConfiguration with faults of form."""
    return read_workflow({"name": form.text("name"), **_drawn(form)})


def drawn_graph(form: Form) -> Graph:
    """The graph that was posted. Raises InvalidConfiguration with faults of form."""
    noted = FormFaults()
    graph = read_graph(_drawn(form), WORKFLOW, noted)
    noted.raise_if_any()
    return graph


def _drawn(form: Form) -> dict[str, object]:
    try:
        value = wire.loads(form.secret("graph"))
    except (ValueError, RecursionError):
        raise _unreadable("The graph is not JSON: look for a missing comma or quote.") from None
    if not isinstance(value, dict):
        raise _unreadable("The graph must be an object with “nodes” and “edges”.")
    return {"nodes": value.get("nodes", []), "edges": value.get("edges", [])}


def _unreadable(message: str) -> InvalidConfiguration:
    return InvalidConfiguration([Fault(path=WORKFLOW, message=message)])


def graph_text(graph: Graph) -> str:
    """A graph as the canvas takes it, and people without scripts: JSON."""
    return pretty(graph_as_json(graph))


def form_faults(faults: Iterable[Fault], inputs: Iterable[str], graph: Graph | None) -> Faults:
    """Faults at the inputs of a page; those of nodes above it, in words that name the node.

    `graph`: whose nodes they are; None: it could not be read.
    """
    known = frozenset(inputs)
    fields: dict[str, str] = {}
    whole: list[str] = []
    for fault in faults:
        path = fault.path.removeprefix(WORKFLOW).lstrip(".")
        if path in known:
            fields.setdefault(path, _sentence(path, fault.message))
        elif graph is None:
            whole.append(f"{path}: {fault.message}" if path else fault.message)
        else:
            whole.append(fault_words(node_of(path), fault.message, graph))
    return Faults(fields, tuple(whole))


def node_of(path: str) -> str:
    """The node that the path of a fault names; "": none."""
    _, nodes, rest = path.partition("nodes.")
    return rest.partition(".")[0] if nodes else ""


def _sentence(subject: str, message: str) -> str:
    """A message of a configuration, which begins behind its path, on its own."""
    if message.partition(" ")[0] in _PREDICATES:
        return f"The {subject} {message}."
    return message[:1].upper() + message[1:]


def fault_words(id_: str, message: str, graph: Graph) -> str:
    """What is wrong, in words that name the node; `id_` is "" where it is none alone."""
    titles = [KINDS[node.type].title for node in graph.nodes]
    title = next((KINDS[node.type].title for node in graph.nodes if node.id == id_), id_)
    if titles.count(title) > 1:
        title = f"{title} ({id_})"
    return f"{title}: {message}" if title else _sentence("workflow", message)
