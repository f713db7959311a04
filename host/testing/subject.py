"""What a contract is about: the plugin under test and the samples it is tried with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from host.carried import Customer, Event, Message, Profile
from host.manifest import Manifest
from host.model import Connection, EventMapping, FieldMapping, Json, Kind, SettingValue
from host.registry import Module
from host.testing import builders


class Subject:
    """Names the plugin; the rest has a default that an author overrides where it does not fit."""

    plugin: Any
    """The module that the entry point names."""
    settings: Mapping[str, SettingValue]
    """Settings that a person would type, secrets as plain texts."""
    fields: Sequence[FieldMapping] | None = None
    """Sync fields; None: the manifest's usual ones."""
    sample_customer: Customer = builders.customer()
    sample_event: Event = builders.event()

    def accept(self, request: httpx.Request) -> httpx.Response:
        """What the destination answers to messages that it takes."""
        return httpx.Response(202)

    def accept_connect(self, request: httpx.Request) -> httpx.Response:
        """What the destination answers while connecting with good settings."""
        return httpx.Response(200, json={})

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The loop that the host runs on."""
        return "asyncio"

    @property
    def module(self) -> Module:
        """The plugin as the host calls it."""
        return Module.of(self.plugin)

    @property
    def manifest(self) -> Manifest:
        """The plugin's manifest."""
        manifest = self.module.manifest
        assert manifest is not None, self.module.reason
        return manifest

    @property
    def connection(self) -> Connection:
        """A connection with the sample settings and one event mapping."""
        return builders.connection(
            self.manifest,
            settings=self.settings,
            fields=self.fields,
            events=(self.mapping,),
        )

    @property
    def mapping(self) -> EventMapping:
        """The sample event's association: all its values, under the same name."""
        types = self.manifest.event_types
        assert types, "the manifest names no event types"
        return EventMapping(
            loyalty=self.sample_event.action,
            external=self.sample_event.action,
            type=self.manifest.default_event_type or types[0].name,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must never show."""
        names = self.manifest.secrets
        return tuple(str(value) for name, value in self.settings.items() if name in names)

    def profile(self, customer: Customer | None = None) -> Profile:
        """The profile part of the sample customer, or of this one."""
        return self.module.sync_fields(self.connection, customer or self.sample_customer)

    def event_with(self, data: Mapping[str, Json]) -> Event:
        """The sample event with other data."""
        sample = self.sample_event
        return builders.event(
            id=sample.id,
            customer=self.sample_customer.id,
            action=sample.action,
            data=data,
            occurred_at=sample.occurred_at,
        )

    def message(self, number: int = 1, *, attempts: int = 0, kind: Kind = Kind.EVENT) -> Message:
        """A message of a customer of its own, as the host makes one."""
        customer = Customer(
            id=f"{self.sample_customer.id}-{number}", fields=self.sample_customer.fields
        )
        of_event = kind is Kind.EVENT
        payload = self.module.map_event(
            self.connection,
            self.event_with(self.sample_event.data) if of_event else None,
            self.mapping if of_event else None,
            self.profile(customer),
        )
        assert payload is not None, "map_event answers None for the sample event"
        return Message(
            dedupe_id=f"3b9f6f0e-6a55-4c3e-9d0a-{number:012d}",
            kind=kind,
            customer=customer.id,
            payload=payload,
            environment=self.connection.environment,
            attempts=attempts,
        )
