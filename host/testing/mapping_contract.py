"""What the hooks that decide keep to: pure, repeatable, and not to be led astray by data."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from host.carried import Customer, Payload
from host.model import Json, Reason
from host.outcome import GiveUp, ResendAfter, Retry
from host.testing.subject import Subject
from host.wire import canonical, dumps, loads

_INTRUDER = "an-intruder"
_TEMPTING = (
    "id",
    "customer",
    "customer_id",
    "email",
    "event",
    "event_name",
    "event_type",
    "environment",
    "name",
    "type",
    "message_id",
    "profile",
    "user_identities",
)
"""Names under which an event's data may try to pass for something else."""


class MappingContract(Subject):
    """Tests of `sync_fields`, `map_event` and `resend`."""

    def payload(self, data: Mapping[str, Json] | None = None) -> Payload:
        """The payload of the sample event, or of one with other data."""
        event = self.event_with(self.sample_event.data if data is None else data)
        payload = self.module.map_event(self.connection, event, self.mapping, self.profile())
        assert payload is not None, "map_event answers None for the sample event"
        return payload

    def test_the_same_customer_gives_the_same_profile(self) -> None:
        assert canonical(self.profile().content) == canonical(self.profile().content)

    def test_the_order_of_a_customers_fields_makes_no_difference(self) -> None:
        sample = self.sample_customer
        turned = Customer(id=sample.id, fields=dict(reversed(list(sample.fields.items()))))

        assert canonical(self.profile(turned).content) == canonical(self.profile().content)

    def test_a_customer_who_is_only_an_id_can_be_mapped(self) -> None:
        dumps(self.profile(Customer(id=self.sample_customer.id)).content)

    def test_mapping_changes_nothing_it_is_given(self) -> None:
        customer = copy.deepcopy(self.sample_customer)
        event = copy.deepcopy(self.sample_event)
        profile = self.module.sync_fields(self.connection, customer)
        profile_before = copy.deepcopy(profile)
        mapping = self.mapping

        self.module.map_event(self.connection, event, mapping, profile)

        assert customer == self.sample_customer
        assert event == self.sample_event
        assert mapping == self.mapping
        assert profile == profile_before

    def test_the_same_event_gives_the_same_payload(self) -> None:
        assert self.payload() == self.payload()

    def test_an_event_fits_into_what_the_destination_takes(self) -> None:
        payload = self.payload()
        limits = self.manifest.limits
        size = len(dumps(payload.event)) + len(dumps(payload.profile))
        sent = size + limits.bytes_added_per_item

        assert payload.event is not None
        assert limits.bytes_per_item is None or sent <= limits.bytes_per_item

    def test_a_profile_message_is_made_of_the_profile_alone(self) -> None:
        payload = self.module.map_event(self.connection, None, None, self.profile())

        assert payload is not None
        assert payload.event is None
        assert payload.profile
        dumps(payload.profile)

    def test_constant_values_of_a_workflow_are_sent(self) -> None:
        mapping = replace(self.mapping, attributes={}, constants={"greeting": "felicitations"})

        event = self.event_with(self.sample_event.data)
        payload = self.module.map_event(self.connection, event, mapping, self.profile())

        assert payload is not None
        assert b"felicitations" in dumps(payload.event)

    def test_data_overwrites_neither_identity_nor_name_nor_environment(self) -> None:
        plain = self.payload({})
        names = {*_TEMPTING, *self.connection.identities, *_names(_parts(plain))}

        hostile = self.payload(dict.fromkeys(sorted(names), _INTRUDER))

        kept = dict(_leaves(_parts(hostile)))
        assert hostile.route == plain.route
        assert hostile.profile == plain.profile
        assert {path: kept.get(path) for path, _ in _leaves(_parts(plain))} == dict(
            _leaves(_parts(plain))
        )

    def test_secrets_are_in_no_payload_and_no_text_of_the_connection(self) -> None:
        payload, profile = self.payload(), self.profile()
        shown = (
            repr(self.connection),
            str(self.connection),
            dumps(payload.event).decode(),
            dumps(payload.profile).decode(),
            " ".join((*payload.notes, *profile.notes)),
        )

        assert not [secret for secret in self.secrets for text in shown if secret in text]

    @pytest.mark.parametrize("attempts", [1, 2, 5])
    def test_resend_decides_without_surprise(self, attempts: int) -> None:
        message = self.message(attempts=attempts)
        outcome = Retry(reason=Reason(code="destination_error", text="HTTP 503"), after=7.0)

        first = self.module.resend(self.connection, message, outcome)

        assert first == self.module.resend(self.connection, message, outcome)
        assert first is None or isinstance(first, ResendAfter | GiveUp)
        if isinstance(first, ResendAfter):
            assert first.seconds <= timedelta(days=1).total_seconds()


def _parts(payload: Payload) -> Json:
    """Event and profile part as they come out of JSON."""
    parts: Json = loads(dumps({"event": payload.event, "profile": payload.profile}))
    return parts


def _leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{index}")
    else:
        yield path, value


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
