"""The command `loyalty-host`."""

from __future__ import annotations

from host.cli.main import main

__all__ = ["main"]
