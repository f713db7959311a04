"""Configuration is read from TOML and JSON alike, and touches only what it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from host import (
    Environments,
    EventMapping,
    EventType,
    FieldMapping,
    Manifest,
    RemoteIdentity,
    Secret,
    SettingField,
    SettingKind,
)
from host.configuration import (
    ConnectionConfig,
    DeliveryPolicy,
    check,
    merge,
    read_connection,
    read_events,
    read_fields,
)
from host.document import read_document
from host.errors import InvalidConfiguration

ACME = Manifest(
    name="acme",
    title="Acme",
    summary="A destination",
    settings=(
        SettingField(name="url", label="Address", kind=SettingKind.URL),
        SettingField(name="token", label="Token", kind=SettingKind.SECRET),
        SettingField(name="lines", label="Lines", kind=SettingKind.NUMBER, required=False),
        SettingField(name="test", label="Test", kind=SettingKind.TOGGLE),
    ),
    event_types=(EventType(name="other", label="Other"),),
    default_event_type="other",
    identities=(
        RemoteIdentity(name="member", label="Member", default="id"),
        RemoteIdentity(name="mail", label="E-mail", default="email"),
        RemoteIdentity(name="card", label="Card"),
    ),
    environments=Environments(setting="test", on="test", off="live"),
)
STORED = ConnectionConfig(
    id="acme",
    module="acme",
    paused=True,
    settings={"url": "https://old.example", "token": Secret("old-token"), "lines": 2},
    identities={"member": "id"},
    fields=(FieldMapping(loyalty="city", remote="town"),),
    events=(EventMapping(loyalty="point_add", external="points", type="other"),),
    delivery=DeliveryPolicy(timeout=5, concurrency=2),
)
WHOLE = """
[connections.acme]
enabled = false
paused = true
[connections.acme.settings]
url = "https://acme.example/in"
token = { env = "ACME_TOKEN" }
lines = 7
test = true
[connections.acme.identities]
member = "external_ids.card"
[[connections.acme.fields]]
loyalty = "first_name"
remote = "given name"
when_empty = "delete"
[[connections.acme.fields]]
loyalty = "city"
remote = "town"
[[connections.acme.events]]
loyalty = "reward_claim"
external = "claimed"
type = "other"
attributes = { reward = "antavo_reward" }
enabled = false
[[connections.acme.events]]
loyalty = "point_add"
external = "points"
[connections.acme.delivery]
resend_waits = [0, 0.5]
timeout = 2.5
concurrency = 1
circuit_after = 0
"""


def applied(
    text: str,
    stored: ConnectionConfig | None = None,
    environment: Mapping[str, str] | None = None,
    manifest: Manifest | None = ACME,
) -> ConnectionConfig:
    draft = read_document(text, environment or {}).connections["acme"]
    return merge(draft, stored, manifest)


def faults_of(text: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidConfiguration) as caught:
        read_document(text, environment or {})
    return {fault.path: fault.message for fault in caught.value.faults}


def json_faults(value: Any) -> dict[str, str]:
    with pytest.raises(InvalidConfiguration) as caught:
        read_connection("acme", value)
    return {fault.path: fault.message for fault in caught.value.faults}


def test_a_whole_file_becomes_a_connection() -> None:
    config = applied(WHOLE, environment={"ACME_TOKEN": "t-1"})

    assert config == ConnectionConfig(
        id="acme",
        module="acme",
        enabled=False,
        paused=True,
        settings={
            "url": "https://acme.example/in",
            "token": Secret("t-1"),
            "lines": 7,
            "test": True,
        },
        identities={"member": "external_ids.card"},
        fields=(
            FieldMapping(loyalty="first_name", remote="given name", when_empty="delete"),
            FieldMapping(loyalty="city", remote="town"),
        ),
        events=(
            EventMapping(
                loyalty="reward_claim",
                external="claimed",
                type="other",
                attributes={"reward": "antavo_reward"},
                enabled=False,
            ),
            EventMapping(loyalty="point_add", external="points", type="other"),
        ),
        delivery=DeliveryPolicy(
            resend_waits=(0.0, 0.5), timeout=2.5, concurrency=1, circuit_after=0
        ),
    )
    assert check(config, ACME) == ()
    assert config.connection(ACME).environment == "test"


@pytest.mark.parametrize("text", ["", "\ufeff", "# nothing\n", "[connections]\n"])
def test_a_file_without_connections_names_none(text: str) -> None:
    assert read_document(text, {}).connections == {}


def test_a_bare_connection_has_every_default() -> None:
    config = applied("[connections.acme]", manifest=None)

    assert config == ConnectionConfig(id="acme", module="acme")


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("", {}),
        ("enabled = false", {"enabled": False}),
        ("paused = false", {"paused": False}),
        ("fields = []", {"fields": ()}),
        ("events = []", {"events": ()}),
        ("identities = { card = 'card' }", {"identities": {"card": "card"}}),
        ("delivery = { timeout = 9 }", {"delivery": DeliveryPolicy(timeout=9, concurrency=2)}),
        ("settings = { lines = 5 }", {"settings": {**STORED.settings, "lines": 5}}),
        ("settings = { test = true }", {"settings": {**STORED.settings, "test": True}}),
    ],
)
def test_only_what_the_file_names_is_touched(text: str, changes: dict[str, Any]) -> None:
    assert applied(f"[connections.acme]\n{text}", STORED) == replace(STORED, **changes)


def test_an_unset_variable_keeps_the_stored_value_and_a_set_one_replaces_it() -> None:
    text = "[connections.acme.settings]\ntoken = { env = 'ACME_TOKEN' }"

    assert applied(text, STORED).settings["token"] == Secret("old-token")
    assert applied(text, STORED, {"ACME_TOKEN": ""}).settings["token"] == Secret("old-token")
    assert applied(text, STORED, {"ACME_TOKEN": "new"}).settings["token"] == Secret("new")


def test_an_unset_variable_with_nothing_stored_is_told_with_every_other_fault() -> None:
    text = "[connections.acme.settings]\ntoken = { env = 'ACME_TOKEN' }\nlines = 'x'"

    with pytest.raises(InvalidConfiguration) as caught:
        applied(text)

    assert [fault.path for fault in caught.value.faults] == [
        "connections.acme.settings.token",
        "connections.acme.settings.url",
        "connections.acme.settings.lines",
    ]
    assert "set ACME_TOKEN" in caught.value.faults[0].message


def test_an_unset_variable_of_an_optional_setting_leaves_it_without_value() -> None:
    text = "[connections.acme.settings]\nlines = { env = 'LINES' }"

    assert "lines" not in applied(text).settings


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("lines", "12", 12),
        ("lines", " 12\n", 12),
        ("lines", "many", "many"),
        ("test", "true", True),
        ("test", "FALSE", False),
        ("test", "0", False),
        ("url", "https://a.example", "https://a.example"),
        ("token", "12", Secret("12")),
    ],
)
def test_a_variable_is_read_as_the_kind_of_its_setting(name: str, text: str, value: Any) -> None:
    document = f"[connections.acme.settings]\n{name} = {{ env = 'V' }}"

    assert applied(document, STORED, {"V": text}).settings[name] == value


def test_a_literal_secret_is_wrapped_and_shown_nowhere() -> None:
    text = "[connections.acme.settings]\ntoken = 'hunter2'"
    document = read_document(text, {"V": "hunter2"})

    config = merge(document.connections["acme"], STORED, ACME)

    assert config.settings["token"] == Secret("hunter2")
    assert "hunter2" not in repr(document) + repr(config)


def test_without_a_manifest_a_new_text_is_secret_and_a_known_one_stays_what_it_was() -> None:
    text = "[connections.acme.settings]\nurl = 'https://new.example'\nunknown = 'x'"

    config = applied(text, STORED, manifest=None)

    assert config.settings == {
        **STORED.settings,
        "url": "https://new.example",
        "unknown": Secret("x"),
    }


def test_another_module_gets_none_of_the_old_ones_settings() -> None:
    text = "[connections.acme]\nmodule = 'other'\nsettings = { token = { env = 'T' } }"

    with pytest.raises(InvalidConfiguration):
        applied(text, STORED)

    assert applied(text, STORED, {"T": "t"}).settings == {"token": Secret("t")}
    assert applied(text, STORED, {"T": "t"}).fields == ()
    assert applied(text, STORED, {"T": "t"}).delivery == STORED.delivery


def test_giving_back_the_suggested_identities_leaves_them_to_the_module() -> None:
    given = read_connection("acme", {"identities": {"mail": "email", "member": "id"}})

    assert merge(given, replace(STORED, identities=None), ACME).identities is None
    assert merge(given, STORED, ACME).identities == {"mail": "email", "member": "id"}


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("conections = {}", "conections", 'did you mean "connections"?'),
        ("[connections.acme]\nmodul = 'x'", "connections.acme.modul", '"module"'),
        ("[connections.acme]\nstate = 'paused'", "connections.acme.state", "no such key"),
        (
            "[[connections.acme.fields]]\nloyalty = 'a'\nremote = 'b'\nwhenempty = 'keep'",
            "connections.acme.fields[0].whenempty",
            '"when_empty"',
        ),
        (
            "[[connections.acme.events]]\nloyalty='a'\nexternal='b'\nattribute = {}",
            "connections.acme.events[0].attribute",
            '"attributes"',
        ),
        (
            "[connections.acme.delivery]\ntime_out = 3",
            "connections.acme.delivery.time_out",
            '"timeout"',
        ),
        ("[[workflows]]\nactive = true", "workflows[0].name", "is missing"),
        ("workflows = 3", "workflows", "a list of tables"),
        ("connections = 3", "connections", "must be a table, not a whole number"),
        ("connections.acme = []", "connections.acme", "must be a table, not a list"),
        ("connections.acme.enabled = 1", "connections.acme.enabled", "true or false"),
        ("connections.acme.module = ''", "connections.acme.module", "must not be empty"),
        ("connections.acme.fields = {}", "connections.acme.fields", "a list of tables"),
        ("connections.acme.fields = [1]", "connections.acme.fields[0]", "must be a table"),
        ("connections.acme.identities.a = 1", "connections.acme.identities.a", "a text"),
        ("connections.acme.settings.a = 1.5", "connections.acme.settings.a", "fraction"),
        ("connections.acme.settings.a = 2020-01-01", "connections.acme.settings.a", "date"),
        ("connections.acme.settings.a = { en = 'X' }", "connections.acme.settings.a", "env"),
        ("connections.acme.settings.a = { env = '' }", "connections.acme.settings.a.env", "empty"),
        ("connections.acme.delivery.timeout = nan", "connections.acme.delivery.timeout", "counted"),
        (
            "connections.acme.delivery.resend_waits = [1, 'x']",
            "connections.acme.delivery.resend_waits[1]",
            "a number of seconds, not a text",
        ),
        (f"connections.acme.delivery.timeout = {10**400}", "connections.acme.delivery.timeout", ""),
    ],
)
def test_a_fault_of_form_is_told_by_its_path(text: str, path: str, words: str) -> None:
    found = faults_of(text)

    assert list(found) == [path]
    assert words in found[path]


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = """
    [connections.acme]
    enabled = "yes"
    fields = [{ loyalty = "a" }, { loyalty = 1, remote = "b", when_empty = "x" }]
    [connections.other]
    events = [{ external = "b", type = 1, attributes = { a = 1 }, enabled = "x" }]
    """

    assert list(faults_of(text)) == [
        "connections.acme.enabled",
        "connections.acme.fields[0].remote",
        "connections.acme.fields[1].loyalty",
        "connections.acme.fields[1].when_empty",
        "connections.other.events[0].loyalty",
        "connections.other.events[0].type",
        "connections.other.events[0].attributes.a",
        "connections.other.events[0].enabled",
    ]


def test_a_file_that_is_not_toml_is_told_with_its_line() -> None:
    assert "line 3" in faults_of("[connections.acme]\nenabled = true\nmodule = acme\n")[""]


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_a_hostile_file_is_refused_like_any_other(text: str) -> None:
    assert list(faults_of(text)) == [""]


def test_the_api_reads_the_same_keys_from_json() -> None:
    draft = read_connection(
        "acme",
        {
            "id": "acme",
            "state": "connected",
            "reason": None,
            "version": 3,
            "settings": {"token": {"set": True}, "lines": None, "url": "https://new.example"},
            "identities": None,
            "events": [{"loyalty": "a", "external": "b", "attributes": None}],
            "delivery": {"timeout": Decimal("2.5")},
        },
    )

    assert merge(draft, STORED, ACME) == replace(
        STORED,
        settings={"url": "https://new.example", "token": Secret("old-token")},
        identities=None,
        events=(EventMapping(loyalty="a", external="b", type="other"),),
        delivery=replace(STORED.delivery, timeout=2.5),
    )


def test_a_secret_said_to_be_set_with_none_stored_is_a_fault() -> None:
    draft = read_connection("acme", {"settings": {"url": "https://a", "token": {"set": True}}})

    with pytest.raises(InvalidConfiguration, match=r"settings\.token: no value is stored"):
        merge(draft, None, ACME)


def test_a_caller_of_the_api_cannot_read_the_hosts_variables() -> None:
    found = json_faults({"settings": {"url": {"env": "HOME"}}})

    assert "only a configuration file" in found["connections.acme.settings.url"]


@pytest.mark.parametrize("value", [None, [], "x", 3, True])
def test_a_connection_that_is_no_object_is_refused(value: Any) -> None:
    assert list(json_faults(value)) == ["connections.acme"]


def test_a_connection_keeps_the_id_of_its_address() -> None:
    assert list(json_faults({"id": "other"})) == ["connections.acme.id"]


def test_rows_alone_are_read_with_paths_of_their_own() -> None:
    assert read_fields([{"loyalty": "a", "remote": "b"}]) == (
        FieldMapping(loyalty="a", remote="b"),
    )
    assert read_events([{"loyalty": "a", "external": "b", "type": "t"}]) == (
        EventMapping(loyalty="a", external="b", type="t"),
    )
    with pytest.raises(InvalidConfiguration, match=r"fields\[0\]\.remote: is missing"):
        read_fields([{"loyalty": "a"}])
    with pytest.raises(InvalidConfiguration, match="events: must be a list"):
        read_events({})
