"""What most people write first: the vendor's own client in 16 threads. No queue, no order.

Runs alone, in a virtual environment that holds the client and nothing of this project:
`python plain_script.py URL COUNT SIZE`; prints the seconds from first call to last answer.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mparticle

THREADS = 16
CUSTOMERS = 5_000


def client(url: str) -> Any:
    """The vendor's API object, pointed at another host."""
    settings = mparticle.Configuration()
    settings.host = f"{url}/v2"
    settings.api_key = "bench-key"
    settings.api_secret = "bench-secret"
    settings.connection_pool_size = THREADS  # its default of 1 makes 16 threads reconnect
    return mparticle.EventsApi(settings)


def batch(number: int) -> Any:
    """One event of one customer, like the host's."""
    made = mparticle.Batch()
    made.environment = "development"
    made.source_request_id = f"plain-{number}"
    customer = number % CUSTOMERS
    made.user_identities = mparticle.UserIdentities(
        customerid=f"customer-{customer:05}",
        email=f"ada{customer}@example.com",
        mobile_number=f"+44770090{customer:04}",
    )
    made.user_attributes = {
        "$firstname": f"Ada{customer}",
        "$lastname": "Example",
        "loyalty_language": "en",
        "loyalty_points": customer,
    }
    event = mparticle.AppEvent(
        event_name="point_add",
        custom_event_type="transaction",
        timestamp_unixtime_ms=int(time.time() * 1000),
        source_message_id=f"plain-{number}",
        custom_attributes={
            "antavo_points": 120,
            "antavo_source": "purchase",
            "antavo_reason": "Summer weeks",
            "antavo_balance": 1840,
        },
    )
    made.events = [event]
    return made


def send(api: Any, first: int, size: int) -> None:
    """One call: a single event, or a bulk of so many."""
    if size == 1:
        api.upload_events(batch(first))
    else:
        api.bulk_upload_events([batch(number) for number in range(first, first + size)])


def main(url: str, count: int, size: int) -> float:
    """Seconds for so many events."""
    api = client(url)
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda first: send(api, first, size), range(0, count, size)))
    return time.monotonic() - began


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
