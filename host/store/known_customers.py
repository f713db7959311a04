"""Customers as they were read last, for who asks for the same ones again and again."""

from __future__ import annotations

import threading
from collections.abc import Collection
from copy import copy
from typing import Final

from host.store.customers import StoredCustomer, customers_version, find_customers
from host.store.engine import Transaction

_MOST: Final = 20_000  # some ten megabytes


class KnownCustomers:
    """Keeps customers until any is changed, whoever changes one. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._known: dict[str, StoredCustomer] = {}

    def find(self, tx: Transaction, ids: Collection[str]) -> dict[str, StoredCustomer]:
        """Known customers among these ids; what is done to them is not kept."""
        with self._lock:
            version = customers_version(tx)  # first: what is read behind it is no older
            if version != self._version or len(self._known) > _MOST:
                self._version, self._known = version, {}
            known = self._known
            missing = [id_ for id_ in ids if id_ not in known]
            if missing:
                known.update(find_customers(tx, missing))
            return {id_: copy(known[id_]) for id_ in ids if id_ in known}
