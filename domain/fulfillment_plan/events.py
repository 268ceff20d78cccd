"""The facts a FulfillmentPlan publishes on `fulfillment.plans.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.event import OwnerEvent
from domain.fulfillment_plan.states import Compensation, PlanState, TaskCutoff, TaskKind, TaskState
from domain.fulfillment_plan.task import FulfillmentTask
from domain.model import Doc

OWNER = "fulfillment"
AGGREGATE = "FulfillmentPlan"


class FulfillmentPlanEvent(OwnerEvent):
    """What every FulfillmentPlan event carries."""

    plan_id: Annotated[str, Doc("Identity of the plan.")]
    order_id: Annotated[str, Doc("Order it delivers.")]
    account_id: Annotated[str, Doc("Commercial account of the order.")]
    rules_version: Annotated[str, Doc("Decomposition rules it was made by; they never change for it (R315).")]
    state: Annotated[PlanState, Doc("State of the plan after this event, found from its tasks.")]
    from_state: Annotated[PlanState | None, Doc("State of the plan it left; null when it left none.")] = None
    to_state: Annotated[PlanState | None, Doc("State of the plan it entered; null when the state stayed.")] = None


class TaskEvent(FulfillmentPlanEvent):
    """What every event about one task carries besides."""

    task_id: Annotated[str, Doc("The task it is about.")]
    item_id: Annotated[str | None, Doc("Order item the task delivers; null when it serves the whole order.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product the task acts on.")] = None
    kind: Annotated[TaskKind, Doc("What the task does.")]
    cutoff: Annotated[TaskCutoff, Doc("From when on the task keeps its item from being cancelled (R299).")]
    from_task_state: Annotated[TaskState, Doc("State the task left.")]
    task_state: Annotated[TaskState, Doc("State the task is in.")]
    attempt: Annotated[int, Doc("Number of the attempt, from 1; 0 when it was never begun.")]


class FulfillmentPlanCreated(FulfillmentPlanEvent):
    """An accepted order was turned into tasks."""

    order_version: Annotated[int, Doc("Version of the order that was decomposed.")]
    input_fingerprint: Annotated[str, Doc("Fingerprint of order snapshot, rules version and context (R314).")]
    payment_required: Annotated[bool, Doc("Whether the order had to be paid before delivery.")]
    tasks: Annotated[tuple[FulfillmentTask, ...], Doc("The tasks, each after all it depends on.")]


class FulfillmentTaskStarted(TaskEvent):
    """Work on a task began."""

    idempotency_key: Annotated[str, Doc("Key under which the attempt reaches the executing system (R297).")]


class FulfillmentTaskCompleted(TaskEvent):
    """A task succeeded."""

    result_ref: Annotated[str, Doc("Evidence of the result: the executing system's answer or an observation (R129).")]
    observed_at: Annotated[datetime | None, Doc("When an unknown outcome was looked up; null when reported.")] = None


class FulfillmentTaskFailed(TaskEvent):
    """An attempt at a task failed."""

    failure_code: Annotated[str, Doc("Stable code of the failure.")]
    retryable: Annotated[bool, Doc("Whether trying again can help.")]
    attempts_left: Annotated[int, Doc("Attempts the retry policy still allows; 0 needs a person (R159).")]
    retry_delay_seconds: Annotated[int | None, Doc("Wait before the next attempt; null when none is allowed.")] = None
    observed_at: Annotated[datetime | None, Doc("When an unknown outcome was looked up; null when reported.")] = None
    result_ref: Annotated[str | None, Doc("Evidence of the failure; there whenever it was observed (R259).")] = None


class FulfillmentTaskRetried(TaskEvent):
    """A failed task was begun again."""

    idempotency_key: Annotated[str, Doc("Key under which the attempt reaches the executing system (R297).")]
    override: Annotated[bool, Doc("Whether a person went beyond the retry policy (R301).")] = False


class FulfillmentTaskOutcomeUnknown(TaskEvent):
    """Nobody knows whether an attempt succeeded; only a look at the executing system can tell (R163, R259, R298)."""

    idempotency_key: Annotated[str, Doc("Key by which the executing system can be asked about the attempt.")]
    detail: Annotated[str, Doc("What was asked and how the answer failed to come.")]


class FulfillmentTaskCompensated(TaskEvent):
    """A task was taken back."""

    compensation: Annotated[Compensation, Doc("Withdrawn before it did anything, or undone.")]
    compensated_by: Annotated[str, Doc("What undid it (R157).")]
    compensation_ref: Annotated[str | None, Doc("Evidence of the undoing; null when nothing was to be undone.")] = None


EVENTS: tuple[type[FulfillmentPlanEvent], ...] = (
    FulfillmentPlanCreated,
    FulfillmentTaskStarted,
    FulfillmentTaskCompleted,
    FulfillmentTaskFailed,
    FulfillmentTaskRetried,
    FulfillmentTaskOutcomeUnknown,
    FulfillmentTaskCompensated,
)
