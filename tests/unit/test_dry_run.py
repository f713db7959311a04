"""The request that a message would make: kept, not sent, without secrets, fit for a shell."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest

from host import Message, Payload, Secret
from host.dry_run import WireRequest, dry_run
from host.model import Connection, Json, Kind
from host.pages.curl import as_curl
from host.registry import Module
from host_mparticle import plugin

pytestmark = pytest.mark.anyio

EVENT: dict[str, Json] = {"data": {"event_name": "point_add"}, "event_type": "custom_event"}


async def test_the_request_is_kept_and_its_secrets_are_not() -> None:
    connection = Connection(
        id="c",
        module="mparticle",
        settings={
            "api_url": "https://far.example/s2s/v2",
            "api_key": "the-key",
            "api_secret": Secret("hush-hush"),
            "development": True,
        },
        environment="development",
        identities={},
        fields=(),
        events=(),
    )
    message = Message(
        dedupe_id="abc-1",
        kind=Kind.EVENT,
        customer="c-1",
        payload=Payload(event=EVENT, profile=None),
        environment="development",
    )

    request = await dry_run(Module.of(plugin), connection, [message])

    assert request is not None
    assert (request.method, request.url.split("/")[2]) == ("POST", "far.example")
    assert b"abc-1" in request.body
    command = as_curl(request, ["$API_SECRET"])
    assert command is not None
    assert '-u the-key:"$API_SECRET"' in command
    assert "hush" not in command


def _words(command: str, environment: Mapping[str, str]) -> list[str]:
    """What a shell would hand to curl."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=dict(environment), capture_output=True, check=True
    )
    return done.stdout.decode().split("\0")[:-1]


def test_a_shell_fills_in_secrets_in_the_head_and_nothing_in_the_body() -> None:
    body = """{"a": "it's $API_SECRET `id` $(id) \\" !"}"""
    request = WireRequest(
        method="POST",
        url="https://far.example/$API_SECRET/$HOME",
        headers={"x-token": "t'$API_SECRET`id`"},
        body=body.encode(),
    )

    command = as_curl(request, ["$API_SECRET"])

    assert command is not None
    assert _words(command, {"API_SECRET": "s e", "PATH": "/bin", "HOME": "/root"}) == [
        *("-X", "POST", "https://far.example/s e/$HOME"),
        *("-H", "x-token: t's e`id`", "--data-raw", body),
    ]


def test_a_body_that_is_no_text_makes_no_command() -> None:
    request = WireRequest(method="POST", url="https://far.example", headers={}, body=b"\xff\xfe")

    assert as_curl(request, []) is None
