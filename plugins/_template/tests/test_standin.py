"""The stand-in takes what the module sends, once, and shows it."""

from __future__ import annotations

import pytest

from host import Connection, Delivered, Http, Secret, Stop
from host.testing import connection, customer, event, message, served_by
from host_template import delivery
from host_template.manifest import MANIFEST, stand_in_settings
from host_template.mapping import payload_of, profile_of
from host_template.standin import create_app

ADDRESS = "http://stand-in"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def http() -> Http:
    return served_by(create_app())


def to_stand_in(**changed: Secret) -> Connection:
    return connection(MANIFEST, settings={**stand_in_settings(ADDRESS), **changed})


@pytest.mark.anyio
async def test_a_repeated_message_arrives_once(http: Http) -> None:
    order = MANIFEST.stand_in.events[1] if MANIFEST.stand_in else None
    sent = message(
        dedupe_id="m-1",
        customer="c-7",
        environment="test",
        payload=payload_of(event(), order, profile_of(to_stand_in(), customer(id="c-7"))),
    )

    first = await delivery.deliver(to_stand_in(), [sent], http)
    again = await delivery.deliver(to_stand_in(), [sent], http)
    arrivals = (await http.request("GET", f"{ADDRESS}/arrivals")).body
    page = (await http.request("GET", f"{ADDRESS}/")).body.decode()

    assert [*first.outcomes, *again.outcomes] == [Delivered(), Delivered()]
    assert arrivals.count(b'"customer":"c-7","event":"order","environment":"test"') == 1
    assert "<td>c-7</td><td>order</td><td>test</td><td>m-1</td>" in page


@pytest.mark.anyio
async def test_a_wrong_token_stops_and_the_right_one_connects(http: Http) -> None:
    wrong = await delivery.deliver(to_stand_in(token=Secret("guess")), [message()], http)
    title = await delivery.connect(to_stand_in().settings, http)

    assert [type(outcome) for outcome in wrong.outcomes] == [Stop]
    assert title == ADDRESS


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"{", b"[1]", b"[{}]", b"3"])
async def test_nonsense_is_refused(http: Http, body: bytes) -> None:
    answer = await http.request(
        "POST",
        f"{ADDRESS}/items",
        content=body,
        headers={"Authorization": "Bearer stand-in-token"},
    )

    assert answer.status == 400
