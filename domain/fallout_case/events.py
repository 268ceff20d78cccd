"""The facts a FalloutCase publishes on `oms.fallout-cases.v1`."""

from __future__ import annotations

from typing import Annotated

from domain.event import OwnerEvent
from domain.fallout_case.states import (
    FalloutCause,
    FalloutNature,
    FalloutSeverity,
    FalloutState,
    RepairKind,
    Resolution,
)
from domain.model import Classification, Doc

OWNER = "oms"
AGGREGATE = "FalloutCase"


class FalloutCaseEvent(OwnerEvent):
    """What every FalloutCase event carries."""

    case_id: Annotated[str, Doc("Identity of the case.")]
    order_id: Annotated[str, Doc("Order that left its path.")]
    account_id: Annotated[str, Doc("Commercial account of the order.")]
    fallout_id: Annotated[str, Doc("The fallout within its order, as ProductOrderFalloutRaised names it.")]
    item_id: Annotated[str | None, Doc("Item concerned; null when the order as a whole is.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None
    task_id: Annotated[str | None, Doc("Fulfillment task it came from; null when it came from none.")] = None
    cause: Annotated[FalloutCause, Doc("What went wrong.")]
    nature: Annotated[FalloutNature, Doc("Which of the five ways of going wrong it is (R145-R149).")]
    severity: Annotated[FalloutSeverity, Doc("How urgent it is.")]
    state: Annotated[FalloutState, Doc("State of the case after this event.")]
    from_state: Annotated[FalloutState | None, Doc("State the case left; null when it left none.")] = None
    to_state: Annotated[FalloutState | None, Doc("State the case entered; null when the state stayed.")] = None


class FalloutDetected(FalloutCaseEvent):
    """Delivery left its path."""

    failure_code: Annotated[str, Doc("Stable code of the failure.")]
    detected_by: Annotated[str, Doc("System that noticed.")]
    evidence_ref: Annotated[str, Doc("What shows it: a task's result, a response, a finding (R129).")]
    sla_hours: Annotated[int, Doc("Hours from now on after which it goes one level up (R158).")]
    runbook_ref: Annotated[str, Doc("Runbook to follow (R583).")]
    rollback: Annotated[str, Doc("The way back if the repair does not help (R583).")]
    customer_communication: Annotated[str, Doc("What the customer is told, and when (R583).")]


class FalloutAssigned(FalloutCaseEvent):
    """Somebody has the case."""

    assignee_id: Annotated[str | None, Doc("Who has it; null when a team does.", Classification.CONFIDENTIAL)] = None
    team: Annotated[str, Doc("Team that has it.")]
    escalation_level: Annotated[int, Doc("How many levels it went up, 0 at first.")]
    sla_hours: Annotated[int | None, Doc("Hours from now on until the next level; null when the time runs on.")] = None


class OrderRepairApplied(FalloutCaseEvent):
    """A repair was made; what it changed, on what grounds, is on record (R121, R123)."""

    repair_id: Annotated[str, Doc("Identity of the repair within the case.")]
    kind: Annotated[RepairKind, Doc("What the repair did.")]
    justification: Annotated[str, Doc("Why this repair.", Classification.CONFIDENTIAL)]
    prior_state_hash: Annotated[str, Doc("Hash of what was repaired, before.")]
    new_state_hash: Annotated[str, Doc("Hash of what was repaired, after.")]
    evidence_ref: Annotated[str, Doc("What shows that it was done.")]
    dry_run_ref: Annotated[str | None, Doc("Trial run it was checked by (R399).")] = None
    approval_ref: Annotated[str | None, Doc("Approval it rests on.")] = None
    approved_by: Annotated[str | None, Doc("Who approved it.", Classification.CONFIDENTIAL)] = None


class FalloutResolved(FalloutCaseEvent):
    """Delivery is back on its path."""

    resolution: Annotated[Resolution, Doc("By a repair, or by itself.")]
    repair_ids: Annotated[tuple[str, ...], Doc("Repairs that were made on the way.")] = ()
    verification_ref: Annotated[str, Doc("What shows that it works again.")]


class FalloutClosedAsFailed(FalloutCaseEvent):
    """It was decided that it will not be mended (R140, R148, R149)."""

    closed_as: Annotated[FalloutNature, Doc("Given up by decision, or for technical reasons.")]
    repair_ids: Annotated[tuple[str, ...], Doc("Repairs that were tried.")] = ()
    rollback_ref: Annotated[str, Doc("Evidence that what was begun is undone or stays by decision (R583).")]
    customer_notice_ref: Annotated[str, Doc("What the customer was told (R583).")]


EVENTS: tuple[type[FalloutCaseEvent], ...] = (
    FalloutDetected,
    FalloutAssigned,
    OrderRepairApplied,
    FalloutResolved,
    FalloutClosedAsFailed,
)
