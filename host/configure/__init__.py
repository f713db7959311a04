"""Someone configured something: connections are tried, saved, paused, disconnected, deleted."""

from __future__ import annotations

from host.configure.configure import Configure, Disconnected, Trial
from host.configure.workflow_view import WorkflowView
from host.configure.workflows import Workflows

__all__ = ["Configure", "Disconnected", "Trial", "WorkflowView", "Workflows"]
