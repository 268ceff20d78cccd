"""What may be asked of a FulfillmentPlan."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.fulfillment_plan.decomposition import DecompositionContext, OrderSnapshot
from domain.fulfillment_plan.states import ObservedOutcome


class CreateFulfillmentPlan(Command):
    """Turn an accepted order into tasks by one version of the rules; `aggregate_id` is `plan_id_of` the order."""

    order: OrderSnapshot
    rules_version: str
    context: DecompositionContext = DecompositionContext()


class StartFulfillmentTask(Command):
    """Begin a task whose dependencies are complete."""

    task_id: str


class CompleteFulfillmentTask(Command):
    """Record that the running attempt succeeded, with the executing system's answer as evidence (R129)."""

    task_id: str
    attempt: Annotated[int, Field(ge=1)]
    result_ref: Annotated[str, Field(min_length=1)]


class FailFulfillmentTask(Command):
    """Record that the running attempt failed for certain; silence is not a failure (R404)."""

    task_id: str
    attempt: Annotated[int, Field(ge=1)]
    failure_code: Annotated[str, Field(min_length=1)]
    retryable: bool = True
    result_ref: str | None = None


class RetryFulfillmentTask(Command):
    """Begin a failed task again; against the retry policy only an order manager may, with a reason (R301)."""

    task_id: str


class MarkFulfillmentTaskUnknown(Command):
    """Record that the outcome of the running attempt is not known (R163)."""

    task_id: str
    attempt: Annotated[int, Field(ge=1)]
    detail: Annotated[str, Field(min_length=1)]


class ResolveFulfillmentTaskOutcome(Command):
    """Record what a look at the executing system showed of an attempt whose outcome was unknown (R259)."""

    task_id: str
    attempt: Annotated[int, Field(ge=1)]
    outcome: ObservedOutcome
    observation_ref: Annotated[str, Field(pattern=r"\S")]
    observed_at: AwareDatetime
    failure_code: str | None = None
    retryable: bool = True


class CompensateFulfillmentTask(Command):
    """Take a task back, the tasks that depend on it first (R157, R299)."""

    task_id: str
    compensation_ref: str | None = None
