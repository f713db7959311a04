"""What the hooks that talk keep to: one request, one outcome each, and the usual reading of it."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from host.carried import Message
from host.errors import CannotTell, FixSettings
from host.manifest import SettingKind
from host.model import Kind
from host.outcome import (
    RATE_LIMITED,
    Delivered,
    Isolate,
    Outcome,
    Rejected,
    Report,
    Retry,
    Stop,
)
from host.testing.builders import settings_of
from host.testing.far_side import Answering, FarSide, far_side, text_of
from host.testing.subject import Subject

_STATUSES: dict[int, type[Outcome]] = {
    **dict.fromkeys((200, 201, 202, 204), Delivered),
    **dict.fromkeys((408, 425, 429, 500, 502, 503, 504), Retry),
    **dict.fromkeys((302, 401, 403), Stop),
    400: Rejected,
}
"""HTTP status → outcome of a message that was alone in its request."""

_FAILURES = (
    httpx.ConnectTimeout("slow"),
    httpx.ReadTimeout("slow"),
    httpx.ConnectError("refused"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("closed"),
)


def _failing(failure: httpx.HTTPError) -> Answering:
    def answer(request: httpx.Request) -> httpx.Response:
        raise failure

    return answer


class DeliveryContract(Subject):
    """Tests of `deliver` and `connect`, against a far side inside the test."""

    async def sent(self, http: FarSide, messages: Sequence[Message]) -> Report:
        """Deliver as the host does."""
        return await self.module.deliver(self.connection, messages, http)

    def company(self) -> list[Message]:
        """Several messages for one request, as far as the destination takes several."""
        if self.manifest.limits.items_per_request < 2:
            pytest.skip("the destination takes one message a request")
        return [self.message(number) for number in range(1, 3)]

    def answering(self, status: int, headers: dict[str, str] | None = None) -> Answering:
        """A far side that answers as on success, but with this status."""

        def answer(request: httpx.Request) -> httpx.Response:
            body = self.accept(request).content if 200 <= status < 300 else b""
            return httpx.Response(status, headers=headers, content=b"" if status == 204 else body)

        return answer

    @pytest.mark.anyio
    @pytest.mark.parametrize("status", _STATUSES)
    async def test_a_status_means_what_it_usually_means(self, status: int) -> None:
        async with far_side(self.answering(status)) as http:
            report = await self.sent(http, [self.message()])

        assert [type(outcome) for outcome in report.outcomes] == [_STATUSES[status]]
        assert report.status == status

    @pytest.mark.anyio
    async def test_several_messages_are_one_request_and_one_outcome_each(self) -> None:
        messages = self.company()

        async with far_side(self.accept) as http:
            report = await self.sent(http, messages)

        assert len(http.received) == 1
        assert [type(outcome) for outcome in report.outcomes] == [Delivered] * len(messages)

    @pytest.mark.anyio
    async def test_a_refusal_in_company_is_not_held_against_a_neighbour_for_good(self) -> None:
        messages = self.company()

        async with far_side(400) as http:
            report = await self.sent(http, messages)

        assert len(report.outcomes) == len(messages)
        assert all(isinstance(outcome, Isolate | Rejected) for outcome in report.outcomes)

    @pytest.mark.anyio
    @pytest.mark.parametrize("status", [429, 503])
    async def test_retry_after_is_passed_on(self, status: int) -> None:
        async with far_side(self.answering(status, {"Retry-After": "7"})) as http:
            report = await self.sent(http, [self.message()])

        assert [outcome.after for outcome in report.outcomes if isinstance(outcome, Retry)] == [7.0]

    @pytest.mark.anyio
    async def test_a_rate_limit_is_told_from_an_outage(self) -> None:
        async with far_side(429) as http:
            report = await self.sent(http, [self.message()])

        codes = [one.reason.code for one in report.outcomes if isinstance(one, Retry)]
        assert codes == [RATE_LIMITED]

    @pytest.mark.anyio
    @pytest.mark.parametrize("failure", _FAILURES, ids=lambda error: type(error).__name__)
    async def test_no_answer_is_tried_again(self, failure: httpx.HTTPError) -> None:
        async with far_side(_failing(failure)) as http:
            report = await self.sent(http, [self.message()])

        assert [type(outcome) for outcome in report.outcomes] == [Retry]

    @pytest.mark.anyio
    async def test_an_outage_passes_and_the_same_id_is_sent_again(self) -> None:
        first, second = self.message(), self.message(attempts=1)

        async with far_side(503) as http:
            failed = await self.sent(http, [first])
        async with far_side(self.accept) as later:
            recovered = await self.sent(later, [second])

        assert [type(outcome) for outcome in failed.outcomes] == [Retry]
        assert [type(outcome) for outcome in recovered.outcomes] == [Delivered]
        assert first.dedupe_id == second.dedupe_id
        assert first.dedupe_id in text_of(http.received[0])
        assert second.dedupe_id in text_of(later.received[0])
        assert http.received[0].content == later.received[0].content

    @pytest.mark.anyio
    async def test_each_message_travels_under_its_own_id(self) -> None:
        messages = self.company()

        async with far_side(self.accept) as http:
            await self.sent(http, messages)

        assert all(text_of(http.received[0]).count(one.dedupe_id) >= 1 for one in messages)

    @pytest.mark.anyio
    async def test_a_profile_message_is_delivered(self) -> None:
        async with far_side(self.accept) as http:
            report = await self.sent(http, [self.message(kind=Kind.PROFILE)])

        assert [type(outcome) for outcome in report.outcomes] == [Delivered]

    @pytest.mark.anyio
    @pytest.mark.parametrize("status", [202, 302, 400, 401, 429, 503])
    async def test_secrets_are_in_no_address_and_no_reason(self, status: int) -> None:
        async with far_side(self.answering(status)) as http:
            report = await self.sent(http, [self.message()])

        shown = f"{http.received[0].url} {report!r}"
        assert not [secret for secret in self.secrets if secret in shown]

    @pytest.mark.anyio
    async def test_good_settings_connect_and_name_the_account(self) -> None:
        async with far_side(self.accept_connect) as http:
            title = await self.connected(http)

        assert title.strip()
        assert not [secret for secret in self.secrets if secret in title]

    @pytest.mark.anyio
    @pytest.mark.parametrize("status", [401, 403])
    async def test_refused_credentials_are_blamed_on_a_setting(self, status: int) -> None:
        async with far_side(status) as http:
            with pytest.raises(FixSettings) as caught:
                await self.connected(http)

        assert caught.value.fields
        assert caught.value.fields.keys() <= {field.name for field in self.manifest.settings}
        shown = f"{caught.value} {dict(caught.value.fields)}"
        assert not [secret for secret in self.secrets if secret in shown]

    @pytest.mark.anyio
    @pytest.mark.parametrize("status", [401, 403, 503])
    async def test_nothing_more_is_sent_once_connecting_has_failed(self, status: int) -> None:
        async with far_side(status) as http:
            with pytest.raises((FixSettings, CannotTell)):
                await self.connected(http)

        assert len(http.received) <= 1

    @pytest.mark.anyio
    async def test_an_unwell_destination_gives_no_verdict_until_it_is_well(self) -> None:
        async with far_side(503) as http:
            with pytest.raises(CannotTell):
                await self.connected(http)
        async with far_side(self.accept_connect) as later:
            assert await self.connected(later)

    @pytest.mark.anyio
    @pytest.mark.parametrize("failure", _FAILURES, ids=lambda error: type(error).__name__)
    async def test_no_answer_while_connecting_gives_no_verdict(
        self, failure: httpx.HTTPError
    ) -> None:
        async with far_side(_failing(failure)) as http:
            with pytest.raises(CannotTell):
                await self.connected(http)

    @pytest.mark.anyio
    async def test_an_address_that_is_none_is_blamed_and_nothing_is_sent(self) -> None:
        fields = self.manifest.settings
        name = next((f.name for f in fields if f.kind is SettingKind.URL), None)
        if name is None:
            pytest.skip("the module has no address to type")

        async with far_side(self.accept_connect) as http:
            with pytest.raises(FixSettings) as caught:
                await self.connected(http, **{name: "not an address"})

        assert list(caught.value.fields) == [name]
        assert http.received == []

    @pytest.mark.anyio
    async def test_connecting_sends_no_customer_data(self) -> None:
        customer = self.sample_customer
        texts = (value for value in customer.fields.values() if isinstance(value, str))
        personal = [customer.id, *(text for text in texts if len(text) > 8)]  # not "active"

        async with far_side(self.accept_connect) as http:
            await self.connected(http)

        sent = [request.content.decode(errors="replace") for request in http.received]
        assert not [value for value in personal for body in sent if value in body]
        assert not [s for s in self.secrets for one in http.received if s in str(one.url)]

    async def connected(self, http: FarSide, **changed: str) -> str:
        """Connect with the sample settings, some of them changed."""
        settings = settings_of(self.manifest, {**self.settings, **changed})
        return await self.module.connect(settings, http)
