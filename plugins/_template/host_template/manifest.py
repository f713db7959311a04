"""What the module says about itself. Pages, forms, checks and the demo are made from it."""

from __future__ import annotations

from collections.abc import Mapping

from host import (
    Environments,
    EventMapping,
    EventType,
    FieldMapping,
    Limits,
    Manifest,
    RemoteIdentity,
    Secret,
    SettingField,
    SettingKind,
    SettingValue,
    StandIn,
)

STAND_IN_TOKEN = "stand-in-token"


def stand_in_settings(base_url: str) -> Mapping[str, SettingValue]:
    """Settings that the stand-in running at `base_url` accepts."""
    return {"base_url": base_url, "token": Secret(STAND_IN_TOKEN), "test": True}


MANIFEST = Manifest(
    name="template",
    title="Template",
    summary="Posts events and profiles as JSON to an address of yours.",
    icon="{}",
    settings=(
        SettingField(
            name="base_url",
            label="Address",
            kind=SettingKind.URL,
            placeholder="https://hooks.example.com/loyalty",
            help="Items are posted to /items below this address.",
        ),
        SettingField(
            name="token",
            label="Token",
            kind=SettingKind.SECRET,
            where="The destination gives it to you; it is sent as a bearer token.",
        ),
        SettingField(
            name="test",
            label="Test data",
            kind=SettingKind.TOGGLE,
            required=False,
            default=False,
            help="Marks everything that is sent as a test.",
        ),
    ),
    event_types=(
        EventType(name="activity", label="Activity"),
        EventType(name="purchase", label="Purchase"),
    ),
    default_event_type="activity",
    identities=(
        RemoteIdentity(name="customer_id", label="Customer id", default="id"),
        RemoteIdentity(name="email", label="E-mail", default="email"),
    ),
    usual_fields=(
        FieldMapping(loyalty="first_name", remote="first_name"),
        FieldMapping(loyalty="last_name", remote="last_name"),
    ),
    limits=Limits(
        items_per_request=50,
        bytes_per_request=1_000_000,
        bytes_per_item=100_000,
        bytes_added_per_item=2_500,  # ids and names around the payload; ids may be 512 long
    ),
    environments=Environments(setting="test", on="test", off="live"),
    stand_in=StandIn(
        app="host_template.standin:create_app",
        settings=stand_in_settings,
        live_stream="/",
        arrivals="/arrivals",
        fields=(
            FieldMapping(loyalty="first_name", remote="first_name"),
            FieldMapping(loyalty="last_name", remote="last_name"),
        ),
        events=(
            EventMapping(loyalty="point_add", external="points_added", type="activity"),
            EventMapping(loyalty="checkout", external="order", type="purchase"),
        ),
    ),
)
