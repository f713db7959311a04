"""The installed plugins as modules. The only place that touches pluggy's relay and stevedore."""

from __future__ import annotations

from host.registry.installed import GROUP, installed_names
from host.registry.module import Module
from host.registry.registry import Registry

__all__ = ["GROUP", "Module", "Registry", "installed_names"]
