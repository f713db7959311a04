"""What the host asks of a plugin. Five hooks; a plugin implements them in its entry-point module.

A hook either *decides* (plain `def`: pure, quick, no I/O) or *talks* (`async def`, is handed
the HTTP client and has a time limit). A plugin may take only the arguments it needs. Beside
the hooks the module holds `manifest`, a `host.Manifest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from host.carried import Customer, Event, Message, Payload, Profile
    from host.http import Http
    from host.model import Connection, EventMapping, Settings
    from host.outcome import Outcome, Report, ResendDecision

PROJECT = "loyalty_host"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
async def connect(settings: Settings, http: Http) -> str:
    """Try settings that a person typed; answer the account's title on the far side.

    Called before settings are saved and by *Test connection*. Sends no customer data.
    Raises `FixSettings` (by field) when the destination refuses the settings, `CannotTell`
    when it gives no verdict. A `RequestFailed` of the client may pass through: the host
    reads it as a wrong address or as "cannot tell".
    """


@hookspec(firstresult=True)
def sync_fields(connection: Connection, customer: Customer) -> Profile:
    """The profile part for one customer: identities and mapped attributes of the far side.

    Pure. Called for each customer of a batch when anything is mapped for them. The same
    customer and connection give the same content, since the host compares contents to know
    whether anything changed.
    """


@hookspec(firstresult=True)
def map_event(
    connection: Connection,
    event: Event | None,
    mapping: EventMapping | None,
    profile: Profile,
) -> Payload | None:
    """The payload of one message, or None: nothing to send for this.

    Pure. With an event: `mapping` is its association (or a workflow's action, whose values
    are `constants`). Without (both None): a profile message, made of the profile part. The
    payload holds no message id; ids are added by `deliver`.
    """


@hookspec(firstresult=True)
async def deliver(connection: Connection, messages: Sequence[Message], http: Http) -> Report:
    """Send these messages in at most one HTTP request; one outcome each, in the order given.

    All messages are of different customers, of one route, and fit the manifest's limits. A
    `RequestFailed` of the client may pass through: it becomes the outcome of every message.
    """


@hookspec(firstresult=True)
def resend(connection: Connection, message: Message, outcome: Outcome) -> ResendDecision | None:
    """After an attempt that may be repeated: how long to wait, give up, or None: host policy.

    Pure. Called once per `Retry` outcome while attempts are left.
    """
