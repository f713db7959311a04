"""Messages → one HTTP request → their outcomes. The only file that sends customer data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from host import Connection, Http, Message, Report
from host_mparticle.address import DEFAULT_API_URL, call_url
from host_mparticle.answers import read_answer
from host_mparticle.batches import batch_texts, body
from host_mparticle.check import credentials

# Plain JSON: no source says that mParticle takes compressed bodies.
_HEADERS: Final = {"Content-Type": "application/json"}


async def send(connection: Connection, messages: Sequence[Message], http: Http) -> Report:
    """Send messages of one route, one batch each. `RequestFailed` passes through."""
    settings = connection.settings
    texts = batch_texts(connection, messages)
    answer = await http.request(
        "POST",
        call_url(str(settings.get("api_url") or DEFAULT_API_URL), messages[0].payload.route),
        content=body(texts),
        headers=_HEADERS,
        basic=credentials(settings),
    )
    return read_answer(answer, texts)
