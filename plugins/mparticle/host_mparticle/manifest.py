"""What the mParticle module declares about itself. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from host import (
    Environments,
    Limits,
    Manifest,
    Secret,
    SettingField,
    SettingKind,
    SettingValue,
    StandIn,
)
from host_mparticle.address import DEFAULT_API_URL, PODS
from host_mparticle.associations import DEMO_EVENTS, DEMO_FIELDS, USUAL_FIELDS
from host_mparticle.attributes import NAME_LENGTH, RESERVED, RESERVED_PREFIX, VALUE_LENGTH
from host_mparticle.batches import ADDED_BYTES, BATCH_BYTES, MOST_BATCHES, REQUEST_BYTES
from host_mparticle.events import EVENT_TYPES, OTHER, PREFIX
from host_mparticle.profiles import IDENTITIES

DEMO_KEY: Final = "demo-key"
DEMO_SECRET: Final = "demo-secret"
_FEED: Final = "In mParticle: Setup → Inputs → Feeds → Antavo → your configuration"
_PODS: Final = ", ".join(f"{name} {url}" for url, name in PODS)


def stand_in_settings(base_url: str) -> Mapping[str, SettingValue]:
    """Settings that the stand-in running at `base_url` accepts."""
    return {
        "api_url": f"{base_url.rstrip('/')}/s2s/v2",
        "api_key": DEMO_KEY,
        "api_secret": Secret(DEMO_SECRET),
        "development": True,
    }


manifest: Final = Manifest(
    name="mparticle",
    title="mParticle",
    summary="Sends customers and loyalty events to mParticle, each once and in order.",
    icon="mP",
    docs_url="https://docs.mparticle.com/integrations/antavo",
    settings=(
        SettingField(
            name="api_url",
            label="API URL",
            kind=SettingKind.URL,
            default=DEFAULT_API_URL,
            placeholder=DEFAULT_API_URL,
            help="With or without /v2 at its end. The default is right for an Antavo feed; "
            f"an input of your own has its data centre's address: {_PODS}.",
            where="mParticle shows it beside the key of the feed, or in its documentation.",
        ),
        SettingField(
            name="api_key",
            label="API key",
            help="One pair of key and secret serves development and production.",
            where=f"{_FEED} → Server to Server Key",
        ),
        SettingField(
            name="api_secret",
            label="API secret",
            kind=SettingKind.SECRET,
            where=f"{_FEED} → Secret",
        ),
        SettingField(
            name="development",
            label="Development",
            kind=SettingKind.TOGGLE,
            required=False,
            default=False,
            help="Marks everything as development data, which mParticle keeps apart from "
            "production. mParticle's Live Stream shows development data only.",
        ),
    ),
    identities=IDENTITIES,
    remote_fields=RESERVED,
    reserved_prefix=RESERVED_PREFIX,
    free_fields=True,
    suggested_prefix=PREFIX,
    usual_fields=USUAL_FIELDS,
    event_types=EVENT_TYPES,
    default_event_type=OTHER,
    limits=Limits(
        items_per_request=MOST_BATCHES,
        bytes_per_request=REQUEST_BYTES,
        bytes_per_item=BATCH_BYTES,
        bytes_added_per_item=ADDED_BYTES,
        name_length=NAME_LENGTH,
        value_length=VALUE_LENGTH,
        event_names=1000,
    ),
    environments=Environments(setting="development", on="development", off="production"),
    stand_in=StandIn(
        app="host_mparticle.standin:create_app",
        settings=stand_in_settings,
        live_stream="/",
        arrivals="/arrivals",
        fields=DEMO_FIELDS,
        events=DEMO_EVENTS,
    ),
)
