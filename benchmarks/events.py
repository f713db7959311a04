"""Events and customers to measure with: the same for every server, ids never repeated."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

CUSTOMERS: Final = 5_000
_run: Final = itertools.count(1)

_DATA: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    ("point_add", {"points": 120, "source": "purchase", "reason": "Summer weeks", "balance": 1840}),
    ("checkout", {"total": 89.95, "currency": "EUR", "transaction_id": "T-90017", "items": 3}),
    ("reward_claim", {"reward": "Free coffee", "points": 250, "channel": "app", "code": "RC-77"}),
    ("tier_up", {"from": "silver", "to": "gold", "valid_until": "2027-12-31"}),
)
ACTIONS: Final = tuple(action for action, _ in _DATA)


def customer_id(number: int) -> str:
    """The id of one of the customers."""
    return f"customer-{number % CUSTOMERS:05}"


def events(count: int) -> Iterator[dict[str, object]]:
    """So many new events, customers taking turns."""
    run = f"{next(_run)}-{datetime.now(UTC):%H%M%S%f}"
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    for number in range(count):
        action, data = _DATA[number % len(_DATA)]
        yield {
            "id": f"bench-{run}-{number}",
            "customer": customer_id(number),
            "action": action,
            "timestamp": now,
            "account": "main",
            "data": data,
        }


def customers() -> Iterator[dict[str, object]]:
    """Every customer, with the fields that the connection maps."""
    for number in range(CUSTOMERS):
        yield {
            "id": customer_id(number),
            "first_name": f"Ada{number}",
            "last_name": "Example",
            "email": f"ada{number}@example.com",
            "mobile_phone": f"+44770090{number:04}",
            "language": "en",
            "score": number,
        }


def bodies(items: Iterator[dict[str, object]], size: int) -> list[bytes]:
    """Request bodies: one object each for size 1, else arrays of so many."""
    encode = msgspec.json.encode
    if size == 1:
        return [encode(item) for item in items]
    return [encode(part) for part in iter(lambda: list(itertools.islice(items, size)), [])]
