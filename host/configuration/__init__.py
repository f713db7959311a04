"""Configuration of connections as it is written down: read, checked, merged, exported.

Pure: no file, no database and no network is touched here.
"""

from __future__ import annotations

from host.configuration.checks import check
from host.configuration.difference import difference, needs_trying
from host.configuration.document import read_connection
from host.configuration.draft import ConnectionDraft, merge
from host.configuration.export import (
    as_json,
    event_as_json,
    field_as_json,
    variable_name,
)
from host.configuration.model import ConnectionConfig, DeliveryPolicy, default_identities
from host.configuration.rows import read_events, read_fields

__all__ = [
    "ConnectionConfig",
    "ConnectionDraft",
    "DeliveryPolicy",
    "as_json",
    "check",
    "default_identities",
    "difference",
    "event_as_json",
    "field_as_json",
    "merge",
    "needs_trying",
    "read_connection",
    "read_events",
    "read_fields",
    "variable_name",
]
