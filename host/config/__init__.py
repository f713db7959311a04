"""What the operator says: environment variables, and `plugins.toml`.

The configuration of connections is not here; it lives in the store.
"""

from __future__ import annotations

from host.config.environment import Environment
from host.config.plugins_file import PluginsFile, PluginsState

__all__ = ["Environment", "PluginsFile", "PluginsState"]
