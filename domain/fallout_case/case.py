"""The state of a FalloutCase and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.fallout_case import events as e
from domain.fallout_case.states import (
    FalloutCause,
    FalloutNature,
    FalloutSeverity,
    FalloutState,
)
from domain.model import Model


@dataclass(frozen=True, slots=True)
class FalloutCase:
    """A case as its owner knows it. `repairs` are ids of repairs with who made them, oldest first."""

    case_id: str
    order_id: str
    account_id: str
    fallout_id: str
    item_id: str | None
    product_instance_id: str | None
    task_id: str | None
    cause: FalloutCause
    nature: FalloutNature
    severity: FalloutSeverity
    version: int
    state: FalloutState
    due_at: datetime
    assignee_id: str | None = None
    escalation_level: int = 0
    repairs: tuple[tuple[str, str], ...] = ()

    @property
    def repair_ids(self) -> tuple[str, ...]:
        """Ids of the repairs made so far."""
        return tuple(repair_id for repair_id, _ in self.repairs)


def case_id_of(order_id: str, fallout_id: str) -> str:
    """The one case of a fallout of an order."""
    return f"{order_id}/fallout/{fallout_id}"


def evolve(case: FalloutCase | None, event: Model) -> FalloutCase:
    """The case after an event."""
    if case is None:
        if not isinstance(event, e.FalloutDetected):
            message = f"the first event of a fallout case is {type(event).__name__}, not FalloutDetected"
            raise ValueError(message)
        return _detected(event)
    match event:
        case e.FalloutAssigned():
            due = case.due_at if event.sla_hours is None else event.occurred_at + timedelta(hours=event.sla_hours)
            return replace(
                case,
                version=event.version,
                state=FalloutState.ASSIGNED,
                assignee_id=event.assignee_id,
                escalation_level=event.escalation_level,
                due_at=due,
            )
        case e.OrderRepairApplied():
            repairs = (*case.repairs, (event.repair_id, event.actor_id))
            return replace(case, version=event.version, state=FalloutState.REPAIRED, repairs=repairs)
        case e.FalloutResolved():
            return replace(case, version=event.version, state=FalloutState.RESOLVED)
        case e.FalloutClosedAsFailed():
            return replace(case, version=event.version, state=FalloutState.CLOSED_AS_FAILED)
    message = f"{type(event).__name__} is no further event of a FalloutCase"
    raise TypeError(message)


def _detected(event: e.FalloutDetected) -> FalloutCase:
    return FalloutCase(
        case_id=event.case_id,
        order_id=event.order_id,
        account_id=event.account_id,
        fallout_id=event.fallout_id,
        item_id=event.item_id,
        product_instance_id=event.product_instance_id,
        task_id=event.task_id,
        cause=event.cause,
        nature=event.nature,
        severity=event.severity,
        version=event.version,
        state=FalloutState.DETECTED,
        due_at=event.occurred_at + timedelta(hours=event.sla_hours),
    )
