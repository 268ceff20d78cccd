"""The conditions a plan's transitions name (R154): each refuses with its reason, or lets pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.command import Command
from domain.conditions import has_reason, not_ahead, same_tenant
from domain.errors import Refusal
from domain.fulfillment_plan import commands as c
from domain.fulfillment_plan.plan import FulfillmentPlan, TaskStanding, plan_id_of
from domain.fulfillment_plan.rules import RULES
from domain.fulfillment_plan.states import ObservedOutcome, TaskState

OVERRIDE_ROLE = "order-manager"
_COMPENSABLE = frozenset({TaskState.PENDING, TaskState.COMPLETED, TaskState.FAILED})


def _refuse(code: str, message: str, remediation: str, stage: str = "FULFILLMENT") -> Refusal:
    return Refusal(code, message, remediation=remediation, stage=stage)


def one_plan_for_an_order(command: c.CreateFulfillmentPlan) -> None:
    """The plan's id follows from the order's, so that a re-plan cannot pass unnoticed (R315)."""
    wanted = plan_id_of(command.order.order_id)
    if command.aggregate_id != wanted:
        message = f"Plan {command.aggregate_id} is not the plan of order {command.order.order_id}."
        raise _refuse("STRUCTURAL_PLAN_ID", message, f"Send it to {wanted}.", "DECOMPOSITION")


def of_one_tenant(command: c.CreateFulfillmentPlan) -> None:
    """Order and account belong to the plan's tenant (R511)."""
    same_tenant(command, orderId=command.order.order_id, accountId=command.order.account_id)


def rules_known(command: c.CreateFulfillmentPlan) -> None:
    """The rules are a published version (R314)."""
    if command.rules_version not in RULES:
        message = f"There are no decomposition rules {command.rules_version}."
        raise _refuse("REFERENCE_RULES_UNKNOWN", message, f"Use one of {sorted(RULES)}.", "DECOMPOSITION")


def something_to_do(command: c.CreateFulfillmentPlan) -> None:
    """An order in which nothing is done has no plan."""
    if not any(item.executable for item in command.order.items):
        message = f"Order {command.order.order_id} has no item to deliver."
        raise _refuse("STATE_NOTHING_TO_PLAN", message, "Leave it without a plan.", "DECOMPOSITION")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "one-plan-for-an-order": one_plan_for_an_order,
    "of-one-tenant": of_one_tenant,
    "rules-known": rules_known,
    "something-to-do": something_to_do,
}


def _standing(plan: FulfillmentPlan, command: Any) -> TaskStanding:
    return plan.tasks[command.task_id]


def task_known(plan: FulfillmentPlan, command: Any) -> None:
    """The task is one of the plan's."""
    if command.task_id not in plan.tasks:
        message = f"Plan {plan.plan_id} has no task {command.task_id}."
        raise _refuse("REFERENCE_TASK_UNKNOWN", message, f"Its tasks are {list(plan.tasks)}.")


def _in_state(*states: TaskState) -> Callable[[FulfillmentPlan, Command], None]:
    def guard(plan: FulfillmentPlan, command: Command) -> None:
        standing = _standing(plan, command)
        if standing.state not in states:
            message = f"Task {standing.task.task_id} is {standing.state}, not {' or '.join(sorted(states))}."
            raise _refuse("STATE_TASK", message, "Look at the task's state and decide anew.")

    return guard


def current_attempt(plan: FulfillmentPlan, command: Any) -> None:
    """A late answer to an earlier attempt says nothing of the one that is running (R297)."""
    standing = _standing(plan, command)
    if command.attempt != standing.attempt:
        message = f"Task {command.task_id} is at attempt {standing.attempt}, the answer is about {command.attempt}."
        raise _refuse("CONFLICT_ATTEMPT", message, "Answer to the attempt that is running.")


def dependencies_done(plan: FulfillmentPlan, command: Any) -> None:
    """What must happen before has happened (R472-R477)."""
    if open_ids := plan.open_dependencies(command.task_id):
        message = f"Task {command.task_id} waits for {open_ids}."
        raise _refuse("STATE_DEPENDENCY_OPEN", message, "Complete them first.")


def retry_allowed(plan: FulfillmentPlan | None, command: c.RetryFulfillmentTask, now: datetime) -> None:
    """The retry policy allows it now, or an order manager overrides it with a reason (R159, R301)."""
    assert plan is not None
    standing = _standing(plan, command)
    if command.actor.role == OVERRIDE_ROLE:
        has_reason(plan, command)
    elif standing.next_attempt_at is None:
        message = f"Task {command.task_id} failed at attempt {standing.attempt} of {standing.task.retry.attempts_max}"
        message += " and is not tried again by itself."
        remediation = f"Have an {OVERRIDE_ROLE} retry it with a reasonCode, or compensate it."
        raise _refuse("POLICY_RETRY_LIMIT", message, remediation)
    elif now < standing.next_attempt_at:
        message = f"Task {command.task_id} is not tried again before {standing.next_attempt_at.isoformat()}."
        raise _refuse("POLICY_RETRY_TOO_EARLY", message, "Wait until then.")


def failure_is_named(_: FulfillmentPlan, command: c.ResolveFulfillmentTaskOutcome) -> None:
    """An observed failure says which; an observed success says none."""
    if (command.outcome is ObservedOutcome.FAILED) != bool(command.failure_code):
        message = f"Task {command.task_id} was observed as {command.outcome}"
        message += f" with the failure code {command.failure_code}."
        raise _refuse("STRUCTURAL_FAILURE_CODE", message, "Send a failureCode with FAILED, and with nothing else.")


def before_cutoff(plan: FulfillmentPlan, command: Any) -> None:
    """What has passed its cut-off is delivered, unless that turned out to be impossible (R299)."""
    standing = _standing(plan, command)
    if standing.past_cutoff and not plan.item_undeliverable(standing.task.item_id):
        message = f"Task {command.task_id} is past its cut-off."
        raise _refuse("POLICY_PAST_CUTOFF", message, "Deliver the item, and order a DELETE of it afterwards.")


def dependents_compensated(plan: FulfillmentPlan, command: Any) -> None:
    """What rests on a task is taken back before it (R157)."""
    standing = [s.task.task_id for s in plan.dependents(command.task_id) if s.state is not TaskState.COMPENSATED]
    if standing:
        message = f"Tasks {standing} of plan {plan.plan_id} rest on {command.task_id}."
        raise _refuse("STATE_DEPENDENTS_STAND", message, "Compensate them first.")


def compensation_has_evidence(plan: FulfillmentPlan, command: c.CompensateFulfillmentTask) -> None:
    """Undoing what was begun leaves evidence; what was never begun has none (R123, R405)."""
    begun = _standing(plan, command).attempt > 0
    if begun != bool(command.compensation_ref):
        message = f"Task {command.task_id} was {'begun' if begun else 'never begun'}"
        message += f", its compensation names the evidence {command.compensation_ref}."
        raise _refuse("STRUCTURAL_COMPENSATION_REF", message, "Send a compensationRef for a task that was begun only.")


GUARDS: Mapping[str, Callable[[FulfillmentPlan, Any], None]] = {
    "task-known": task_known,
    "task-pending": _in_state(TaskState.PENDING),
    "task-running": _in_state(TaskState.RUNNING),
    "task-failed": _in_state(TaskState.FAILED),
    "task-unknown": _in_state(TaskState.UNKNOWN),
    "task-compensable": _in_state(*_COMPENSABLE),
    "current-attempt": current_attempt,
    "dependencies-done": dependencies_done,
    "failure-is-named": failure_is_named,
    "before-cutoff": before_cutoff,
    "dependents-compensated": dependents_compensated,
    "compensation-has-evidence": compensation_has_evidence,
}
TIMED_GUARDS: Mapping[str, Callable[[FulfillmentPlan | None, Any, datetime], None]] = {
    "retry-allowed": retry_allowed,
    "observed-by-now": lambda _, command, now: not_ahead(command, "observedAt", command.observed_at, now),
}
