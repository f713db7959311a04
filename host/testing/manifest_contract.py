"""What every manifest keeps to, and that the hooks are there."""

from __future__ import annotations

import importlib
import inspect
from collections import Counter
from collections.abc import Iterable

import pytest

from host.manifest import SettingField, SettingKind
from host.model import ModuleState
from host.registry.checks import HOOKS
from host.testing.subject import Subject

_DEFAULT_TYPES: dict[SettingKind, type] = {
    SettingKind.TEXT: str,
    SettingKind.URL: str,
    SettingKind.NUMBER: int,
    SettingKind.TOGGLE: bool,
    SettingKind.CHOICE: str,
}


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


class ManifestContract(Subject):
    """Tests of the declaration."""

    def test_the_host_takes_the_module(self) -> None:
        assert self.module.state is ModuleState.READY, self.module.reason

    @pytest.mark.parametrize("hook", HOOKS)
    def test_each_hook_is_present_and_of_its_colour(self, hook: str) -> None:
        function = getattr(self.plugin, hook, None)

        assert callable(function), f"there is no {hook}"
        assert inspect.iscoroutinefunction(function) is HOOKS[hook]

    def test_the_manifest_introduces_the_module(self) -> None:
        assert self.manifest.name.isidentifier()
        assert self.manifest.title.strip()
        assert self.manifest.summary.strip()
        assert "\n" not in self.manifest.summary
        assert not self.manifest.docs_url or self.manifest.docs_url.startswith("https://")

    def test_names_are_unique(self) -> None:
        manifest = self.manifest

        assert not _repeated(field.name for field in manifest.settings)
        assert not _repeated(kind.name for kind in manifest.event_types)
        assert not _repeated(one.name for one in manifest.identities)
        assert not _repeated(field.name for field in manifest.remote_fields)
        assert not _repeated(row.remote for row in manifest.usual_fields)

    def test_settings_have_labels_and_fitting_defaults(self) -> None:
        for field in self.manifest.settings:
            assert field.label.strip(), f"{field.name} has no label"
            assert _default_fits(field), f"{field.name}: {field.default!r} does not fit"

    def test_the_sample_settings_are_complete_and_known(self) -> None:
        needed = {
            field.name
            for field in self.manifest.settings
            if field.required and field.default is None and field.kind is not SettingKind.TOGGLE
        }

        assert needed <= self.settings.keys()
        assert self.settings.keys() <= {field.name for field in self.manifest.settings}

    def test_the_default_event_type_is_one_of_the_types(self) -> None:
        names = [kind.name for kind in self.manifest.event_types]

        assert names
        assert self.manifest.default_event_type in (None, *names)

    def test_limits_are_above_nothing_and_agree(self) -> None:
        limits = self.manifest.limits
        optional = (
            limits.bytes_per_request,
            limits.bytes_per_item,
            limits.name_length,
            limits.value_length,
            limits.event_names,
        )

        assert limits.items_per_request >= 1
        assert limits.bytes_added_per_item >= 0
        assert all(limit is None or limit > 0 for limit in optional)
        if limits.bytes_per_item is not None and limits.bytes_per_request is not None:
            assert limits.bytes_per_item <= limits.bytes_per_request

    def test_reserved_names_that_are_used_are_declared(self) -> None:
        manifest = self.manifest
        declared = {field.name for field in manifest.remote_fields}
        used = [row.remote for row in (*manifest.usual_fields, *(self.fields or ()))]
        prefix = manifest.reserved_prefix

        assert not prefix or {name for name in used if name.startswith(prefix)} <= declared
        assert manifest.free_fields or set(used) <= declared

    def test_environments_hang_on_a_toggle(self) -> None:
        environments = self.manifest.environments
        if environments is None:
            pytest.skip("the module has one environment")
        field = self.manifest.setting(environments.setting)

        assert field is not None
        assert field.kind is SettingKind.TOGGLE
        assert environments.on != environments.off

    def test_the_stand_in_can_be_opened(self) -> None:
        stand_in = self.manifest.stand_in
        if stand_in is None:
            pytest.skip("the module ships no stand-in")
        package, _, factory = stand_in.app.partition(":")
        known = {field.name for field in self.manifest.settings}

        assert callable(getattr(importlib.import_module(package), factory))
        assert stand_in.settings("http://127.0.0.1:1").keys() <= known
        assert stand_in.live_stream.startswith("/")
        assert stand_in.arrivals.startswith("/")


def _default_fits(field: SettingField) -> bool:
    if field.kind is SettingKind.CHOICE:
        values = [value for value, _ in field.choices]
        return bool(values) and field.default in (None, *values)
    if field.default is None:
        return True
    if field.kind is SettingKind.SECRET:  # it would be the same for everybody
        return False
    return type(field.default) is _DEFAULT_TYPES[field.kind]
