"""Customers as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from host import wire
from host.model import Customer, Json
from host.store.engine import Transaction


@dataclass(slots=True, kw_only=True)
class StoredCustomer:
    """A customer's row. Mutable: a batch changes it step by step and saves it once."""

    key: int
    id: str
    opted_out: bool = False
    opted_at: int = 0  # ms; time of the last opt-in or opt-out
    changed_at: int = 0  # ms; time of the last change of the profile
    fields: Mapping[str, Json] | None = None  # None: known by id only
    external_ids: Mapping[str, str] | None = None  # to be saved; None: as they are
    is_new: bool = False
    touched: bool = False

    @property
    def customer(self) -> Customer:
        """The customer as mappings see them."""
        return Customer(id=self.id, fields=self.fields or {})


def find_customers(tx: Transaction, ids: Iterable[str]) -> dict[str, StoredCustomer]:
    """Known customers among these ids."""
    return {
        row[1]: StoredCustomer(
            key=row[0],
            id=row[1],
            opted_out=bool(row[2]),
            opted_at=row[3],
            changed_at=row[4],
            fields=wire.loads(row[5]) if row[5] is not None else None,
        )
        for row in tx.rows("customers_by_id", wire.dumps(list(ids)).decode())
    }


def find_by_external_id(
    tx: Transaction, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Ids of customers by (name, value) of an external id."""
    wanted = [list(pair) for pair in pairs]
    if not wanted:
        return {}
    rows = tx.rows("customers_by_external_id", wire.dumps(wanted).decode())
    return {(name, value): id_ for name, value, id_ in rows}


def save_customers(tx: Transaction, customers: Sequence[StoredCustomer]) -> None:
    """Write down customers that are new or changed."""
    tx.run_many(
        "save_customer",
        [
            (
                c.key,
                c.id,
                int(c.opted_out),
                c.opted_at,
                c.changed_at,
                None if c.fields is None else wire.dumps(c.fields),
            )
            for c in customers
        ],
    )
    renamed = [c for c in customers if c.external_ids is not None]
    tx.run_many("forget_external_ids", [(c.key,) for c in renamed if not c.is_new])
    tx.run_many(
        "save_external_id",
        [(name, value, c.key) for c in renamed for name, value in (c.external_ids or {}).items()],
    )
