"""What is known already, for plans to decide by: kept between batches as far as it holds."""

from __future__ import annotations

from collections.abc import Collection

from host.store.customers import StoredCustomer
from host.store.engine import Transaction
from host.store.events import find_contents, find_new_contents
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
        """Content digests of events by id, those with these digests of ids among them.

        Unless it is `thorough`, of new events alone.
        """
        find = find_contents if thorough else find_new_contents
        return find(tx, self._new_events, hashes)

    def customers(self, tx: Transaction, ids: Collection[str]) -> dict[str, StoredCustomer]:
        """Customers among these ids. What is done to them stays with who asked."""
        return self._customers.find(tx, ids)
