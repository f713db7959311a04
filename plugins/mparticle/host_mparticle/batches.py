"""Messages → the body of one request. One message is one batch with its own id.

mParticle de-duplicates whole batches by `source_request_id` for 30 to 60 days, so a message
keeps its id and its content whatever company it travels in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from host import Connection, Json, Message, dumps
from host_mparticle.profiles import customer_identities

MOST_BATCHES: Final = 100
REQUEST_BYTES: Final = 255_999
"""Under 256 KB ("Default service limits", which does not say how long a KB is)."""
BATCH_BYTES: Final = 128_000

SCHEMA_VERSION: Final = 2


def batch(connection: Connection, message: Message) -> dict[str, Json]:
    """The batch of one message.

    A payload without profile part (an old event, a replay) still names its customer by the
    identities that follow from the id alone: mParticle gives a batch without any identity
    to nobody.
    """
    payload = message.payload
    made: dict[str, Json] = {"schema_version": SCHEMA_VERSION}
    if message.environment is not None:
        made["environment"] = message.environment
    made["source_request_id"] = message.dedupe_id
    if payload.profile is not None:
        made.update(payload.profile)
    else:
        identities = customer_identities(connection.identities, message.customer)
        if identities:
            made["user_identities"] = identities
    made["events"] = [] if payload.event is None else [payload.event]
    return made


def batch_texts(connection: Connection, messages: Sequence[Message]) -> list[bytes]:
    """The JSON text of each message's batch, in the order given."""
    return [dumps(batch(connection, message)) for message in messages]


def body(texts: Sequence[bytes]) -> bytes:
    """The request body: a list of batches. `answers` counts on its being one line like this."""
    return b"[" + b",".join(texts) + b"]"


def _added_bytes() -> int:
    # Dedupe ids of the host are shorter than this one, `development` is the longer environment,
    # and a customer's id is added only where there is no profile part.
    sample: dict[str, Json] = {
        "schema_version": SCHEMA_VERSION,
        "environment": "development",
        "source_request_id": "x" * 64,
        "user_identities": {"customer_id": "x" * 36},
        "events": [],
    }
    brackets_and_comma = 3
    return len(dumps(sample)) + brackets_and_comma


ADDED_BYTES: Final = _added_bytes()
"""What one batch adds to the JSON texts of its payload's two parts, for ids of usual length."""
