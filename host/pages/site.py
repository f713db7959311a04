"""What pages stand on: the flows and the store, handed to each page's routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host.accounts import Accounts
from host.backfill.backfills import Backfills
from host.configure import Configure, Workflows
from host.delivery.delivery import Delivery
from host.delivery.queue import Queue
from host.intake.intake import Intake
from host.modules import Modules
from host.routing import Routing
from host.store.engine import Transaction
from host.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The flows that pages call; the same that the JSON API calls."""

    accounts: Accounts
    store: Store
    modules: Modules
    configure: Configure
    queue: Queue
    delivery: Delivery
    intake: Intake
    backfills: Backfills
    workflows: Workflows
    routing: Callable[[Transaction], Routing]  # all connections and active workflows
    home: Path  # the data folder
    ready: Callable[[], bool]  # whether the host takes events
