"""Every fault of a connection is found at once, with the path of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from host import (
    EventMapping,
    EventType,
    FieldMapping,
    Limits,
    Manifest,
    RemoteField,
    RemoteIdentity,
    Secret,
    SettingField,
    SettingKind,
)
from host.configuration import ConnectionConfig, DeliveryPolicy, check

ACME = Manifest(
    name="acme",
    title="Acme",
    summary="A destination",
    settings=(
        SettingField(name="url", label="Address", kind=SettingKind.URL),
        SettingField(name="key", label="Key"),
        SettingField(name="token", label="Token", kind=SettingKind.SECRET),
        SettingField(name="lines", label="Lines", kind=SettingKind.NUMBER, default=3),
        SettingField(name="loud", label="Loud", kind=SettingKind.TOGGLE),
        SettingField(
            name="region",
            label="Region",
            kind=SettingKind.CHOICE,
            required=False,
            choices=(("eu", "Europe"), ("us", "America")),
        ),
    ),
    event_types=(
        EventType(name="transaction", label="Transaction"),
        EventType(name="other", label="Other"),
    ),
    identities=(RemoteIdentity(name="member", label="Member", default="id"),),
    remote_fields=(
        RemoteField(name="$firstname", type="text", meaning="given name"),
        RemoteField(name="$zip", type="text", meaning="postal code"),
    ),
    reserved_prefix="$",
    limits=Limits(name_length=20, event_names=2),
)
SETTINGS: Mapping[str, Any] = {
    "url": "https://acme.example/in",
    "key": "k-1",
    "token": Secret("s3cret-token"),
}


def config(**changes: Any) -> ConnectionConfig:
    return replace(ConnectionConfig(id="acme", module="acme", settings=SETTINGS), **changes)


def faults(of: ConnectionConfig, manifest: Manifest = ACME) -> dict[str, str]:
    return {fault.path: fault.message for fault in check(of, manifest)}


def row(**changes: Any) -> EventMapping:
    return replace(EventMapping(loyalty="point_add", external="points", type="other"), **changes)


def test_a_good_connection_has_no_fault() -> None:
    good = config(
        settings={**SETTINGS, "lines": 4, "loud": False, "region": "eu"},
        identities={"member": "external_ids.card"},
        fields=(
            FieldMapping(loyalty="first_name", remote="$firstname", when_empty="delete"),
            FieldMapping(loyalty="tiers.main.name", remote="our tier"),
        ),
        events=(row(), row(external="bonus", attributes={"points": "amount"})),
        delivery=DeliveryPolicy(resend_waits=(0.0, 0.5), timeout=120, circuit_after=0),
    )

    assert check(good, ACME) == ()


def test_all_faults_are_told_together() -> None:
    bad = config(
        id="Acme!",
        settings={"url": "ftp://x"},
        identities={"mail": "email"},
        fields=(FieldMapping(loyalty="", remote="$fistname"),),
        events=(row(type="transactoin"),),
        delivery=DeliveryPolicy(timeout=0),
    )

    assert list(faults(bad)) == [
        "connections.Acme!",
        "connections.Acme!.settings.url",
        "connections.Acme!.settings.key",
        "connections.Acme!.settings.token",
        "connections.Acme!.identities.mail",
        "connections.Acme!.fields[0].loyalty",
        "connections.Acme!.fields[0].remote",
        "connections.Acme!.events[0].type",
        "connections.Acme!.delivery.timeout",
    ]


@pytest.mark.parametrize("name", ["a", "9", "mparticle", "eu-1_b", "a" * 63])
def test_a_plain_name_is_taken(name: str) -> None:
    assert faults(config(id=name)) == {}


@pytest.mark.parametrize("name", ["", "-a", "_a", "A", "é", "a b", "a.b", "a\n", "a" * 64])
def test_a_name_of_another_shape_is_refused(name: str) -> None:
    assert list(faults(config(id=name))) == [f"connections.{name}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "acme.example"),
        ("url", "https://"),
        ("url", "https://ann:pass@acme.example"),
        ("url", "https://acme.example/?key=1"),
        ("url", "https://acme.example/?"),
        ("url", "https://acme.example/#top"),
        ("url", "https://acme.example/a b"),
        ("url", "https://acme.example/\n"),
        ("url", "https://acme.example:99999"),
        ("url", "https://[::1"),
        ("url", 5),
        ("key", 12345),
        ("key", ["k"]),
        ("token", True),
        ("lines", "3"),
        ("lines", True),
        ("lines", 3.5),
        ("loud", "true"),
        ("loud", 1),
        ("region", "EU"),
        ("region", ["eu"]),
    ],
)
def test_a_value_that_does_not_fit_its_kind_is_a_fault_of_that_setting(
    name: str, value: Any
) -> None:
    assert list(faults(config(settings={**SETTINGS, name: value}))) == [
        f"connections.acme.settings.{name}"
    ]


@pytest.mark.parametrize("url", ["https://a.example", "http://127.0.0.1:9000/x", "https://[::1]/"])
def test_an_address_is_taken_with_or_without_port_and_path(url: str) -> None:
    assert faults(config(settings={**SETTINGS, "url": url})) == {}


@pytest.mark.parametrize("value", [Secret("s3cret\n"), "s3cret"])
def test_the_value_of_a_setting_is_never_told(value: Any) -> None:
    wrong = config(settings={"url": value, "region": value, "lines": value, "toke": value})

    told = str(check(wrong, ACME))

    assert "s3cret" not in told


def test_a_missing_setting_is_a_fault_unless_it_has_a_default_or_is_a_toggle() -> None:
    assert list(faults(config(settings={}))) == [
        f"connections.acme.settings.{name}" for name in ("url", "key", "token")
    ]


def test_an_unknown_setting_is_told_with_the_nearest_one() -> None:
    found = faults(config(settings={**SETTINGS, "tokn": "x"}))

    assert found == {
        "connections.acme.settings.tokn": 'Acme has no such setting; did you mean "token"?'
    }


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("$fistname", "$firstname"), ("$FirstName", "$firstname"), ("$ZIP", "$zip")],
)
def test_an_unknown_reserved_name_is_told_with_the_nearest_and_with_all(
    name: str, suggested: str
) -> None:
    found = faults(config(fields=(FieldMapping(loyalty="x", remote=name),)))

    message = found["connections.acme.fields[0].remote"]
    assert f'did you mean "{suggested}"?' in message
    assert "$firstname, $zip" in message


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"remote": ""}, "remote"),
        ({"remote": "  "}, "remote"),
        ({"remote": "n" * 21}, "remote"),
        ({"remote": None}, "remote"),
        ({"remote": ["x"]}, "remote"),
        ({"loyalty": ""}, "loyalty"),
        ({"loyalty": 7}, "loyalty"),
        ({"when_empty": "drop"}, "when_empty"),
        ({"when_empty": None}, "when_empty"),
    ],
)
def test_a_field_row_that_cannot_be_is_a_fault_at_its_key(
    changes: dict[str, Any], where: str
) -> None:
    wrong = replace(FieldMapping(loyalty="city", remote="town"), **changes)

    found = faults(config(fields=(FieldMapping(loyalty="a", remote="b"), wrong)))

    assert list(found) == [f"connections.acme.fields[1].{where}"]


def test_a_remote_field_is_filled_once_only_while_ours_may_go_to_several() -> None:
    rows = (
        FieldMapping(loyalty="a", remote="x"),
        FieldMapping(loyalty="a", remote="y"),
        FieldMapping(loyalty="b", remote="x"),
    )

    assert list(faults(config(fields=rows))) == ["connections.acme.fields[2].remote"]


def test_a_destination_without_free_fields_takes_only_its_own() -> None:
    closed = replace(ACME, free_fields=False, reserved_prefix="")
    rows = (
        FieldMapping(loyalty="a", remote="$zip"),
        FieldMapping(loyalty="b", remote="zip"),
    )

    found = faults(config(fields=rows), closed)

    assert list(found) == ["connections.acme.fields[1].remote"]
    assert 'did you mean "$zip"?' in found["connections.acme.fields[1].remote"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"loyalty": ""}, ".loyalty"),
        ({"external": ""}, ".external"),
        ({"external": "n" * 21}, ".external"),
        ({"external": 5}, ".external"),
        ({"type": ""}, ".type"),
        ({"type": None}, ".type"),
        ({"type": "Transactions"}, ".type"),
        ({"attributes": {"points": ""}}, ".attributes.points"),
        ({"attributes": {"points": "n" * 21}}, ".attributes.points"),
        ({"attributes": {"points": 5}}, ".attributes.points"),
        ({"attributes": {"": "x"}}, ".attributes"),
        ({"attributes": {"a": "x", "b": "x"}}, ".attributes.b"),
        ({"attributes": "points"}, ".attributes"),
    ],
)
def test_an_event_row_that_cannot_be_is_a_fault_at_its_key(
    changes: dict[str, Any], where: str
) -> None:
    assert list(faults(config(events=(row(**changes),)))) == [f"connections.acme.events[0]{where}"]


def test_an_unknown_event_type_is_told_with_the_nearest_and_with_all() -> None:
    message = faults(config(events=(row(type="transactoin"),)))["connections.acme.events[0].type"]

    assert 'did you mean "transaction"?' in message
    assert "transaction, other" in message


def test_one_event_may_go_out_under_two_names_but_not_twice_under_one() -> None:
    rows = (row(), row(external="bonus"), row(type="transaction"))

    assert list(faults(config(events=rows))) == ["connections.acme.events[2]"]


def test_more_different_external_names_than_the_destination_keeps_are_refused() -> None:
    rows = (row(external="a"), row(external="b"), row(loyalty="other", external="a"))
    assert faults(config(events=rows)) == {}

    assert list(faults(config(events=(*rows, row(external="c"))))) == ["connections.acme.events"]


@pytest.mark.parametrize("value", [0, -1, 120.5, float("nan"), float("inf"), "10", None, True])
def test_a_timeout_out_of_range_is_a_fault(value: Any) -> None:
    assert delivery_paths(timeout=value) == ["timeout"]


@pytest.mark.parametrize("value", [0, 65, 1.5, "4", None, True])
def test_a_concurrency_out_of_range_is_a_fault(value: Any) -> None:
    assert delivery_paths(concurrency=value) == ["concurrency"]


@pytest.mark.parametrize("value", [-1, 2.5, None, False])
def test_a_circuit_out_of_range_is_a_fault(value: Any) -> None:
    assert delivery_paths(circuit_after=value) == ["circuit_after"]


@pytest.mark.parametrize("value", [30, None, "30", (1.0,) * 6])
def test_waits_that_are_no_list_or_too_many_are_a_fault(value: Any) -> None:
    assert delivery_paths(resend_waits=value) == ["resend_waits"]


@pytest.mark.parametrize("value", [-1, float("nan"), "30", 10**400, True, None])
def test_a_wait_out_of_range_is_a_fault_at_its_place(value: Any) -> None:
    assert delivery_paths(resend_waits=(1.5, value)) == ["resend_waits[1]"]


def delivery_paths(**changes: Any) -> list[str]:
    found = faults(config(delivery=replace(DeliveryPolicy(), **changes)))
    return [path.removeprefix("connections.acme.delivery.") for path in found]


def test_an_identity_without_a_field_of_ours_is_a_fault() -> None:
    assert list(faults(config(identities={"member": ""}))) == ["connections.acme.identities.member"]


def test_a_plugin_is_told_complete_settings_the_environment_and_its_own_identities() -> None:
    manifest = replace(
        ACME,
        settings=(
            *ACME.settings,
            SettingField(name="test", label="Test", kind=SettingKind.TOGGLE, default=True),
        ),
    )

    told = config(settings={"token": "saved as text", "key": Secret("saved as secret")}).connection(
        manifest
    )

    assert told.settings == {
        "lines": 3,
        "test": True,
        "token": Secret("saved as text"),
        "key": "saved as secret",
    }
    assert told.identities == {"member": "id"}
    assert told.environment is None
