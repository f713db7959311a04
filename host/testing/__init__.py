"""The kit for plugin authors: builders, a far side to talk to, and the contract as tests.

Needs pytest (`pip install loyalty-host[testing]`); nothing of the running host imports it.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "host.testing.delivery_contract",
    "host.testing.manifest_contract",
    "host.testing.mapping_contract",
)

from host.testing.builders import connection, customer, event, message  # noqa: E402 - after above
from host.testing.contract import ModuleContract  # noqa: E402
from host.testing.far_side import FarSide, far_side, served_by  # noqa: E402

__all__ = [
    "FarSide",
    "ModuleContract",
    "connection",
    "customer",
    "event",
    "far_side",
    "message",
    "served_by",
]
