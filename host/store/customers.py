"""Customers as the store keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from host import wire
from host.carried import Customer
from host.model import Json
from host.store.engine import Transaction
from host.store.keys import LAST_KEY

T = TypeVar("T")

MERGED_STATUS: Final = "merged"
_MERGED: Final = '"merged"'


class StoredCustomer(msgspec.Struct, array_like=True, eq=False):
    """A customer's row. Mutable: a batch changes it step by step and saves it once.

    The profile is parsed only when somebody looks: most events need but its text, to find
    the profile part that was made of it before.
    """

    key: int
    id: str
    opted_out: bool = False
    opted_at: int = 0  # ms; time of the last opt-in or opt-out
    changed_at: int = 0  # ms; time of the last change of the profile
    text: str | None = None  # the profile as JSON; None: known by id only
    is_new: bool = False
    touched: bool = False  # to be saved, as who is new is anyway
    external_ids: Mapping[str, str] | None = None  # to be saved; None: as they are
    _fields: Any = None  # the profile, once it was parsed

    @property
    def fields(self) -> Mapping[str, Json] | None:
        """The profile; None: known by id only."""
        if self._fields is None and self.text is not None:
            self._fields = wire.loads(self.text)
        fields: Mapping[str, Json] | None = self._fields
        return fields

    @property
    def is_merged(self) -> bool:
        """Whether the platform folded this customer into another one."""
        if self.text is None or _MERGED not in self.text:  # spares parsing the profile
            return False
        return self.fields is not None and self.fields.get("status") == MERGED_STATUS

    def describe(self, fields: Mapping[str, Json]) -> None:
        """Give the customer another profile, to be saved."""
        self._fields = fields
        self.text = wire.dumps(fields).decode()
        self.touched = True

    def saved(self) -> StoredCustomer:
        """The same customer as the next batch will find them."""
        return StoredCustomer(
            key=self.key,
            id=self.id,
            opted_out=self.opted_out,
            opted_at=self.opted_at,
            changed_at=self.changed_at,
            text=self.text,
        )

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> StoredCustomer:
        """Key, id, opted out, opted at, changed at and profile, as every statement answers them."""
        key, id, opted_out, opted_at, changed_at, text = row
        return cls(key, id, bool(opted_out), opted_at, changed_at, text)

    @property
    def customer(self) -> Customer:
        """The customer as mappings see them: who opted out is known by the id alone."""
        return Customer(id=self.id, fields={} if self.opted_out else self.fields or {})


def find_customers(tx: Transaction, ids: Iterable[str]) -> dict[str, StoredCustomer]:
    """Known customers among these ids."""
    plain, odd = _apart(ids, lambda id_: "\0" in id_)
    found = tx.packed("customers_by_id", StoredCustomer, wire.dumps(plain).decode())
    for id_ in odd:
        found += map(StoredCustomer.from_row, tx.rows("customer_by_id", id_))
    return {stored.id: stored for stored in found}


def find_by_external_id(
    tx: Transaction, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Ids of customers by (name, value) of an external id."""
    plain, odd = _apart(pairs, lambda pair: "\0" in pair[0] or "\0" in pair[1])
    rows = tx.rows("customers_by_external_id", wire.dumps(plain).decode()) if plain else []
    for pair in odd:
        rows += tx.rows("customer_by_external_id", *pair)
    return {(name, value): id_ for name, value, id_ in rows}


def _apart(items: Iterable[T], is_odd: Callable[[T], bool]) -> tuple[list[T], list[T]]:
    """What SQLite's JSON functions take, and what has a NUL, behind which they cut texts off."""
    items = list(items)
    if b"\\u0000" not in wire.dumps(items):
        return items, []
    plain: list[T] = []
    odd: list[T] = []
    for item in items:
        (odd if is_odd(item) else plain).append(item)
    return plain, odd


def customers_version(tx: Transaction) -> int:
    """Counts up with every change of customers, by whichever process."""
    row = tx.row("meta", "customers")
    return int(row[0]) if row else 0


def save_customers(tx: Transaction, customers: Sequence[StoredCustomer]) -> None:
    """Write down customers that are new or changed."""
    if not customers:
        return
    tx.run("next_version", "customers")
    tx.run_many(
        "save_customer",
        [(c.key, c.id, int(c.opted_out), c.opted_at, c.changed_at, c.text) for c in customers],
    )
    renamed = [c for c in customers if c.external_ids is not None]
    former = [c.key for c in renamed if not c.is_new]
    if former:
        tx.run("forget_external_ids", wire.dumps(former).decode())
    tx.run_many(
        "save_external_id",
        [(name, value, c.key) for c in renamed for name, value in (c.external_ids or {}).items()],
    )


def newest_customer(tx: Transaction) -> StoredCustomer | None:
    """The customer known last, to try things on; None: there is nobody yet."""
    row = tx.row("newest_customer", LAST_KEY)
    return None if row is None else find_customers(tx, [row[0]]).get(row[0])
