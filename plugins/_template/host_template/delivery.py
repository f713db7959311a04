"""Talking to the destination: one request a call, and what its answer means."""

from __future__ import annotations

from collections.abc import Sequence

from host import (
    CannotTell,
    Connection,
    FixSettings,
    Http,
    HttpAnswer,
    Json,
    Message,
    Report,
    Secret,
    Settings,
    dumps,
    outcome_for_status,
)

_BLAMED = {
    401: ("token", "the destination does not accept this token"),
    403: ("token", "the destination does not accept this token"),
    404: ("base_url", "the destination knows no such address"),
    405: ("base_url", "this address takes no posts"),
}
"""Status of a refused trial → the setting to look at, and why."""


async def connect(settings: Settings, http: Http) -> str:
    """Try the settings with an empty array; the title is the address itself.

    Raises FixSettings, CannotTell, and RequestFailed, which the host reads.
    """
    answer = await _post(settings, [], http)
    if 200 <= answer.status < 300:
        return str(settings["base_url"])
    if answer.status in _BLAMED:
        field, words = _BLAMED[answer.status]
        raise FixSettings(words, **{field: words})
    if 300 <= answer.status < 400:
        words = "the address redirects elsewhere; enter the address it leads to"
        raise FixSettings(words, base_url=words)
    raise CannotTell(f"the destination answered HTTP {answer.status}; try again later")


async def deliver(connection: Connection, messages: Sequence[Message], http: Http) -> Report:
    """Send these messages as one array. A RequestFailed passes to the host."""
    answer = await _post(connection.settings, [_item(message) for message in messages], http)
    outcome = outcome_for_status(answer.status, alone=len(messages) == 1, after=answer.retry_after)
    return Report(outcomes=(outcome,) * len(messages), status=answer.status)


def _item(message: Message) -> Json:
    return {
        "id": message.dedupe_id,  # the same in every attempt, so that a repeat is recognised
        "environment": message.environment,
        "customer": message.customer,
        "event": message.payload.event,
        "profile": message.payload.profile,
    }


async def _post(settings: Settings, items: Sequence[Json], http: Http) -> HttpAnswer:
    token = settings["token"]
    assert isinstance(token, Secret)  # the manifest says so
    return await http.request(
        "POST",
        f"{str(settings['base_url']).rstrip('/')}/items",
        content=dumps(items),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token.reveal()}",
        },
    )
