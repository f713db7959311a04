"""Workflows run for the events of one batch: what they make is written with the event."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import structlog

from host import wire
from host.carried import Event
from host.catalogue import OPT_OUT
from host.intake.drafting import Drafting
from host.mapping import without_identity
from host.store.customers import StoredCustomer
from host.store.runs import OPTED_OUT, NewRun, NewWait, Wait, WaitingRun
from host.workflow import Act, Outcome, Program, Ran, Result, Step, Subject

log: Final = structlog.get_logger("host.workflow")


@dataclass(slots=True)
class RunState:
    """A run that waits, or has waited."""

    workflow: int
    event: int
    version: int
    customer: int
    steps: list[Any]
    duration: int = 0  # µs
    waits: set[tuple[int, str]] = field(default_factory=set)  # stored ones too: due, node
    failed: bool = False  # some step was an error
    reason: str | None = None  # why it was cancelled

    @property
    def result(self) -> Result:
        """How it is."""
        if self.reason is not None:
            return Result.CANCELLED
        if self.waits:
            return Result.WAITING
        return Result.ERROR if self.failed else Result.SUCCESS


class Running:
    """Runs workflows in the order of what happened, for one batch."""

    def __init__(self, drafting: Drafting, now: int) -> None:
        self._drafting = drafting
        self._now = now
        self._done: list[NewRun] = []  # that began and ended in this batch
        self.states: dict[tuple[int, int], RunState] = {}  # that wait, or have waited
        self.waits: dict[Wait, NewWait] = {}  # that begin in this batch
        self.over: list[Wait] = []  # that were stored, and are over
        self.ended: list[tuple[int, int]] = []  # runs that wait for nothing any more
        self._coming: dict[tuple[int, int], RunState] = {}  # of the batches before

    def overlay(self, coming: Mapping[tuple[int, int], RunState]) -> None:
        """Take what a batch before is about to write for written."""
        self._coming.update(coming)

    def event(self, stored: StoredCustomer, event: Event, key: int) -> None:
        """Run every workflow that an event starts."""
        subject = subject_of(stored, event)
        for workflow in self._drafting.routing.workflows.get(event.action, ()):
            began = time.perf_counter_ns()
            act = self._act(stored, event, key, workflow.key)
            ran = _safely(workflow.program.run, subject, act)
            if ran.waits:
                state = RunState(workflow.key, key, workflow.version, stored.key, _kept(ran))
                self._keep(state, ran, began)
                continue
            result = Result.ERROR if ran.failed else Result.SUCCESS
            place = (workflow.key, key, workflow.version, stored.key)
            text = wire.dumps(ran.steps).decode()
            duration = (time.perf_counter_ns() - began) // 1000
            self._done.append(NewRun(*place, result, text, duration, self._now))

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
            state.failed = True
            self.states[state.workflow, state.event] = state
            return True
        began = time.perf_counter_ns()
        passed = [step[0] for step in state.steps]
        run = partial(program.go_on, wait.node, passed)
        act = self._act(stored, event, wait.event, wait.workflow)
        ran = _safely(run, subject_of(stored, event), act)
        state.steps += _kept(ran)
        self._keep(state, ran, began)
        return True

    def _state(self, waiting: WaitingRun) -> RunState:
        place = (waiting.wait.workflow, waiting.wait.event)
        if (state := self.states.get(place)) is not None:
            return state
        if (coming := self._coming.get(place)) is not None:
            return replace(coming, steps=list(coming.steps), waits=set(coming.waits))
        steps = list(waiting.steps)
        failed = any(step[1] == Outcome.ERROR for step in steps)
        state = RunState(*place, waiting.version, waiting.customer, steps, waiting.duration)
        state.waits, state.failed = set(waiting.waits), failed
        return state

    def opted_out(self, customer: int) -> None:
        """End what this batch has waiting for a customer who leaves."""
        for wait in [w for w, new in self.waits.items() if new.customer == customer]:
            del self.waits[wait]
        for state in self.states.values():
            if state.customer == customer and state.waits:
                state.waits.clear()
                state.reason = OPTED_OUT

    def rows(self) -> list[NewRun]:
        """The runs as they are written down."""
        return self._done + [
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
            for state in self.states.values()
        ]

    def counts(self) -> list[tuple[int, int, int]]:
        """By workflow: how many runs came to their end in this batch, how many of them failed."""
        ends = Counter((run.workflow, run.result) for run in self._done)
        ends.update((state.workflow, state.result) for state in self.states.values())
        workflows = {workflow for workflow, _ in ends}
        return [
            (
                workflow,
                ends[workflow, Result.SUCCESS] + ends[workflow, Result.ERROR],
                ends[workflow, Result.ERROR],
            )
            for workflow in sorted(workflows)
        ]

    def _act(self, stored: StoredCustomer, event: Event, key: int, workflow: int) -> Act:
        act = self._drafting.act
        return lambda action: act(stored, event, key, action, workflow)

    def _keep(self, state: RunState, ran: Ran, began: int) -> None:
        """Remember a run that waits, or has waited."""
        state.failed = state.failed or ran.failed
        state.duration += (time.perf_counter_ns() - began) // 1000
        place = (state.workflow, state.event)
        self.states[place] = state
        if ran.stopped and state.waits:
            self.ended.append(place)
            state.waits.clear()
            for wait in [w for w in self.waits if (w.workflow, w.event) == place]:
                del self.waits[wait]
        for node, duration in ran.waits:
            wait = Wait(self._now + duration, state.event, state.workflow, node)
            self.waits[wait] = NewWait(*wait, state.customer)
            state.waits.add((wait.due, node))


_BROKEN: Final = "the host met an error; its log tells which"


def _safely(run: Callable[[Subject, Act], Ran], subject: Subject, act: Act) -> Ran:
    try:
        return run(subject, act)
    except Exception as error:  # it must not cost the event or another workflow anything
        log.error("a workflow failed", error=type(error).__name__)
        return Ran(steps=[Step("", Outcome.ERROR, None, _BROKEN)], failed=True)


def _kept(ran: Ran) -> list[Any]:
    """Steps as lists, as the ones that were stored come back."""
    return [[step.node, step.outcome, step.input, step.text] for step in ran.steps]


def subject_of(stored: StoredCustomer, event: Event) -> Subject:
    """What a run is about, as far as it may know: of an opt-out no more than whose it is."""
    seen = without_identity(event) if event.action == OPT_OUT else event
    return Subject(seen, lambda: stored.customer)
