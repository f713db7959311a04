"""For all tests: their event loop, and how they spread over xdist's workers."""

from __future__ import annotations

import os
from typing import Final

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling, Scheduling  # type: ignore[import-untyped]

BROWSER: Final = "tests/browser/"


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on what the host runs on."""
    return "asyncio"


class OneBrowser(LoadScopeScheduling):  # type: ignore[misc]
    """A browser on each worker would starve two cores, and each would start a host of its own.

    The option `--dist loadgroup` is meant for this, but its groups do nothing under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for a process to start or to end."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Spread them so, unless another way is asked for."""
    return OneBrowser(config, log) if config.getvalue("dist") == "load" else None
