"""A desk for one fulfillment plan, and commands on plans for walks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.command import Actor, Command
from domain.errors import Refusal
from domain.fulfillment_plan import commands as c
from domain.fulfillment_plan.aggregate import MACHINE
from domain.fulfillment_plan.decomposition import DecompositionContext, OrderSnapshot
from domain.fulfillment_plan.events import FulfillmentPlanEvent
from domain.fulfillment_plan.plan import FulfillmentPlan, evolve, plan_id_of
from domain.fulfillment_plan.rules import DECOMPOSITION_V1
from domain.fulfillment_plan.states import ObservedOutcome, PlanState, TaskState
from domain.order_state.states import Action
from domain.product_order.structure import Cutoff, OrderIntent, OrderItem
from tests.domain.machine_walk import NOW, Choose, envelope
from tests.domain.orders import ORDER_ID, item, price

RULES = DECOMPOSITION_V1.version
PLAN_ID = plan_id_of(ORDER_ID)


def accepted(item_id: str, action: Action = Action.ADD, policy: str | None = None, **fields: Any) -> OrderItem:
    """A line as acceptance leaves it: ADD and REPLACE have their product instance, too."""
    fields.setdefault("price_components", (price("10.00"),))
    line = item(item_id, action, fulfillment_policy_ref=policy, **fields)
    if line.product_instance_id is None:
        line = line.model_copy(update={"product_instance_id": f"{ORDER_ID}/{item_id}"})
    return line


def snapshot(*items: OrderItem, intent: OrderIntent = OrderIntent.CUSTOMER_PURCHASE) -> OrderSnapshot:
    return OrderSnapshot(order_id=ORDER_ID, order_version=5, account_id="acme:acc-1", intent=intent, items=items)


class PlanDesk:
    """Sends commands to one plan."""

    def __init__(self, *items: OrderItem, context: DecompositionContext | None = None, **fields: Any) -> None:
        self.plan: FulfillmentPlan | None = None
        self.events: list[FulfillmentPlanEvent] = []
        self.now = NOW
        self.sent = 0
        order = snapshot(*(items or (accepted("a"), accepted("b"))), **fields)
        context = context or DecompositionContext()
        self.send(c.CreateFulfillmentPlan, order=order, rules_version=RULES, context=context)

    @property
    def standing(self) -> FulfillmentPlan:
        assert self.plan is not None
        return self.plan

    @property
    def state(self) -> PlanState:
        return self.standing.state

    def task(self, name: str) -> TaskState:
        return self.standing.tasks[task_id(name)].state

    def _command(self, kind: type[Command], role: str, reason_code: str | None, fields: dict[str, Any]) -> Command:
        self.sent += 1
        if "task" in fields:
            fields["task_id"] = task_id(fields.pop("task"))
        actor = Actor(actor_id=f"{role}-1", role=role, system=role)
        return kind(
            aggregate_id=PLAN_ID,
            command_id=f"command-{self.sent}",
            actor=actor,
            correlation_id="corr-1",
            reason_code=reason_code,
            **fields,
        )

    def send(
        self, kind: type[Command], role: str = "fulfillment", reason_code: str | None = None, **fields: Any
    ) -> FulfillmentPlanEvent:
        """Decide and evolve; the one event of the command."""
        self.now += timedelta(minutes=1)
        (event,) = MACHINE.decide(self.plan, self._command(kind, role, reason_code, fields), self.now)
        self.plan = evolve(self.plan, event)
        self.events.append(event)
        return event

    def refused(
        self, kind: type[Command], role: str = "fulfillment", reason_code: str | None = None, **fields: Any
    ) -> Refusal:
        """The refusal of a command that must change nothing."""
        command = self._command(kind, role, reason_code, fields)
        with pytest.raises(Refusal) as caught:
            MACHINE.decide(self.plan, command, self.now)
        assert caught.value.remediation
        return caught.value

    def start(self, task: str) -> FulfillmentPlanEvent:
        return self.send(c.StartFulfillmentTask, task=task)

    def finish(self, *tasks: str) -> PlanDesk:
        """Begin tasks and complete them at the first attempt."""
        for task in tasks:
            self.start(task)
            self.send(c.CompleteFulfillmentTask, task=task, attempt=1, result_ref="answer-1")
        return self

    def finish_all(self) -> PlanDesk:
        """Carry out every task that is still pending, in the plan's order."""
        for identity, standing in list(self.standing.tasks.items()):
            if standing.state is TaskState.PENDING:
                self.finish(identity.removeprefix(f"{ORDER_ID}/"))
        return self

    def fail(self, task: str, attempt: int = 1, **fields: Any) -> FulfillmentPlanEvent:
        return self.send(c.FailFulfillmentTask, task=task, attempt=attempt, failure_code="BROKEN", **fields)

    def take_back(self, *tasks: str) -> PlanDesk:
        for task in tasks:
            begun = self.standing.tasks[task_id(task)].attempt
            self.send(c.CompensateFulfillmentTask, task=task, compensation_ref="undo-1" if begun else None)
        return self


def task_id(name: str) -> str:
    return f"{ORDER_ID}/{name}"


def sample(plan: FulfillmentPlan | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    """Any command on a plan where it stands, sensible or not."""
    base = envelope(MACHINE, kind, PLAN_ID, command_id, choose)
    if plan is None or kind is c.CreateFulfillmentPlan:
        return c.CreateFulfillmentPlan(**base, **_creation(choose))
    chosen = choose((*plan.tasks, *_ready(plan), *_ready(plan), "ghost"))
    standing = plan.tasks.get(chosen)
    attempt = choose((max(standing.attempt, 1) if standing else 1,) * 5 + (2,))
    fields: dict[str, Any] = {"task_id": chosen}
    if "attempt" in kind.model_fields:
        fields["attempt"] = attempt
    if kind is c.CompleteFulfillmentTask:
        fields["result_ref"] = "answer-1"
    if kind is c.FailFulfillmentTask:
        fields |= {"failure_code": "BROKEN", "retryable": choose((True, True, False))}
    if kind is c.MarkFulfillmentTaskUnknown:
        fields["detail"] = "no answer"
    if kind is c.ResolveFulfillmentTaskOutcome:
        outcome = choose(tuple(ObservedOutcome))
        failure = "BROKEN" if outcome is ObservedOutcome.FAILED else None
        fields |= {"outcome": outcome, "observation_ref": "look-1", "observed_at": NOW, "failure_code": failure}
    if kind is c.CompensateFulfillmentTask:
        fields["compensation_ref"] = choose(("undo-1", None))
    return kind(**base, **fields)


def _creation(choose: Choose) -> Mapping[str, Any]:
    cutoff = choose((Cutoff.COMPLETED, Cutoff.COMPLETED, Cutoff.STARTED))
    first = accepted("a", choose((Action.ADD, Action.SUSPEND, Action.NO_CHANGE)), "digital.v1", cutoff=cutoff)
    lines = choose(((first,), (first, accepted("b", Action.DELETE, choose(("digital.v1", "no-such.v1"))))))
    return {
        "order": snapshot(*lines),
        "rules_version": choose((RULES,) * 9 + ("decomposition.v0",)),
        "context": DecompositionContext(payment_required=choose((False, True))),
    }


def _ready(plan: FulfillmentPlan) -> tuple[str, ...]:
    return tuple(
        t for t, s in plan.tasks.items() if s.state is not TaskState.COMPLETED and not plan.open_dependencies(t)
    )


def detached(plan: FulfillmentPlan) -> FulfillmentPlan:
    """All of a plan, apart from it; its tasks cannot change."""
    return replace(plan, tasks=dict(plan.tasks))


def onward(plan: FulfillmentPlan, choose: Choose) -> str:
    """A command that brings the plan nearer to an end."""
    states = {standing.state for standing in plan.tasks.values()}
    if TaskState.UNKNOWN in states:
        return "ResolveFulfillmentTaskOutcome"
    if TaskState.COMPENSATED in states and choose((True, True, False)):
        return "CompensateFulfillmentTask"
    return str(choose(("StartFulfillmentTask", "CompleteFulfillmentTask")))
