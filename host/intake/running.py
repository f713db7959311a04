"""Workflows run for the events of one batch: what they make is written with the event."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from host import wire
from host.catalogue import OPT_OUT
from host.intake.drafting import Drafting
from host.mapping import without_identity
from host.model import Customer, Event
from host.routing import ActiveWorkflow
from host.store.customers import StoredCustomer
from host.store.runs import OPTED_OUT, NewRun, NewWait, Wait, WaitingRun
from host.workflow import Outcome, Program, Ran, Result, Step, Subject

log: Final = structlog.get_logger("host.workflow")


@dataclass(slots=True)
class RunState:
    """A run of this batch, new or gone on."""

    workflow: int
    event: int
    version: int
    customer: int
    steps: list[Any]
    duration: int = 0  # µs
    waits: set[tuple[int, str]] = field(default_factory=set)  # stored ones too: due, node
    reason: str | None = None  # why it was cancelled

    @property
    def result(self) -> Result:
        """How it is."""
        if self.reason is not None:
            return Result.CANCELLED
        if self.waits:
            return Result.WAITING
        failed = any(step[1] == Outcome.ERROR for step in self.steps)
        return Result.ERROR if failed else Result.SUCCESS


class Running:
    """Runs workflows in the order of what happened, for one batch."""

    def __init__(self, drafting: Drafting, now: int) -> None:
        self._drafting = drafting
        self._now = now
        self.runs: dict[tuple[int, int], RunState] = {}
        self.waits: dict[Wait, NewWait] = {}  # that begin in this batch
        self.over: list[Wait] = []  # that were stored, and are over
        self.ended: list[tuple[int, int]] = []  # runs that wait for nothing any more
        self._coming: dict[tuple[int, int], RunState] = {}  # of the batch before

    def overlay(self, before: Running) -> None:
        """Take what the batch before is about to write for written."""
        self._coming = before.runs

    def event(self, stored: StoredCustomer, event: Event, key: int) -> None:
        """Run every workflow that an event starts."""
        for workflow in self._drafting.routing.workflows.get(event.action, ()):
            state = RunState(workflow.key, key, workflow.version, stored.key, [])
            self._run(state, stored, event, _start(workflow))

    def go_on(
        self,
        waiting: WaitingRun,
        program: Program | None,
        stored: StoredCustomer,
        event: Event | None,
    ) -> bool:
        """Go on with a run whose wait is over; False if it was ended meanwhile.

        `program`, `event`: None if they are no longer kept, or can no longer be read.
        """
        wait = waiting.wait
        state = self._state(waiting)
        if (wait.due, wait.node) not in state.waits:
            return False
        state.waits.discard((wait.due, wait.node))
        self.over.append(wait)
        if program is None or event is None:
            what = "version of the workflow" if program is None else "event's content"
            state.steps.append(
                [wait.node, Outcome.ERROR, None, f"the {what} is no longer kept, or cannot be read"]
            )
            self.runs[state.workflow, state.event] = state
            return True
        passed = [step[0] for step in state.steps]
        ready = program
        self._run(
            state,
            stored,
            event,
            lambda subject, act: ready.go_on(wait.node, passed, subject, act),
        )
        return True

    def _state(self, waiting: WaitingRun) -> RunState:
        place = (waiting.wait.workflow, waiting.wait.event)
        if (state := self.runs.get(place)) is not None:
            return state
        if (coming := self._coming.get(place)) is not None:
            return replace(coming, steps=list(coming.steps), waits=set(coming.waits))
        return RunState(
            *place,
            waiting.version,
            waiting.customer,
            list(waiting.steps),
            waiting.duration,
            set(waiting.waits),
        )

    def opted_out(self, customer: int) -> None:
        """End what this batch has waiting for a customer who leaves."""
        for wait in [w for w, new in self.waits.items() if new.customer == customer]:
            del self.waits[wait]
        for state in self.runs.values():
            if state.customer == customer and state.waits:
                state.waits.clear()
                state.reason = OPTED_OUT

    def rows(self) -> list[NewRun]:
        """The runs as they are written down."""
        return [
            NewRun(
                state.workflow,
                state.event,
                state.version,
                state.customer,
                state.result,
                wire.dumps(state.steps).decode(),
                state.duration,
                self._now,
                state.reason,
            )
            for state in self.runs.values()
        ]

    def counts(self) -> list[tuple[int, int, int]]:
        """By workflow: how many runs came to their end in this batch, how many of them failed."""
        counts: dict[int, list[int]] = {}
        for state in self.runs.values():
            if (result := state.result) in (Result.SUCCESS, Result.ERROR):
                count = counts.setdefault(state.workflow, [0, 0])
                count[0] += 1
                count[1] += result is Result.ERROR
        return [(workflow, runs, errors) for workflow, (runs, errors) in counts.items()]

    def _run(
        self,
        state: RunState,
        stored: StoredCustomer,
        event: Event,
        run: Callable[[Subject, Callable[..., Any]], Ran],
    ) -> None:
        began = time.perf_counter_ns()
        seen = without_identity(event) if event.action == OPT_OUT else event
        subject = Subject(seen, lambda: _described(stored))
        drafting, key = self._drafting, state.event
        try:
            ran = run(subject, lambda action: drafting.act(stored, event, key, action))
        except Exception as error:  # it must not cost the event or another workflow anything
            log.error("a workflow failed", workflow=state.workflow, error=type(error).__name__)
            ran = Ran(steps=[Step("", Outcome.ERROR, None, _BROKEN)])
        state.steps += ran.steps
        state.duration += (time.perf_counter_ns() - began) // 1000
        place = (state.workflow, state.event)
        self.runs[place] = state
        if ran.stopped:
            self.ended.append(place)
            state.waits.clear()
            for wait in [w for w in self.waits if (w.workflow, w.event) == place]:
                del self.waits[wait]
        for node, duration in ran.waits:
            wait = Wait(self._now + duration, state.event, state.workflow, node)
            self.waits[wait] = NewWait(*wait, state.customer)
            state.waits.add((wait.due, node))


_BROKEN: Final = "the host met an error; its log tells which"


def _start(workflow: ActiveWorkflow) -> Callable[[Subject, Callable[..., Any]], Ran]:
    return workflow.program.run


def _described(stored: StoredCustomer) -> Customer:
    return Customer(id=stored.id) if stored.opted_out else stored.customer
