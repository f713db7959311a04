"""One plugin as the host calls it: its state, and one typed method per hook.

Whatever a plugin raises or answers against its promise becomes a `PluginFault` here.
"""

from __future__ import annotations

import inspect
import math
from asyncio import CancelledError
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from host.carried import Customer, Event, Message, Payload, Profile
from host.errors import CannotTell, FixSettings, PluginFault, RequestFailed
from host.http import Http
from host.manifest import Manifest, SettingKind
from host.model import Connection, EventMapping, ModuleState, Secret, Settings
from host.outcome import (
    Delivered,
    GiveUp,
    Isolate,
    Outcome,
    Rejected,
    Report,
    ResendAfter,
    ResendDecision,
    Retry,
    Stop,
    outcome_for_failure,
)
from host.registry.calls import Calls
from host.registry.checks import checked
from host.registry.installed import CannotLoad, first_line, place

_OUTCOMES: Final = (Delivered, Retry, Rejected, Isolate, Stop)
_NOT_ITS_FAULT: Final = (KeyboardInterrupt, CancelledError, GeneratorExit)
_AWAITED: Final = ("connect", "deliver")  # nothing cancels a plain hook but its own code
_NEEDS_A_PERSON: Final = ("tls", "address", "refused_address")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A plugin as the operator sees it. Hooks of one that is not ready raise PluginFault.

    `reason` tells a person why it is not ready, or what to know of a ready one. A module that
    was ready once keeps its `manifest`, so that its settings stay readable and redacted.
    """

    name: str
    state: ModuleState
    reason: str = ""
    title: str = ""
    version: str = ""
    distribution: str = ""
    manifest: Manifest | None = None
    enabled: bool = False
    _calls: Calls | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(
        cls, plugin: object, *, name: str = "", version: str = "", distribution: str = ""
    ) -> Self:
        """The module of a loaded plugin: ready, or broken with what is wrong with it.

        Without a `name`, the manifest's own is taken.
        """
        manifest = getattr(plugin, "manifest", None)
        kept = manifest if isinstance(manifest, Manifest) else None
        name = name or (kept.name if kept else "unnamed")
        try:
            calls = checked(plugin, name)
            state, reason = ModuleState.READY, ""
        except CannotLoad as error:
            calls, state, reason = None, ModuleState.BROKEN, str(error)
        return cls(
            name=name,
            state=state,
            reason=reason,
            title=kept.title if kept else name,
            version=version,
            distribution=distribution,
            manifest=kept,
            enabled=True,
            _calls=calls,
        )

    @property
    def ready(self) -> bool:
        """Whether its hooks may be called."""
        return self._calls is not None

    async def connect(self, settings: Settings, http: Http) -> str:
        """Try settings; the account's title on the far side.

        Raises FixSettings, CannotTell or PluginFault. A request that got no answer is read as
        a wrong address, blamed on the first URL of the settings, or as "cannot tell".
        """
        with self._fence("connect", settings):
            try:
                title = await _awaited(self._hooks.connect(settings=settings, http=http))
            except RequestFailed as failure:
                raise self._unanswered(failure) from None
            if not isinstance(title, str) or not title.strip():
                raise _Unfit(title, "the account's title, a text")
            return title

    def sync_fields(self, connection: Connection, customer: Customer) -> Profile:
        """The profile part for one customer. Raises PluginFault."""
        with self._fence("sync_fields", connection.settings):
            answer = self._hooks.sync_fields(connection=connection, customer=customer)
            profile = _fit(answer, Profile, "a Profile")
            _object_or_none(profile.content, "Profile.content, an object or None")
            if profile.notes:
                _texts(profile.notes, "Profile.notes, a tuple of texts")
            return profile

    def map_event(
        self,
        connection: Connection,
        event: Event | None,
        mapping: EventMapping | None,
        profile: Profile,
    ) -> Payload | None:
        """The payload of one message, or None: nothing to send. Raises PluginFault."""
        hooks = self._calls or self._hooks
        try:  # without the `with` of the other hooks: this one is called for every event
            payload = hooks.map_event(
                connection=connection, event=event, mapping=mapping, profile=profile
            )
            if payload is None:
                return None
            if type(payload) is not Payload:
                _fit(payload, Payload, "a Payload or None")
            if type(payload.event) is not dict:
                _object_or_none(payload.event, "Payload.event, an object or None")
            if type(payload.profile) is not dict:
                _object_or_none(payload.profile, "Payload.profile, an object or None")
            if payload.route != "":
                _texts((payload.route,), "Payload.route, a text")
            if payload.notes:
                _texts(payload.notes, "Payload.notes, a tuple of texts")
            made: Payload = payload
            return made
        except BaseException as error:
            with self._fence("map_event", connection.settings):
                raise error

    async def deliver(
        self, connection: Connection, messages: Sequence[Message], http: Http
    ) -> Report:
        """Send messages in one request; one outcome each, in the order given.

        A request that got no answer is the outcome of every message. Raises PluginFault.
        """
        with self._fence("deliver", connection.settings):
            call = self._hooks.deliver(connection=connection, messages=messages, http=http)
            try:
                report = _fit(await _awaited(call), Report, "a Report")
            except RequestFailed as failure:
                return Report(outcomes=(outcome_for_failure(failure),) * len(messages))
            if len(report.outcomes) != len(messages):
                raise _Unfit(
                    report, f"{len(messages)} outcomes, one per message, not {len(report.outcomes)}"
                )
            for outcome in report.outcomes:
                _fit(outcome, _OUTCOMES, "outcomes")
                if isinstance(outcome, Retry) and outcome.after is not None:
                    _seconds(outcome.after, "Retry.after, seconds")
            return report

    def resend(
        self, connection: Connection, message: Message, outcome: Outcome
    ) -> ResendDecision | None:
        """How long to wait, give up, or None: the host's policy. Raises PluginFault."""
        with self._fence("resend", connection.settings):
            decision: ResendDecision | None = self._hooks.resend(
                connection=connection, message=message, outcome=outcome
            )
            if decision is not None:
                _fit(decision, (ResendAfter, GiveUp), "ResendAfter, GiveUp or None")
            if isinstance(decision, ResendAfter):
                _seconds(decision.seconds, "ResendAfter.seconds")
            return decision

    @property
    def _hooks(self) -> Calls:
        if self._calls is None:
            raise PluginFault(f"module {self.name} is {self.state}: {self.reason}")
        return self._calls

    def _unanswered(self, failure: RequestFailed) -> FixSettings | CannotTell:
        if failure.kind not in _NEEDS_A_PERSON:
            return CannotTell(str(failure))
        fields = self.manifest.settings if self.manifest else ()
        address = next((f.name for f in fields if f.kind is SettingKind.URL), None)
        return FixSettings(str(failure), **({address: str(failure)} if address else {}))

    def _fence(self, hook: str, settings: Settings) -> _Fence:
        """Turn what breaks the promise into PluginFault; the settings' secrets are blotted out."""
        return _Fence(self.name, hook, settings)


class _Fence:
    """A context manager; a class, since it stands around every profile part."""

    __slots__ = ("_hook", "_module", "_settings")

    def __init__(self, module: str, hook: str, settings: Settings) -> None:
        self._module = module
        self._hook = hook
        self._settings = settings

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, PluginFault):
            return
        if isinstance(error, FixSettings | CannotTell):
            if self._hook == "connect":
                return
            words = f"raised {type(error).__name__}, which only connect may"
        elif isinstance(error, _Unfit):
            words = f"answered {error}"
        elif isinstance(error, _NOT_ITS_FAULT) and self._hook in _AWAITED:
            return
        else:
            detail = f": {first_line(error)}".removesuffix(": ")
            words = f"raised {type(error).__name__}{detail}{place(error)}"
        for value in self._settings.values():
            if isinstance(value, Secret) and value:
                words = words.replace(value.reveal(), "•••")
        words = words.encode(errors="backslashreplace").decode()  # half a surrogate pair
        raise PluginFault(f"module {self._module}: {self._hook} {words}") from None


class _Unfit(Exception):
    """A hook answered something else than it promises. Never shows the answer itself."""

    def __init__(self, answer: object, promised: str) -> None:
        super().__init__(f"{type(answer).__name__}, but promises {promised}")


def _fit(answer: object, kind: type[T] | tuple[type[T], ...], promised: str) -> T:
    if not isinstance(answer, kind):
        if inspect.iscoroutine(answer):
            answer.close()
        raise _Unfit(answer, promised)
    return answer


def _object_or_none(content: object, promised: str) -> None:
    if content is not None:
        _fit(content, Mapping, promised)


def _texts(texts: object, promised: str) -> None:
    if not isinstance(texts, tuple | list) or not all(isinstance(text, str) for text in texts):
        raise _Unfit(texts, promised)
    for text in texts:
        if not text.isascii():
            text.encode()  # half a surrogate pair raises: it cannot be kept


def _seconds(value: object, promised: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:  # type: ignore[arg-type,operator]
        raise _Unfit(value, f"{promised} of 0 or more")


async def _awaited(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer
