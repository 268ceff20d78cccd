"""What is remembered of how an order is delivered: plan, tasks, reservations, technical changes, fallout, assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.asset.states import AssetState
from domain.fallout_case.states import FalloutCause, FalloutNature, FalloutSeverity, FalloutState
from domain.fold.heard import Heard
from domain.fulfillment_plan.states import PlanState, TaskCutoff, TaskKind, TaskState
from domain.order_status.moments import HOUR_US, microseconds
from domain.order_status.order_registers import Said
from domain.order_status.words import listed, symbol
from domain.payment_authorization.states import PaymentState
from domain.provisioning_request.states import Operation, ProvisioningState, ServiceStatus
from domain.reservation.states import ReservationState, ResourceKind


class PlannedTask(NamedTuple):
    """A task as its plan has it."""

    task_id: str
    item_id: str | None
    kind: str | None
    performed_by: str | None
    depends_on: list[str]
    cutoff: str | None


class TaskSaid(NamedTuple):
    """A task as the newest event about it has it."""

    item_id: str | None
    kind: str | None
    cutoff: str | None
    state: str
    attempt: int
    failure_code: str | None
    attempts_left: int | None


class ReservationSaid(NamedTuple):
    """A reservation as its newest event has it."""

    state: str | None
    task_id: str | None
    item_id: str | None
    resource_kind: str | None
    expires_us: int | None
    failure_code: str | None
    attempt: int


class ProvisioningSaid(NamedTuple):
    """A technical change as its newest event has it."""

    state: str | None
    task_id: str | None
    item_id: str | None
    operation: str | None
    failure_code: str | None
    attempt: int


class CaseSaid(NamedTuple):
    """A fallout case as its newest event has it."""

    fallout_id: str | None
    item_id: str | None
    task_id: str | None
    cause: str | None
    nature: str | None
    severity: str | None
    state: str | None


class AssetSaid(NamedTuple):
    """An installed product as its newest event for this order has it."""

    item_id: str | None
    state: str | None


_TASK_STATE: Mapping[str, TaskState] = {
    "FulfillmentTaskStarted": TaskState.RUNNING,
    "FulfillmentTaskRetried": TaskState.RUNNING,
    "FulfillmentTaskCompleted": TaskState.COMPLETED,
    "FulfillmentTaskFailed": TaskState.FAILED,
    "FulfillmentTaskOutcomeUnknown": TaskState.UNKNOWN,
    "FulfillmentTaskCompensated": TaskState.COMPENSATED,
}


def plan_says(event: Heard) -> Said:
    """The registers one FulfillmentPlan event writes."""
    data = event.data
    state = symbol(PlanState, data.get("state"))
    yield "plan", [state, data.get("rulesVersion")]
    if event.kind == "FulfillmentPlanCreated":
        tasks = [t for t in listed(data.get("tasks")) if isinstance(t, Mapping) and t.get("taskId")]
        yield "planned", [list(_planned(task)) for task in tasks]
    task_id = data.get("taskId")
    if task_id and event.kind in _TASK_STATE:
        said = TaskSaid(
            data.get("itemId"),
            symbol(TaskKind, data.get("kind")),
            symbol(TaskCutoff, data.get("cutoff")),
            symbol(TaskState, data.get("taskState")) or _TASK_STATE[event.kind].value,
            data.get("attempt") or 0,
            data.get("failureCode"),
            data.get("attemptsLeft"),
        )
        yield f"task/{task_id}", list(said)


def _planned(task: Mapping[str, Any]) -> PlannedTask:
    return PlannedTask(
        task["taskId"],
        task.get("itemId"),
        symbol(TaskKind, task.get("kind")),
        task.get("performedBy"),
        [str(t) for t in listed(task.get("dependsOn"))],
        symbol(TaskCutoff, task.get("cutoff")),
    )


def reservation_says(event: Heard) -> Said:
    """The registers one Reservation event writes."""
    data = event.data
    said = ReservationSaid(
        symbol(ReservationState, data.get("state")),
        data.get("taskId"),
        data.get("itemId"),
        symbol(ResourceKind, data.get("resourceKind")),
        microseconds(data.get("expiresAt")),
        data.get("failureCode"),
        data.get("attempt") or 0,
    )
    yield "reservation", list(said)


def provisioning_says(event: Heard) -> Said:
    """The registers one ProvisioningRequest event writes."""
    data = event.data
    said = ProvisioningSaid(
        symbol(ProvisioningState, data.get("state")),
        data.get("taskId"),
        data.get("itemId"),
        symbol(Operation, data.get("operation")),
        data.get("failureCode"),
        data.get("attempt") or 0,
    )
    yield "provisioning", list(said)
    if event.kind == "ServiceStatusObserved":
        yield "observed", symbol(ServiceStatus, data.get("serviceStatus"))


def fallout_says(event: Heard) -> Said:
    """The registers one FalloutCase event writes."""
    data = event.data
    said = CaseSaid(
        data.get("falloutId"),
        data.get("itemId"),
        data.get("taskId"),
        symbol(FalloutCause, data.get("cause")),
        symbol(FalloutNature, data.get("nature")),
        symbol(FalloutSeverity, data.get("severity")),
        symbol(FalloutState, data.get("state")),
    )
    yield "case", list(said)
    if event.kind == "FalloutDetected":
        yield "detected", [data.get("failureCode"), data.get("runbookRef")]
    if event.kind == "FalloutAssigned":
        yield "assigned", [data.get("team"), data.get("escalationLevel") or 0]
    hours = data.get("slaHours")
    if isinstance(hours, int):
        yield "due", event.time_us + hours * HOUR_US


def asset_says(event: Heard) -> Said:
    """The registers one Asset event writes."""
    yield "asset", list(AssetSaid(event.data.get("itemId"), symbol(AssetState, event.data.get("state"))))


def payment_says(event: Heard) -> Said:
    """The registers one PaymentAuthorization event writes: neither amount nor method."""
    yield "payment", symbol(PaymentState, event.data.get("state"))
