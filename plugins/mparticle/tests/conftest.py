"""What the tests of the module share: the event loop, and a client of the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from host import Connection, Http, Kind, Message, Payload
from host.http import DestinationPolicy
from host_mparticle.manifest import manifest
from host_mparticle.standin import StandIn, create_app

BASE = "http://127.0.0.1:9"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Bench:
    """A connection to a stand-in that is reached without a socket."""

    stand_in: StandIn
    http: Http
    connection: Connection


@pytest.fixture
async def bench(anyio_backend: str) -> AsyncIterator[Bench]:
    app = create_app()
    assert manifest.stand_in is not None
    connection = Connection(
        id="mparticle",
        module="mparticle",
        settings=manifest.stand_in.settings(BASE),
        environment="development",
        identities={"customer_id": "id"},
    )
    transport = httpx.ASGITransport(app=app)
    async with Http(DestinationPolicy(allow_private=True), transport=transport) as http:
        yield Bench(app.state.stand_in, http, connection)


@pytest.fixture
def message() -> Callable[..., Message]:
    """Builds a message; `number` tells one from another."""

    def build(number: int = 1, **changes: Any) -> Message:
        name = changes.pop("name", "point_add")
        custom = changes.pop("custom", {"antavo_points": 10})
        content: dict[str, Any] = {
            "event_type": "custom_event",
            "data": {
                "event_name": name,
                "custom_event_type": "transaction",
                "timestamp_unixtime_ms": changes.pop("timestamp", 1_795_526_400_000),
                "source_message_id": f"event-{number}",
                "custom_attributes": custom,
            },
        }
        profile = changes.pop("profile", {"user_identities": {"customer_id": f"c-{number}"}})
        route = changes.pop("route", "")
        values: dict[str, Any] = {
            "dedupe_id": f"message-{number}",
            "kind": Kind.EVENT,
            "customer": f"c-{number}",
            "environment": "development",
            "payload": Payload(event=content, profile=profile, route=route),
        }
        return Message(**{**values, **changes})

    return build
