"""What a plan is made of: tasks with their sequence, their retry policy and what undoes them (R159, R296, R297)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from domain.fulfillment_plan.states import TaskCutoff, TaskKind
from domain.model import Doc, Model


class RetryPolicy(Model):
    """How often and how soon a failed task is tried again (R159)."""

    attempts_max: Annotated[int, Field(ge=1), Doc("Attempts in all before a person must decide.")]
    first_delay_seconds: Annotated[int, Field(ge=0), Doc("Wait after the first failure.")]
    factor: Annotated[int, Field(ge=1), Doc("By how much each further wait is longer than the one before.")]
    longest_delay_seconds: Annotated[int, Field(ge=0), Doc("No wait is longer than this.")]

    def delay(self, attempt: int) -> timedelta:
        """How long to wait after the failure of this attempt, counted from 1."""
        # Past the bound the power no longer matters, so it is never computed for a large number of attempts.
        grown = self.first_delay_seconds * self.factor ** min(attempt - 1, 32)
        return timedelta(seconds=min(grown, self.longest_delay_seconds))


class FulfillmentTask(Model):
    """One piece of work of a plan, traceable from the order item to service and resource (R296)."""

    task_id: Annotated[str, Doc("Identity of the task, the same for every decomposition of the order (R314).")]
    item_id: Annotated[str | None, Doc("Order item it delivers; null when it serves the whole order.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product it acts on.")] = None
    kind: Annotated[TaskKind, Doc("What it does.")]
    performed_by: Annotated[str, Doc("System that carries it out and owns the result (R169).")]
    service_id: Annotated[str | None, Doc("Service it acts on.")] = None
    resource_id: Annotated[str | None, Doc("Resource it acts on.")] = None
    depends_on: Annotated[tuple[str, ...], Doc("Tasks that must be complete before it may start (R472-R477).")] = ()
    cutoff: Annotated[TaskCutoff, Doc("From when on its item can no longer be cancelled (R299).")]
    retry: Annotated[RetryPolicy, Doc("How often and how soon it is tried again.")]
    response_timeout_seconds: Annotated[int, Doc("Silence after which its outcome is unknown (R404).")]
    compensated_by: Annotated[str, Doc("What undoes it (R157).")]


def idempotency_key(task_id: str, attempt: int) -> str:
    """The key under which an attempt reaches the executing system, so that a repeated message acts once (R297)."""
    return f"{task_id}/{attempt}"
