"""The contract every module keeps, as one test class for authors to subclass."""

from __future__ import annotations

from host.testing.delivery_contract import DeliveryContract
from host.testing.manifest_contract import ManifestContract
from host.testing.mapping_contract import MappingContract


class ModuleContract(ManifestContract, MappingContract, DeliveryContract):
    """Subclass it as `TestContract`, name `plugin` and `settings`, and override what differs.

    `plugin` is the module that the entry point names, `settings` a complete sample with
    secrets as plain texts. `fields`, `sample_customer`, `sample_event`, `accept` and
    `accept_connect` have defaults; see `host.testing.subject`.
    """
