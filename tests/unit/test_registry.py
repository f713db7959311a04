"""One typed method per hook, and what becomes of a plugin that breaks its promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from host import (
    CannotTell,
    Delivered,
    FixSettings,
    GiveUp,
    Http,
    Manifest,
    Message,
    Payload,
    Profile,
    Reason,
    Report,
    RequestFailed,
    ResendAfter,
    Retry,
    Secret,
    SettingField,
    SettingKind,
    Settings,
    Stop,
    hookimpl,
)
from host.errors import FailureKind, NotFound, PluginFault
from host.model import EventMapping, Kind, ModuleState
from host.registry import Module, Registry
from host.testing import connection, customer, event, far_side, message

SECRET = "hush-hush"
MANIFEST = Manifest(
    name="good",
    title="Good",
    summary="A plugin that keeps its promises.",
    settings=(
        SettingField(name="api_url", label="Address", kind=SettingKind.URL),
        SettingField(name="key", label="Key", kind=SettingKind.SECRET),
    ),
    event_types=(),
)
SETTINGS: Settings = {"api_url": "https://far.example.com", "key": Secret(SECRET)}
CONNECTION = connection(MANIFEST, settings=SETTINGS)
MAPPING = EventMapping(loyalty="point_add", external="points", type="other")
TROUBLE = Retry(reason=Reason(code="destination_error", text="HTTP 503"))


async def _connect(settings: Any, http: Any) -> Any:
    return "The account"


def _sync_fields(connection: Any, customer: Any) -> Any:
    return Profile(content={"id": customer.id})


def _map_event(connection: Any, event: Any, mapping: Any, profile: Any) -> Any:
    return Payload(event=event and {"name": mapping.external}, profile=profile.content)


async def _deliver(connection: Any, messages: Any, http: Any) -> Any:
    return Report(outcomes=(Delivered(),) * len(messages), status=202)


def _resend(connection: Any, message: Any, outcome: Any) -> Any:
    return ResendAfter(seconds=5.0)


HOOKS: dict[str, Callable[..., Any]] = {
    "connect": _connect,
    "sync_fields": _sync_fields,
    "map_event": _map_event,
    "deliver": _deliver,
    "resend": _resend,
}
TALKING = {"connect", "deliver"}


def plugin(
    *,
    without: str = "",
    manifest: object = MANIFEST,
    hooks: Mapping[str, Callable[..., Any]] | None = None,
) -> ModuleType:
    """A good plugin, some of it replaced; a hook left out by `without`."""
    made = ModuleType("good_plugin")
    if manifest is not None:
        vars(made)["manifest"] = manifest
    for name, function in {**HOOKS, **(hooks or {})}.items():
        if name != without:
            setattr(made, name, hookimpl(function))
    return made


def answering(hook: str, answer: object) -> Module:
    """A good module, one hook of which answers this."""

    async def talk() -> Any:
        return answer

    def decide() -> Any:
        return answer

    return Module.of(plugin(hooks={hook: talk if hook in TALKING else decide}))


def raising(hook: str, error: BaseException) -> Module:
    """A good module, one hook of which raises this."""

    async def talk() -> Any:
        raise error

    def decide() -> Any:
        raise error

    return Module.of(plugin(hooks={hook: talk if hook in TALKING else decide}))


@pytest.fixture
def http() -> Iterator[Http]:
    yield far_side(202)


async def call(module: Module, hook: str, http: Http) -> object:
    """Call any hook with fitting arguments."""
    match hook:
        case "connect":
            return await module.connect(SETTINGS, http)
        case "sync_fields":
            return module.sync_fields(CONNECTION, customer(id="c-1"))
        case "map_event":
            return module.map_event(CONNECTION, event(), MAPPING, Profile(content={"id": "c-1"}))
        case "deliver":
            return await module.deliver(CONNECTION, two_messages(), http)
        case _:
            return module.resend(CONNECTION, message(attempts=1), TROUBLE)


def two_messages() -> tuple[Message, ...]:
    return message(dedupe_id="m-1"), message(dedupe_id="m-2", kind=Kind.PROFILE)


GOOD_ANSWERS = {
    "connect": "The account",
    "sync_fields": Profile(content={"id": "c-1"}),
    "map_event": Payload(event={"name": "points"}, profile={"id": "c-1"}),
    "deliver": Report(outcomes=(Delivered(), Delivered()), status=202),
    "resend": ResendAfter(seconds=5.0),
}


def test_a_good_plugin_is_a_ready_module() -> None:
    module = Module.of(plugin())

    assert (module.name, module.title, module.reason) == ("good", "Good", "")
    assert module.state is ModuleState.READY
    assert module.manifest is MANIFEST
    assert module.ready


@pytest.mark.anyio
@pytest.mark.parametrize("hook", HOOKS)
async def test_each_hook_answers_what_the_plugin_answers(hook: str, http: Http) -> None:
    assert await call(Module.of(plugin()), hook, http) == GOOD_ANSWERS[hook]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        ("map_event", None),
        ("resend", None),
        ("resend", GiveUp(reason=Reason(code="x", text="hopeless"))),
        ("sync_fields", Profile(content=None)),
        ("deliver", Report(outcomes=(TROUBLE, replace(TROUBLE, after=0.5)))),
    ],
)
async def test_other_promised_answers_pass(hook: str, answer: object, http: Http) -> None:
    assert await call(answering(hook, answer), hook, http) == answer


NAN = float("nan")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("hook", "answer", "words"),
    [
        ("connect", None, "answered NoneType, but promises the account's title"),
        ("connect", "  ", "promises the account's title"),
        ("sync_fields", None, "answered NoneType, but promises a Profile"),
        ("sync_fields", Profile(content="x"), "Profile.content"),  # type: ignore[arg-type]
        ("map_event", {"name": "x"}, "answered dict, but promises a Payload or None"),
        ("map_event", Payload(event=[], profile=None), "Payload.event"),  # type: ignore[arg-type]
        ("map_event", Payload(event=None, profile="x"), "Payload.profile"),  # type: ignore[arg-type]
        ("map_event", Payload(event=None, profile=None, route=3), "route"),  # type: ignore[arg-type]
        ("deliver", None, "answered NoneType, but promises a Report"),
        ("deliver", Report(outcomes=(Delivered(),)), "promises 2 outcomes, one per message, not 1"),
        ("deliver", Report(outcomes=("ok", "ok")), "promises outcomes"),  # type: ignore[arg-type]
        ("deliver", Report(outcomes=(replace(TROUBLE, after=-1),) * 2), "Retry.after"),
        ("resend", 30, "answered int, but promises ResendAfter, GiveUp or None"),
        ("resend", ResendAfter(seconds=NAN), "ResendAfter.seconds of 0 or more"),
        ("resend", ResendAfter(seconds="5"), "ResendAfter.seconds"),  # type: ignore[arg-type]
    ],
)
async def test_another_answer_is_the_plugins_fault(
    hook: str, answer: object, words: str, http: Http
) -> None:
    with pytest.raises(PluginFault) as caught:
        await call(answering(hook, answer), hook, http)

    assert f"module good: {hook}" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(
    "error",
    [ValueError("odd value"), SystemExit(3), AssertionError(), ExceptionGroup("g", [OSError()])],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_hook_raises_is_the_plugins_fault(
    hook: str, error: BaseException, http: Http
) -> None:
    with pytest.raises(PluginFault) as caught:
        await call(raising(hook, error), hook, http)

    assert f"module good: {hook} raised {type(error).__name__}" in str(caught.value)
    assert "of unit/test_registry.py)" in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("hook", HOOKS)
async def test_a_fault_shows_no_secret(hook: str, http: Http) -> None:
    with pytest.raises(PluginFault) as caught:
        await call(raising(hook, ValueError(f"bad key {SECRET}")), hook, http)

    assert SECRET not in str(caught.value)
    assert "bad key •••" in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("hook", HOOKS)
async def test_only_connect_may_speak_of_settings(hook: str, http: Http) -> None:
    module = raising(hook, FixSettings("no", key="wrong"))

    with pytest.raises(FixSettings if hook == "connect" else PluginFault):
        await call(module, hook, http)


@pytest.mark.anyio
async def test_connect_may_give_no_verdict(http: Http) -> None:
    with pytest.raises(CannotTell, match="later"):
        await raising("connect", CannotTell("later")).connect(SETTINGS, http)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["tls", "address", "refused_address"])
async def test_a_bad_address_is_blamed_on_the_first_url(kind: FailureKind, http: Http) -> None:
    with pytest.raises(FixSettings) as caught:
        await raising("connect", RequestFailed(kind, "no such host")).connect(SETTINGS, http)

    assert caught.value.fields == {"api_url": "no such host"}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["timeout", "connection_lost", "oversized_answer"])
async def test_no_answer_to_connect_is_no_verdict(kind: FailureKind, http: Http) -> None:
    with pytest.raises(CannotTell, match="silence"):
        await raising("connect", RequestFailed(kind, "silence")).connect(SETTINGS, http)


@pytest.mark.anyio
@pytest.mark.parametrize(("kind", "outcome"), [("timeout", Retry), ("tls", Stop)])
async def test_no_answer_to_deliver_is_every_messages_outcome(
    kind: FailureKind, outcome: type[object], http: Http
) -> None:
    module = raising("deliver", RequestFailed(kind, "silence"))

    report = await module.deliver(CONNECTION, two_messages(), http)

    assert [type(one) for one in report.outcomes] == [outcome, outcome]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_missing_hook_breaks_the_module(hook: str) -> None:
    module = Module.of(plugin(without=hook))

    assert module.state is ModuleState.BROKEN
    assert module.reason == f"hooks are missing: {hook}"
    assert not module.ready


def test_a_hook_without_its_marker_is_told() -> None:
    def resend() -> None: ...

    made = plugin(without="resend")
    vars(made)["resend"] = resend

    assert "resend: not marked with @hookimpl" in Module.of(made).reason


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_of_the_other_colour_breaks_the_module(hook: str) -> None:
    async def talk() -> None: ...

    def decide() -> None: ...

    module = Module.of(plugin(hooks={hook: decide if hook in TALKING else talk}))

    assert module.state is ModuleState.BROKEN
    assert module.reason.startswith(f"its hook {hook} must be")


def test_a_misspelt_hook_is_named_with_the_right_one() -> None:
    module = Module.of(plugin(hooks={"delivr": _deliver}))

    assert module.state is ModuleState.BROKEN
    assert module.reason == ("it implements the unknown hook 'delivr'; did you mean deliver?")


def test_a_hook_that_wants_an_unknown_argument_breaks_the_module() -> None:
    def sync_fields(conection: Any) -> None: ...

    module = Module.of(plugin(hooks={"sync_fields": sync_fields}))

    assert module.state is ModuleState.BROKEN
    assert "sync_fields" in module.reason
    assert "conection" in module.reason


def test_a_hook_may_take_only_what_it_needs() -> None:
    def sync_fields(customer: Any) -> Profile:
        return Profile(content={"only": customer.id})

    module = Module.of(plugin(hooks={"sync_fields": sync_fields}))

    assert module.sync_fields(CONNECTION, customer(id="c-9")).content == {"only": "c-9"}


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, "it holds no `manifest`"),
        ({"name": "good"}, "its `manifest` is a dict, not a host.Manifest"),
        (replace(MANIFEST, name="other"), "its manifest names it 'other', its entry point 'good'"),
        (replace(MANIFEST, host_api=99), "written for version 99 of the host's promises"),
    ],
)
def test_a_manifest_that_does_not_fit_breaks_the_module(manifest: object, words: str) -> None:
    module = Module.of(plugin(manifest=manifest), name="good")

    assert module.state is ModuleState.BROKEN
    assert words in module.reason


@pytest.mark.anyio
@pytest.mark.parametrize("hook", HOOKS)
async def test_a_broken_module_refuses_every_call_with_its_reason(hook: str, http: Http) -> None:
    with pytest.raises(PluginFault, match="module good is broken: hooks are missing: resend"):
        await call(Module.of(plugin(without="resend")), hook, http)


def test_a_registry_is_made_of_ready_modules_and_sorted() -> None:
    good = Module.of(plugin())
    also = Module.of(plugin(manifest=replace(MANIFEST, name="also")))

    registry = Registry([good, also])

    assert registry.modules == (also, good)
    assert registry.get("good") is good
    assert registry.ready("also") is also


def test_an_unknown_module_is_not_found() -> None:
    with pytest.raises(NotFound, match="no module 'nobody'"):
        Registry().get("nobody")
    with pytest.raises(NotFound, match="no module 'nobody'"):
        Registry().ready("nobody")


def test_a_module_that_is_not_ready_is_refused_with_its_reason() -> None:
    registry = Registry([Module.of(plugin(without="deliver"))])

    with pytest.raises(PluginFault, match="module good is broken: hooks are missing: deliver"):
        registry.ready("good")


def test_a_module_shows_no_hook_and_no_secret() -> None:
    assert "Relay" not in repr(Module.of(plugin()))
