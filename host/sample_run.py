"""*Run with a sample event*: what a workflow would do, step by step; nothing is saved or sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from host import samples, wire
from host.carried import Event
from host.configure import Workflows
from host.dry_run import WireRequest
from host.errors import Fault, InvalidConfiguration, RefusedItem
from host.intake.drafting import Drafting
from host.intake.running import subject_of
from host.mapping import workflow_mapping
from host.model import Json
from host.preview import (
    EXAMPLE_CUSTOMER,
    EXAMPLE_ID,
    made_up_event,
    newest_event,
    preview_event,
    preview_profile,
)
from host.reading.events import read_event
from host.routing import Routing
from host.store.customers import StoredCustomer, find_customers
from host.store.engine import Transaction
from host.store.store import Store
from host.workflow import Act, Acted, Action, Graph, Outcome, Program, Result, Step, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStep:
    """One step. Of an action also what would be sent, and notes on it, or why nothing would."""

    step: Step
    request: WireRequest | None = None
    profile: Mapping[str, Json] | None = None  # of Sync data: the profile part
    notes: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRun:
    """What a workflow would do for an event. Waits count as over at once."""

    event: Event
    customer: Mapping[str, Json]
    real: bool  # the event really came
    result: Result
    steps: tuple[SampleStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a workflow is run with."""

    event: Event
    customer: StoredCustomer
    real: bool


def given_sample(
    tx: Transaction, action: str, event: object = None, customer: object = None
) -> Sample:
    """The event and customer given, as JSON; else the newest such event, else an invented one.

    `customer`: the fields of a profile. Raises InvalidConfiguration for what is neither.
    """
    real = False
    stored: StoredCustomer | None = None
    if event is not None:
        chosen = _given_event(event, action)
    else:
        newest, stored = newest_event(tx, action)
        real = newest is not None
        chosen = newest or made_up_event(action, datetime.now(UTC))
    id_ = chosen.customer or EXAMPLE_CUSTOMER
    if stored is None:
        stored = find_customers(tx, [id_]).get(id_) or _sample_customer(id_)
    if customer is not None:
        if not isinstance(customer, Mapping):
            raise _wrong("customer", "must be an object: the fields of a profile")
        text = wire.dumps(customer).decode()
        stored = StoredCustomer(key=stored.key, id=stored.id, text=text)
    return Sample(event=chosen, customer=stored, real=real)


def _sample_customer(id_: str) -> StoredCustomer:
    """A customer of the samples, so that an invented event is somebody's; else one unknown."""
    for line in samples.sample_customers(datetime.now(UTC)).splitlines():
        fields = wire.loads(line)
        if fields.get("id") == id_:
            return StoredCustomer(key=0, id=id_, text=line.decode())
    return StoredCustomer(key=0, id=id_)


def _given_event(event: object, action: str) -> Event:
    if not isinstance(event, Mapping):
        raise _wrong("event", "must be an object: an event as it is handed in")
    item = {"action": action, "customer": EXAMPLE_CUSTOMER, **event}
    try:
        read = read_event(
            wire.dumps(item), now=datetime.now(UTC), fallback_id=lambda: EXAMPLE_ID
        ).event
    except RefusedItem as error:
        raise _wrong("event", str(error)) from None
    if read.action != action:
        raise _wrong("event", f"is “{read.action}”, and the workflow begins with “{action}”")
    return read


def _wrong(path: str, message: str) -> InvalidConfiguration:
    return InvalidConfiguration([Fault(path=path, message=message)])


async def try_out(
    workflows: Workflows,
    store: Store,
    routing: Callable[[Transaction], Routing],
    graph: Graph,
    *,
    event: object = None,
    customer: object = None,
) -> SampleRun:
    """Run a graph with what is given (see `given_sample`).

    Raises InvalidConfiguration if the graph has faults, or for what is no event.
    """
    await workflows.must_be_ready(graph)
    program = Program(graph)

    def read(tx: Transaction) -> tuple[Sample, Routing]:
        return given_sample(tx, program.event, event, customer), routing(tx)

    return await sample_run(program, *await store.read(read))


async def sample_run(program: Program, sample: Sample, routing: Routing) -> SampleRun:
    """Run a workflow with a sample."""
    event, stored = sample.event, sample.customer
    actions: dict[str, Action] = {}
    drafting = Drafting(routing)

    def act(action: Action) -> Acted:
        actions[action.node] = action
        return drafting.act(stored, event, 0, action, 0)

    ran = _to_the_end(program, subject_of(stored, event), act)
    failed = any(step.outcome is Outcome.ERROR for step in ran)
    return SampleRun(
        event=event,
        customer={"id": stored.id, **stored.customer.fields},
        real=sample.real,
        result=Result.ERROR if failed else Result.SUCCESS,
        steps=tuple([await _shown(step, actions.get(step.node), sample, routing) for step in ran]),
    )


def _to_the_end(program: Program, subject: Subject, act: Act) -> list[Step]:
    ran = program.run(subject, act)
    steps, waits = list(ran.steps), list(ran.waits)
    while waits and not ran.stopped:
        passed = [step.node for step in steps]
        ran = program.go_on(waits.pop(0).node, passed, subject, act)
        steps += ran.steps
        waits += ran.waits
    return steps


async def _shown(step: Step, action: Action | None, sample: Sample, routing: Routing) -> SampleStep:
    route = routing.named.get(action.connection) if action else None
    if action is None or route is None:
        return SampleStep(step=step)
    if not action.event:
        profile = preview_profile(route, route.config.fields, sample.customer)
        return SampleStep(
            step=step, profile=profile.content, notes=profile.notes, problem=profile.problem
        )
    mapping = workflow_mapping(
        sample.event.action, action.event, action.event_type, action.payload or {}
    )
    event = await preview_event(route, mapping, sample.event, sample.customer)
    return SampleStep(step=step, request=event.request, notes=event.notes, problem=event.problem)
