"""An export says everything but secrets, and applied again it changes nothing."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from host import (
    EventMapping,
    EventType,
    FieldMapping,
    Manifest,
    RemoteIdentity,
    Secret,
    SettingField,
    SettingKind,
    dumps,
    loads,
)
from host.configuration import (
    ConnectionConfig,
    DeliveryPolicy,
    as_json,
    difference,
    merge,
    needs_trying,
    read_connection,
)
from host.document import read_document, write_document
from host.model import WhenEmpty

ACME = Manifest(
    name="acme",
    title="Acme",
    summary="A destination",
    settings=(
        SettingField(name="url", label="Address", kind=SettingKind.URL),
        SettingField(name="token", label="Token", kind=SettingKind.SECRET),
        SettingField(name="lines", label="Lines", kind=SettingKind.NUMBER),
        SettingField(name="test", label="Test", kind=SettingKind.TOGGLE),
    ),
    event_types=(EventType(name="other", label="Other"),),
    default_event_type="other",
    identities=(
        RemoteIdentity(name="member", label="Member", default="id"),
        RemoteIdentity(name="card", label="Card"),
    ),
)
STORED = ConnectionConfig(
    id="eu-1",
    module="acme",
    settings={"token": Secret("s3cret"), "test": False, "url": "https://acme.example"},
    fields=(
        FieldMapping(loyalty="city", remote="town"),
        FieldMapping(loyalty="first_name", remote="$firstname"),
    ),
    events=(EventMapping(loyalty="point_add", external="points", type="other"),),
)

names = st.text(min_size=1, max_size=12)
waits = st.floats(0, 100_000)
settings = st.fixed_dictionaries(
    {},
    optional={
        "url": names,
        "token": names.map(Secret),
        "lines": st.integers(-(2**63), 2**63),
        "test": st.booleans(),
    },
)
field_rows = st.builds(
    FieldMapping, loyalty=names, remote=names, when_empty=st.sampled_from(get_args(WhenEmpty))
)
event_rows = st.builds(
    EventMapping,
    loyalty=names,
    external=names,
    type=names,
    attributes=st.none() | st.dictionaries(names, names, max_size=3),
    enabled=st.booleans(),
)
policies = st.builds(
    DeliveryPolicy,
    resend_waits=st.lists(waits, max_size=5).map(tuple),
    timeout=st.floats(0.001, 120),
    concurrency=st.integers(1, 64),
    circuit_after=st.integers(0, 1000),
)


def configs(ids: st.SearchStrategy[str]) -> st.SearchStrategy[ConnectionConfig]:
    return st.builds(
        ConnectionConfig,
        id=ids,
        module=st.just("acme"),
        enabled=st.booleans(),
        paused=st.booleans(),
        settings=settings,
        identities=st.none() | st.dictionaries(names, names, max_size=3),
        fields=st.lists(field_rows, max_size=4).map(tuple),
        events=st.lists(event_rows, max_size=4).map(tuple),
        delivery=policies,
    )


anywhere = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
one_place = configs(st.just("acme"))


@given(
    st.lists(configs(anywhere), max_size=3, unique_by=lambda config: config.id),
    st.sampled_from([ACME, None]),
)
def test_export_then_apply_without_variables_changes_nothing(
    stored: list[ConnectionConfig], manifest: Manifest | None
) -> None:
    text = write_document(stored, {"acme": manifest})

    drafts = read_document(text, {}).connections

    assert list(drafts) == sorted(config.id for config in stored)
    for config in stored:
        again = merge(drafts[config.id], config, manifest)
        assert again == config
        assert difference(config, again) == ()


@given(one_place, st.sampled_from([ACME, None]))
def test_what_the_api_shows_given_back_changes_nothing(
    stored: ConnectionConfig, manifest: Manifest | None
) -> None:
    shown = loads(dumps(as_json(stored, manifest)))

    again = merge(read_connection("acme", shown), stored, manifest)

    assert again == stored


@given(one_place, one_place)
def test_a_difference_is_told_exactly_when_there_is_one(
    one: ConnectionConfig, other: ConnectionConfig
) -> None:
    assert bool(difference(one, other)) is (one != other)
    assert difference(one, one) == ()


@given(st.lists(configs(anywhere), max_size=3, unique_by=lambda config: config.id))
def test_every_secret_has_a_variable_of_its_own(stored: list[ConnectionConfig]) -> None:
    written = tomllib.loads(write_document(stored, {"acme": ACME})).get("connections", {})

    tokens = [
        found["settings"]["token"]["env"]
        for found in written.values()
        if "token" in found["settings"]
    ]
    assert len(set(tokens)) == len(tokens)


def test_an_export_names_a_variable_for_a_secret_and_writes_the_rest() -> None:
    text = write_document([STORED], {"acme": ACME})

    assert "s3cret" not in text
    assert 'token = { env = "EU_1_TOKEN" }' in text
    assert tomllib.loads(text)["connections"]["eu-1"] == {
        "module": "acme",
        "enabled": True,
        "paused": False,
        "settings": {
            "url": "https://acme.example",
            "token": {"env": "EU_1_TOKEN"},
            "test": False,
        },
        "identities": {"member": "id"},
        "fields": [
            {"loyalty": "city", "remote": "town", "when_empty": "keep"},
            {"loyalty": "first_name", "remote": "$firstname", "when_empty": "keep"},
        ],
        "events": [
            {"loyalty": "point_add", "external": "points", "type": "other", "enabled": True}
        ],
        "delivery": {
            "resend_waits": [30, 300, 1800, 7200, 18000],
            "timeout": 10,
            "concurrency": 4,
            "circuit_after": 10,
        },
    }


def test_a_secret_saved_as_text_is_not_written_out() -> None:
    older = replace(STORED, settings={"token": "s3cret"})

    assert "s3cret" not in write_document([older], {"acme": ACME})
    assert "s3cret" not in str(as_json(older, ACME))


def test_a_value_that_looks_like_a_variable_is_written_as_it_is() -> None:
    tricky = replace(STORED, settings={"url": "env:HOME", "token": Secret("s3cret")})

    written = tomllib.loads(write_document([tricky], {"acme": ACME}))

    assert written["connections"]["eu-1"]["settings"] == {
        "url": "env:HOME",
        "token": {"env": "EU_1_TOKEN"},
    }


def test_two_names_that_fold_to_one_variable_are_told_apart() -> None:
    both = [STORED, replace(STORED, id="eu_1")]

    text = write_document(both, {"acme": ACME})

    assert "EU_1_TOKEN" in text
    assert "EU_1_TOKEN_2" in text


def test_an_export_of_nothing_is_a_file_that_names_nothing() -> None:
    assert read_document(write_document([], {}), {}).connections == {}


def test_an_export_restores_the_connection_on_another_host() -> None:
    text = write_document([STORED], {"acme": ACME})
    draft = read_document(text, {"EU_1_TOKEN": "s3cret"}).connections["eu-1"]

    fresh = merge(draft, None, ACME)

    assert fresh == STORED


def test_the_api_says_that_a_secret_is_set_and_no_more() -> None:
    shown = as_json(STORED, ACME)

    assert shown["settings"] == {
        "url": "https://acme.example",
        "token": {"set": True},
        "test": False,
    }
    assert shown["identities"] == {"member": "id"}


def lines(**changes: Any) -> tuple[str, ...]:
    return difference(STORED, replace(STORED, **changes))


def test_a_new_connection_is_told_with_all_it_holds_but_its_secrets() -> None:
    assert difference(None, STORED) == (
        "+ connections.eu-1",
        '+ connections.eu-1.module: "acme"',
        "+ connections.eu-1.settings.token: a secret",
        "+ connections.eu-1.settings.test: false",
        '+ connections.eu-1.settings.url: "https://acme.example"',
        "+ connections.eu-1.fields.town: city",
        "+ connections.eu-1.fields.$firstname: first_name",
        "+ connections.eu-1.events.point_add as points: other, all values",
    )


def test_a_connection_that_goes_is_one_line() -> None:
    assert difference(STORED, None) == ("- connections.eu-1",)


def test_a_changed_value_is_told_with_both_values() -> None:
    assert lines(settings={**STORED.settings, "test": True}) == (
        "~ connections.eu-1.settings.test: false → true",
    )


def test_a_changed_secret_is_told_without_either_value() -> None:
    assert lines(settings={**STORED.settings, "token": Secret("n3w")}) == (
        "~ connections.eu-1.settings.token: changed",
    )


def test_rows_are_told_as_added_removed_and_changed() -> None:
    town, first = STORED.fields
    changed = replace(first, loyalty="nickname", when_empty="delete")
    added = FieldMapping(loyalty="score", remote="points")

    assert lines(fields=(changed, added)) == (
        "- connections.eu-1.fields.town: city",
        "~ connections.eu-1.fields.$firstname: first_name → nickname, deleted when empty",
        "+ connections.eu-1.fields.points: score",
    )
    assert lines(fields=(first, town)) == (
        "~ connections.eu-1.fields: the rows are in another order",
    )


def test_an_event_is_told_with_the_values_it_sends() -> None:
    (event,) = STORED.events
    narrowed = replace(event, attributes={"points": "amount"}, enabled=False)

    assert lines(events=(narrowed,)) == (
        "~ connections.eu-1.events.point_add as points: "
        'other, all values → other, {"points":"amount"}, off',
    )


def test_only_what_reaches_the_destination_otherwise_needs_trying() -> None:
    assert needs_trying(None, STORED)
    assert needs_trying(STORED, replace(STORED, module="other"))
    assert needs_trying(STORED, replace(STORED, settings={}))
    assert not needs_trying(STORED, replace(STORED, fields=(), paused=True, enabled=False))
