"""The module keeps the contract that every module keeps."""

from __future__ import annotations

from collections.abc import Mapping

from host import SettingValue
from host.testing import ModuleContract
from host_template import plugin

SETTINGS: Mapping[str, SettingValue] = {
    "base_url": "https://hooks.example.com/loyalty",
    "token": "a-token-nobody-should-see",
    "test": True,
}


class TestContract(ModuleContract):
    plugin = plugin
    settings = SETTINGS
