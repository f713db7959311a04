"""A host and a stand-in for every acceptance test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import HostProcess, Scene, StandInServer, host_process, scene, stand_in


@pytest.fixture
def destination() -> Iterator[StandInServer]:
    """The stand-in destination, well."""
    with stand_in() as server:
        yield server


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostProcess]:
    """A host on an empty data folder, not started."""
    with host_process(tmp_path) as process:
        yield process


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A running, connected host for a whole file; each test brings customers of its own."""
    with scene(tmp_path_factory.mktemp("shared")) as running:
        yield running
