"""FulfillmentPlan: commands in, events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.aggregate import AggregateType
from domain.fulfillment_plan import commands as c
from domain.fulfillment_plan import events as e
from domain.fulfillment_plan.decomposition import decompose, input_fingerprint
from domain.fulfillment_plan.guards import CREATION_GUARDS, GUARDS, OVERRIDE_ROLE, TIMED_GUARDS
from domain.fulfillment_plan.machine import ROWS
from domain.fulfillment_plan.plan import FulfillmentPlan, evolve
from domain.fulfillment_plan.rules import RULES
from domain.fulfillment_plan.states import (
    REPAIR_PLAN_STATES,
    TERMINAL_PLAN_STATES,
    Compensation,
    ObservedOutcome,
    PlanState,
    TaskState,
)
from domain.fulfillment_plan.task import idempotency_key
from domain.machine import Draft, Machine, claims

POLICY_VERSION = "fulfillment-plan.v1"


def _create(_: None, command: c.CreateFulfillmentPlan) -> list[Draft]:
    fields = {
        "order_version": command.order.order_version,
        "input_fingerprint": input_fingerprint(command.order, command.rules_version, command.context),
        "payment_required": command.context.payment_required,
        "tasks": decompose(command.order, RULES[command.rules_version], command.context),
    }
    return [Draft(e.FulfillmentPlanCreated, fields)]


def _about(
    plan: FulfillmentPlan, task_id: str, state: TaskState, event: type[e.TaskEvent], attempt: int, **fields: object
) -> list[Draft]:
    standing = plan.tasks[task_id]
    told = {
        "task_id": task_id,
        "item_id": standing.task.item_id,
        "product_instance_id": standing.task.product_instance_id,
        "kind": standing.task.kind,
        "cutoff": standing.task.cutoff,
        "from_task_state": standing.state,
        "task_state": state,
        "attempt": attempt,
    }
    return [Draft(event, {**told, **fields})]


def _start(plan: FulfillmentPlan, command: c.StartFulfillmentTask) -> list[Draft]:
    key = idempotency_key(command.task_id, 1)
    return _about(plan, command.task_id, TaskState.RUNNING, e.FulfillmentTaskStarted, 1, idempotency_key=key)


def _retry(plan: FulfillmentPlan, command: c.RetryFulfillmentTask) -> list[Draft]:
    standing = plan.tasks[command.task_id]
    attempt = standing.attempt + 1
    fields = {
        "idempotency_key": idempotency_key(command.task_id, attempt),
        "override": command.actor.role == OVERRIDE_ROLE,
    }
    return _about(plan, command.task_id, TaskState.RUNNING, e.FulfillmentTaskRetried, attempt, **fields)


def _complete(plan: FulfillmentPlan, command: c.CompleteFulfillmentTask) -> list[Draft]:
    kind, done = e.FulfillmentTaskCompleted, TaskState.COMPLETED
    return _about(plan, command.task_id, done, kind, command.attempt, result_ref=command.result_ref)


def _fail(plan: FulfillmentPlan, command: c.FailFulfillmentTask) -> list[Draft]:
    return _failed(plan, command, str(command.failure_code), result_ref=command.result_ref)


def _failed(
    plan: FulfillmentPlan,
    command: c.FailFulfillmentTask | c.ResolveFulfillmentTaskOutcome,
    failure_code: str,
    **evidence: object,
) -> list[Draft]:
    policy = plan.tasks[command.task_id].task.retry
    left = max(policy.attempts_max - command.attempt, 0) if command.retryable else 0
    fields = {
        "failure_code": failure_code,
        "retryable": command.retryable,
        "attempts_left": left,
        "retry_delay_seconds": int(policy.delay(command.attempt).total_seconds()) if left else None,
        **evidence,
    }
    return _about(plan, command.task_id, TaskState.FAILED, e.FulfillmentTaskFailed, command.attempt, **fields)


def _mark_unknown(plan: FulfillmentPlan, command: c.MarkFulfillmentTaskUnknown) -> list[Draft]:
    fields = {"idempotency_key": idempotency_key(command.task_id, command.attempt), "detail": command.detail}
    kind = e.FulfillmentTaskOutcomeUnknown
    return _about(plan, command.task_id, TaskState.UNKNOWN, kind, command.attempt, **fields)


def _resolve(plan: FulfillmentPlan, command: c.ResolveFulfillmentTaskOutcome) -> list[Draft]:
    evidence = {"result_ref": command.observation_ref, "observed_at": command.observed_at}
    if command.outcome is ObservedOutcome.FAILED:
        return _failed(plan, command, str(command.failure_code), **evidence)
    kind, done = e.FulfillmentTaskCompleted, TaskState.COMPLETED
    return _about(plan, command.task_id, done, kind, command.attempt, **evidence)


def _compensate(plan: FulfillmentPlan, command: c.CompensateFulfillmentTask) -> list[Draft]:
    standing = plan.tasks[command.task_id]
    fields = {
        "compensation": Compensation.UNDONE if standing.attempt else Compensation.WITHDRAWN,
        "compensated_by": standing.task.compensated_by,
        "compensation_ref": command.compensation_ref,
    }
    kind = e.FulfillmentTaskCompensated
    return _about(plan, command.task_id, TaskState.COMPENSATED, kind, standing.attempt, **fields)


def _identity(plan: FulfillmentPlan | None, command: Any) -> dict[str, Any]:
    if plan is None:
        order = command.order
        about = {"order_id": order.order_id, "account_id": order.account_id}
        return {"plan_id": command.aggregate_id, **about, "rules_version": command.rules_version}
    about = {"order_id": plan.order_id, "account_id": plan.account_id}
    return {"plan_id": plan.plan_id, **about, "rules_version": plan.rules_version}


REACTIONS: Mapping[str, Callable[[Any, Any], list[Draft]]] = {
    "CreateFulfillmentPlan": _create,
    "StartFulfillmentTask": _start,
    "CompleteFulfillmentTask": _complete,
    "FailFulfillmentTask": _fail,
    "RetryFulfillmentTask": _retry,
    "MarkFulfillmentTaskUnknown": _mark_unknown,
    "ResolveFulfillmentTaskOutcome": _resolve,
    "CompensateFulfillmentTask": _compensate,
}

MACHINE: Machine[FulfillmentPlan, e.FulfillmentPlanEvent] = Machine(
    noun="plan",
    code="PLAN",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=PlanState.PLANNED,
    terminal=TERMINAL_PLAN_STATES,
    repair=REPAIR_PLAN_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

FULFILLMENT_PLAN: AggregateType[FulfillmentPlan] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
