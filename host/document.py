"""A configuration file as a whole, for `apply` and from `export`: connections and workflows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import tomli_w

from host import wire
from host.configuration import ConnectionConfig, ConnectionDraft, reading
from host.configuration.document import connection_in
from host.configuration.export import as_toml
from host.configuration.reading import Faults
from host.errors import Fault, InvalidConfiguration
from host.manifest import Manifest
from host.workflow import Graph
from host.workflow.document import WorkflowDraft, workflow_as_json, workflows_in

KEYS: Final = ("connections", "workflows")
_HEAD: Final = """\
# Configuration of Loyalty Host, for `loyalty-host apply`.
# Secrets are read from the environment variables named here; when one is not set, the secret
# that is stored already is kept.

"""


def write_document(
    configs: Iterable[ConnectionConfig],
    manifests: Mapping[str, Manifest | None],
    workflows: Sequence[Mapping[str, object]] = (),
) -> str:
    """The TOML text of these connections, by id, and of workflows with the keys of a file.

    `manifests` are by module; None: not known. Applied where it came from it changes nothing.
    Every part is written out, defaults too, so that it says the same on another host.
    """
    ordered = sorted(configs, key=lambda config: config.id)
    marker = _absent_from(repr((ordered, workflows)))
    taken: set[str] = set()
    connections = {
        config.id: as_toml(config, manifests.get(config.module), taken, marker)
        for config in ordered
    }
    parts: dict[str, object] = {"connections": connections} if connections else {}
    if workflows:
        parts["workflows"] = workflows
    written = tomli_w.dumps(parts)
    return _HEAD + re.sub(rf'"{marker}([A-Z0-9_]+)"', r'{ env = "\1" }', written)


def _absent_from(text: str) -> str:
    # tomli-w gives a table of its own to `{ env = … }`, three lines for each secret: a text
    # that no configuration holds stands for it until all is written.
    marker = "env:"
    while marker in text:
        marker = f"@{marker}"
    return marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A configuration file as read: connections by id, workflows."""

    connections: Mapping[str, ConnectionDraft]
    workflows: tuple[WorkflowDraft, ...] = ()


def read_document(text: str, environment: Mapping[str, str]) -> Document:
    """A configuration file. `environment` gives the values of `{ env = "NAME" }`.

    Raises `InvalidConfiguration` with every fault of form; a file that is not TOML has one,
    which names the line.
    """
    faults = Faults()
    found = _toml(text)
    reading.only(KEYS, found, "", faults)
    named = reading.table(found.get("connections", {}), "connections", faults) or {}
    connections = {
        name: connection_in(name, value, environment, faults) for name, value in named.items()
    }
    workflows = workflows_in(found.get("workflows", []), faults)
    faults.raise_if_any()
    return Document(connections=connections, workflows=workflows)


def read_workflows(text: str) -> tuple[WorkflowDraft, ...]:
    """The workflows of a file for `apply`, or of the API's JSON: one, a list, or all.

    Raises InvalidConfiguration with every fault of form; also when there is none.
    """
    faults = Faults()
    drafts = workflows_in(_listed(text.removeprefix("\ufeff")), faults, shown=True)
    faults.raise_if_any()
    if not drafts:
        raise InvalidConfiguration([Fault(path="", message="there is no workflow in this text")])
    return drafts


def _listed(text: str) -> object:
    try:
        value = wire.loads(text)
    except (ValueError, RecursionError) as error:  # no JSON, so it must be a file
        if text.lstrip().startswith("{"):
            message = f"the text is not JSON: {error}"
            raise InvalidConfiguration([Fault(path="", message=message)]) from None
        return _toml(text).get("workflows", [])
    if isinstance(value, dict) and "workflows" in value:
        return value["workflows"]
    return [value] if isinstance(value, dict) else value


def write_workflow(name: str, active: bool, graph: Graph) -> str:
    """One workflow as a file for `apply`."""
    return tomli_w.dumps({"workflows": [workflow_as_json(name, active, graph)]})


def _toml(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError as error:  # TOMLDecodeError, and whole numbers of thousands of digits
        fault = Fault(path="", message=f"the file is not TOML: {error}")
    except RecursionError:
        fault = Fault(path="", message="the file is nested too deeply to be read")
    raise InvalidConfiguration((fault,))
