"""What is known already, for plans to decide by: kept between batches as far as it holds."""

from __future__ import annotations

from collections.abc import Collection

from host.store.customers import StoredCustomer
from host.store.engine import Transaction
from host.store.events import find_contents
from host.store.known_customers import KnownCustomers
from host.store.new_events import NewEvents


class Known:
    """What one process knows of events and customers. Any thread may ask."""

    def __init__(self) -> None:
        self._new_events = NewEvents()
        self._customers = KnownCustomers()

    def contents(
        self, tx: Transaction, hashes: Collection[int], *, thorough: bool
    ) -> dict[str, bytes]:
        """Content digests of events by id, see `find_contents`."""
        return find_contents(tx, self._new_events, hashes, thorough=thorough)

    def customers(self, tx: Transaction, ids: Collection[str]) -> dict[str, StoredCustomer]:
        """Customers among these ids. What is done to them stays with who asked."""
        return self._customers.find(tx, ids)
