"""A host in this process, and people who are signed in there.

A file that needs another host or another scene has a fixture of that name; the people see it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host.accounts import Role
from host.app import Host
from host.store.check import check_books
from tests.messages import MessageScene, scene_on
from tests.pages import Person, person, quiet_host


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    """A host without a connection."""
    async with quiet_host(tmp_path) as opened:
        yield opened


@pytest.fixture
async def scene(host: Host) -> AsyncIterator[MessageScene]:
    """The host with a connection, whose books balance in the end."""
    async with scene_on(host) as opened:
        yield opened
        assert await host.bench.store.read(check_books) == {}


@pytest.fixture
async def viewer(host: Host) -> AsyncIterator[Person]:
    """Somebody who may look."""
    async with person(host, Role.VIEWER) as somebody:
        yield somebody


@pytest.fixture
async def operator(host: Host) -> AsyncIterator[Person]:
    """Somebody who may change things."""
    async with person(host, Role.OPERATOR) as somebody:
        yield somebody


@pytest.fixture
async def admin(host: Host) -> AsyncIterator[Person]:
    """Somebody who may everything."""
    async with person(host, Role.ADMIN) as somebody:
        yield somebody
