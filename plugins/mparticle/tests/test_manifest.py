"""What the module declares."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import entry_points

import pluggy
import pytest
from starlette.applications import Starlette

from host import HOST_API, Connection, Message, Payload, dumps, hookspecs
from host.model import Kind, Secret
from host_mparticle import plugin
from host_mparticle.batches import batch
from host_mparticle.manifest import manifest


def test_the_entry_point_leads_to_the_plugin_under_the_manifests_name() -> None:
    (entry,) = entry_points(group="host.plugins", name=manifest.name)

    assert entry.load() is plugin
    assert plugin.manifest.host_api == HOST_API


def test_the_five_hooks_match_the_hosts_promises() -> None:
    manager = pluggy.PluginManager("loyalty_host")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)

    manager.check_pending()

    hooks = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    assert hooks == {"connect", "sync_fields", "map_event", "deliver", "resend"}
    colours = {name: inspect.iscoroutinefunction(getattr(plugin, name)) for name in hooks}
    assert {name for name, talks in colours.items() if talks} == {"connect", "deliver"}


def test_only_the_secret_is_secret_and_says_where_it_is_found() -> None:
    assert manifest.secrets == {"api_secret"}
    for name, found in (("api_key", "Server to Server Key"), ("api_secret", "Secret")):
        field = manifest.setting(name)
        assert field is not None
        assert "Setup → Inputs → Feeds → Antavo" in field.where
        assert field.where.endswith(found)


@pytest.mark.parametrize(
    ("development", "environment"),
    [(True, "development"), (False, "production"), (None, "production")],
)
def test_the_toggle_decides_the_environment(development: bool | None, environment: str) -> None:
    assert manifest.environments is not None
    settings = {} if development is None else {"development": development}
    assert manifest.environments.of(settings) == environment


def test_defaults_are_among_what_is_declared() -> None:
    assert manifest.default_event_type in {kind.name for kind in manifest.event_types}
    assert {i.name: i.default for i in manifest.identities if i.default} == {
        "customer_id": "id",
        "email": "email",
        "mobile_number": "mobile_phone",
    }
    reserved = {field.name for field in manifest.remote_fields}
    for row in manifest.usual_fields:
        assert row.remote in reserved or row.remote.startswith("antavo_")


def test_the_demonstration_associates_each_event_once_under_known_types() -> None:
    assert manifest.stand_in is not None
    names = [row.loyalty for row in manifest.stand_in.events]

    assert len(names) == len(set(names))
    assert {"point_add", "reward_claim", "checkout", "tier_up", "opt_in", "profile"} <= set(names)
    types = {kind.name for kind in manifest.event_types}
    assert {row.type for row in manifest.stand_in.events} <= types


def test_the_stand_in_is_made_as_declared() -> None:
    assert manifest.stand_in is not None
    module, _, name = manifest.stand_in.app.partition(":")
    settings = manifest.stand_in.settings("http://127.0.0.1:8099")

    assert isinstance(getattr(import_module(module), name)(), Starlette)
    assert settings["api_url"] == "http://127.0.0.1:8099/s2s/v2"
    assert settings["api_secret"] == Secret("demo-secret")
    assert set(settings) == {field.name for field in manifest.settings}


@pytest.mark.parametrize("profile", [None, {"user_identities": {"customer_id": "c" * 36}}])
@pytest.mark.parametrize("event", [None, {"event_type": "custom_event", "data": {}}])
def test_a_batch_adds_no_more_bytes_than_declared(
    profile: dict[str, dict[str, str]] | None, event: dict[str, object] | None
) -> None:
    payload = Payload(event=event, profile=profile)  # type: ignore[arg-type]
    message = Message(
        dedupe_id="0123abcd-0123456789abc.12",
        kind=Kind.EVENT,
        customer="c" * 36,
        payload=payload,
        environment="development",
    )
    connection = Connection(
        id="m", module="mparticle", settings={}, identities={"customer_id": "id"}
    )

    parts = sum(len(dumps(part)) for part in (event, profile) if part is not None)
    added = len(dumps([batch(connection, message)])) - parts

    assert 0 < added <= manifest.limits.bytes_added_per_item


def test_every_public_thing_of_the_plugin_says_what_it_is() -> None:
    for name in plugin.__all__:
        assert inspect.getdoc(getattr(plugin, name))
