"""A plugin's hooks as plain functions.

pluggy's loop over implementations costs about 5 µs a call; a module has one implementation of
each hook, so that it can be called as it is, with the arguments it asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pluggy

Call: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """One callable per hook, taking all arguments of the hook's spec by name."""

    connect: Call
    sync_fields: Call
    map_event: Call
    deliver: Call
    resend: Call


def calls_of(relay: pluggy.HookRelay) -> Calls:
    """The hooks behind a relay of one plugin."""
    return Calls(
        connect=_direct(relay.connect),
        sync_fields=_direct(relay.sync_fields),
        map_event=_direct(relay.map_event),
        deliver=_direct(relay.deliver),
        resend=_direct(relay.resend),
    )


def _direct(hook: pluggy.HookCaller) -> Call:
    implementations = hook.get_hookimpls()
    if len(implementations) != 1:  # with wrappers around it, pluggy has to do its work
        return hook
    function, names = implementations[0].function, implementations[0].argnames
    assert hook.spec is not None, "every hook has a spec"
    if set(names) == set(hook.spec.argnames):
        return function
    return lambda **given: function(**{name: given[name] for name in names})
