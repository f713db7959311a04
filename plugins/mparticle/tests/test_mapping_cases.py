"""Input and expected output of the mapping, side by side: one folder per case in `cases/`.

`input.json` holds the customer, the field rows, and for an event the event and its
association; `expected.json` the payload. Numbers are compared as they are spelled.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from host import (
    Connection,
    Customer,
    Event,
    EventMapping,
    FieldMapping,
    Payload,
    canonical,
    loads,
)
from host_mparticle.events import event_payload, profile_payload
from host_mparticle.manifest import manifest
from host_mparticle.profiles import profile_part

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def mapped(given: dict[str, Any]) -> Payload | None:
    identities = {i.name: i.default for i in manifest.identities if i.default is not None}
    connection = Connection(
        id="mparticle",
        module="mparticle",
        settings={},
        identities=given.get("identities", identities),
        fields=tuple(FieldMapping(**row) for row in given.get("fields", ())),
    )
    customer = Customer(id=given["customer"]["id"], fields=given["customer"])
    profile = profile_part(connection, customer)
    event = given.get("event")
    if event is None:
        return profile_payload(profile)
    return event_payload(
        Event(
            id=event["id"],
            customer=customer.id,
            action=event["action"],
            data=event["data"],
            occurred_at=datetime.fromisoformat(event["timestamp"]),
            fields=event.get("fields", {}),
        ),
        EventMapping(**given["mapping"]),
        profile,
        NOW,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_payload_is_as_written_down(case: Path) -> None:
    given = loads((case / "input.json").read_bytes())

    payload = mapped(given)

    assert payload is not None
    made = {
        "route": payload.route,
        "event": payload.event,
        "profile": payload.profile,
        "notes": payload.notes,
    }
    assert canonical(made) == canonical(loads((case / "expected.json").read_bytes()))
