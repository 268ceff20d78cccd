"""The internal step an order's fulfillment is at (R144): for those who operate it, and never for customers (R194)."""

from __future__ import annotations

from enum import StrEnum

from domain.fulfillment_plan.plan import FulfillmentPlan
from domain.fulfillment_plan.states import TERMINAL_PLAN_STATES, TaskKind, TaskState


class InternalState(StrEnum):
    """A step of fulfillment, under the name the reference documents give it."""

    DECOMPOSITION_STARTED = "DecompositionStarted"
    SERVICE_ORDER_CREATED = "ServiceOrderCreated"
    RESOURCE_RESERVATION_PENDING = "ResourceReservationPending"
    PROVISIONING_RETRYING = "ProvisioningRetrying"


_ON_THE_NETWORK = frozenset(
    {
        TaskKind.PROVISION_SERVICE,
        TaskKind.CHANGE_SERVICE,
        TaskKind.SUSPEND_SERVICE,
        TaskKind.RESUME_SERVICE,
        TaskKind.TERMINATE_SERVICE,
    }
)
_OPEN = frozenset({TaskState.RUNNING, TaskState.FAILED, TaskState.UNKNOWN})


def internal_state(plan: FulfillmentPlan | None, *, decomposing: bool) -> InternalState | None:
    """The step that is furthest along, the first that holds; None before decomposition and after the plan's end.

    1. A task on the network is open after a first failed attempt: ProvisioningRetrying.
    2. A reservation is asked for and not answered: ResourceReservationPending.
    3. There is a plan: ServiceOrderCreated. Decomposition has begun: DecompositionStarted.
    """
    if plan is None:
        return InternalState.DECOMPOSITION_STARTED if decomposing else None
    if plan.state in TERMINAL_PLAN_STATES:
        return None
    standings = [s for s in plan.tasks.values() if s.state in _OPEN and not s.given_up]
    if any(s.task.kind in _ON_THE_NETWORK and (s.attempt > 1 or s.state is TaskState.FAILED) for s in standings):
        return InternalState.PROVISIONING_RETRYING
    if any(s.task.kind is TaskKind.RESERVE_RESOURCE for s in standings):
        return InternalState.RESOURCE_RESERVATION_PENDING
    return InternalState.SERVICE_ORDER_CREATED
