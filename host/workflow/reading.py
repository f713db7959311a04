"""Graphs as they are written (TOML, JSON, what the editor posts) → `Graph`; faults of form.

What has the right form may still be nonsense: a draft may be saved so, see `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from host import wire
from host.configuration import reading
from host.configuration.reading import Faults
from host.configuration.suggestion import did_you_mean, listed
from host.model import Json
from host.workflow.engine import Program
from host.workflow.graph import SUCCESS, Edge, Graph, Node
from host.workflow.kinds import KINDS, MOST_CONDITIONS, MOST_PAIRS, FieldKind, NodeField

MOST_NODES: Final = 100
MOST_EDGES: Final = 200
MOST_CHARACTERS: Final = 1000  # of one text
_MOST_DIGITS: Final = 40
_MOST_ZEROS: Final = 300  # behind or before them, in powers of ten
_FARTHEST: Final = 100_000  # pixels
_TOO_LONG: Final = f"must be a number of at most {_MOST_DIGITS} digits"

NODE_KEYS: Final = ("id", "type", "x", "y")
EDGE_KEYS: Final = ("from", "to", "on")
CONDITION_KEYS: Final = ("attribute", "operator", "value")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


def read_graph(value: Mapping[str, object], path: str, faults: Faults) -> Graph:
    """The graph under the keys `nodes` and `edges`; what is wrong goes to `faults`."""
    nodes = _listed(value.get("nodes", []), f"{path}.nodes", MOST_NODES, faults)
    edges = _listed(value.get("edges", []), f"{path}.edges", MOST_EDGES, faults)
    read: dict[str, Node] = {}
    for place, item in enumerate(nodes):
        node = _node(item, f"{path}.nodes", place, faults)
        if node is None:
            continue
        if node.id in read:
            faults.note(f"{path}.nodes.{node.id}.id", "another node has this id already")
        read[node.id] = node
    found = (_edge(item, f"{path}.edges[{place}]", faults) for place, item in enumerate(edges))
    return Graph(
        nodes=tuple(read.values()), edges=tuple(edge for edge in found if edge is not None)
    )


def saved_graph(text: str) -> Graph:
    """A graph out of the JSON under which it was saved. Raises InvalidConfiguration."""
    faults = Faults()
    graph = read_graph(wire.loads(text), "workflow", faults)
    faults.raise_if_any()
    return graph


@lru_cache(maxsize=500)
def compiled(text: str) -> Program:
    """The program of a saved graph without faults; kept, since versions never change."""
    return Program(saved_graph(text))


def _listed(value: object, path: str, most: int, faults: Faults) -> list[object]:
    if not isinstance(value, (list, tuple)):
        faults.note(path, f"must be a list of tables, not {reading.type_name(value)}")
        return []
    if len(value) > most:
        faults.note(path, f"are {len(value)}; a workflow has at most {most}")
        return []
    return list(value)


def _node(value: object, path: str, place: int, faults: Faults) -> Node | None:
    found = reading.table(value, f"{path}[{place}]", faults)
    if found is None:
        return None
    id_ = found.get("id")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        faults.note(
            f"{path}[{place}].id",
            "must be 1 to 63 letters (a to z), digits, - and _, beginning with a letter or digit",
        )
        return None
    here = f"{path}.{id_}"
    type_ = found.get("type")
    kind = KINDS.get(type_) if isinstance(type_, str) else None
    if kind is None:
        hint = did_you_mean(type_, KINDS) if isinstance(type_, str) else ""
        faults.note(f"{here}.type", "is no type of node" + (hint or f"; there are {listed(KINDS)}"))
        return None
    reading.only((*NODE_KEYS, *(known.name for known in kind.fields)), found, here, faults)
    values: dict[str, Json] = {}
    for known in kind.fields:
        given = found.get(known.name)
        if given is None or given == "" or given == known.default:
            continue
        read = _READERS[known.kind](given, known, f"{here}.{known.name}", faults)
        if read is not None:
            values[known.name] = read
    x = _pixels(found.get("x"), f"{here}.x", faults)
    y = _pixels(found.get("y"), f"{here}.y", faults)
    if x is None or y is None:  # half a place is none
        x = y = None
    return Node(id=id_, type=kind.type, values=values, x=x, y=y)


def _pixels(value: object, path: str, faults: Faults) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _FARTHEST:
        return value
    faults.note(path, f"must be a whole number of pixels from -{_FARTHEST} to {_FARTHEST}")
    return None


def _edge(value: object, path: str, faults: Faults) -> Edge | None:
    found = reading.table(value, path, faults)
    if found is None:
        return None
    reading.only(EDGE_KEYS, found, path, faults)
    source = reading.needed_text(found, "from", path, faults)
    target = reading.needed_text(found, "to", path, faults)
    on = reading.text(found.get("on", SUCCESS), f"{path}.on", faults)
    return Edge(source=source, target=target, on=on or SUCCESS) if source and target else None


# What is typed into fields, by kind of field.


def _text(value: object, known: NodeField, path: str, faults: Faults) -> Json:
    text = reading.text(value, path, faults)
    if text is not None and len(text) > MOST_CHARACTERS:
        faults.note(path, f"has {len(text)} characters, more than {MOST_CHARACTERS}")
        return None
    return text


def _number(value: object, known: NodeField, path: str, faults: Faults) -> Json:
    number = reading.whole(value, path, faults)
    if number is None or _fits(number):
        return number
    faults.note(path, _TOO_LONG)
    return None


def _conditions(value: object, known: NodeField, path: str, faults: Faults) -> Json:
    rows: list[Json] = []
    for here, row in reading.rows(value, CONDITION_KEYS, path, faults):
        read: dict[str, Json] = {
            name: _text(row.get(name, ""), known, f"{here}.{name}", faults) or ""
            for name in ("attribute", "operator")
        }
        if row.get("value") is not None:
            read["value"] = _wanted(row["value"], f"{here}.value", faults)
        rows.append(read)
    if len(rows) > MOST_CONDITIONS:
        faults.note(path, f"has {len(rows)} rows; a filter has at most {MOST_CONDITIONS}")
        return None
    return rows or None


def _wanted(value: object, path: str, faults: Faults) -> Json:
    if isinstance(value, (list, tuple)):
        if len(value) > MOST_PAIRS:
            faults.note(path, f"has {len(value)} values; a list has at most {MOST_PAIRS}")
        return [_constant(item, path, faults) for item in value[:MOST_PAIRS]]
    return _constant(value, path, faults)


def _pairs(value: object, known: NodeField, path: str, faults: Faults) -> Json:
    found = reading.table(value, path, faults)
    if not found:
        return None
    if len(found) > MOST_PAIRS:
        faults.note(path, f"has {len(found)} rows; a payload has at most {MOST_PAIRS}")
        return None
    read: dict[str, Json] = {}
    for key, item in found.items():
        name = str(key)
        if len(name) > MOST_CHARACTERS:
            faults.note(path, f"has a key of {len(name)} characters, more than {MOST_CHARACTERS}")
            continue
        read[name] = _constant(item, f"{path}.{name}", faults)
    return read


def _constant(value: object, path: str, faults: Faults) -> Json:
    """A text, number, true or false, as it came."""
    if isinstance(value, str):
        if len(value) <= MOST_CHARACTERS:
            return value
        faults.note(path, f"has {len(value)} characters, more than {MOST_CHARACTERS}")
    elif isinstance(value, (bool, int, float, Decimal)):
        if _fits(value):
            return Decimal(repr(value)) if isinstance(value, float) else value
        faults.note(path, _TOO_LONG)
    else:
        faults.note(
            path, f"must be a text, a number, true or false, not {reading.type_name(value)}"
        )
    return None


def _fits(number: bool | int | float | Decimal) -> bool:
    if isinstance(number, int):
        return number.bit_length() <= _MOST_DIGITS * 3
    read = Decimal(number)
    return (
        read.is_finite()
        and len(str(number)) <= _MOST_DIGITS
        and abs(read.adjusted()) <= _MOST_ZEROS
    )


_READERS: Final[Mapping[FieldKind, Callable[[object, NodeField, str, Faults], Json]]] = {
    FieldKind.TEXT: _text,
    FieldKind.CHOICE: _text,
    FieldKind.NUMBER: _number,
    FieldKind.CONDITIONS: _conditions,
    FieldKind.PAIRS: _pairs,
}
