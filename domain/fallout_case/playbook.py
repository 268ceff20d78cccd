"""What is known of each cause before it happens: nature, urgency, runbook, way back and word to the customer (R583)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.fallout_case.states import FalloutCause, FalloutNature, FalloutSeverity, RepairKind

C, N, S = FalloutCause, FalloutNature, FalloutSeverity


@dataclass(frozen=True, slots=True)
class Play:
    """How one cause is dealt with; the references name documents of operations."""

    nature: FalloutNature
    severity: FalloutSeverity
    runbook_ref: str
    rollback: str
    customer_communication: str


PLAYBOOK: Mapping[FalloutCause, Play] = {
    C.DATA_INVALID: Play(N.VALIDATION_REJECTION, S.MEDIUM, "runbook:data-invalid", "none: nothing was begun", "ask"),
    C.DECOMPOSITION_FAILED: Play(
        N.VALIDATION_REJECTION, S.HIGH, "runbook:no-mapping", "none: nothing was begun", "tell when it takes a day"
    ),
    C.RESOURCE_UNAVAILABLE: Play(
        N.REPAIRABLE_DOWNSTREAM, S.HIGH, "runbook:resource", "release what is reserved", "offer another date"
    ),
    C.PAYMENT_FAILED: Play(
        N.REPAIRABLE_DOWNSTREAM, S.MEDIUM, "runbook:payment", "void the authorisation", "ask for another payment"
    ),
    C.SHIPMENT_FAILED: Play(
        N.REPAIRABLE_DOWNSTREAM, S.MEDIUM, "runbook:shipment", "recall the shipment", "offer another date"
    ),
    C.VISIT_FAILED: Play(
        N.REPAIRABLE_DOWNSTREAM, S.MEDIUM, "runbook:visit", "cancel the appointment", "offer another appointment"
    ),
    C.PROVISIONING_FAILED: Play(
        N.REPAIRABLE_DOWNSTREAM,
        S.HIGH,
        "runbook:provisioning",
        "take the service down",
        "tell when the date is at risk",
    ),
    C.OUTCOME_UNKNOWN: Play(
        N.REPAIRABLE_DOWNSTREAM, S.HIGH, "runbook:unknown-outcome", "none until it is known", "tell nothing yet"
    ),
    C.ASSET_UPDATE_FAILED: Play(
        N.REPAIRABLE_DOWNSTREAM, S.MEDIUM, "runbook:asset", "record the asset as it was", "none: the service works"
    ),
    C.BILLING_HANDOFF_FAILED: Play(
        N.REPAIRABLE_DOWNSTREAM, S.HIGH, "runbook:billing", "WithdrawBillingActivation", "none before the first invoice"
    ),
    C.CANCELLATION_FAILED: Play(
        N.CANCELLATION_FAILURE, S.HIGH, "runbook:cancellation", "deliver, and end it by an order", "tell the same day"
    ),
    C.CUSTOMER_WITHDREW: Play(
        N.BUSINESS_ABANDONED, S.LOW, "runbook:abandoned", "compensate what was begun", "confirm the end"
    ),
    C.NOT_DELIVERABLE: Play(
        N.TERMINAL_TECHNICAL, S.CRITICAL, "runbook:not-deliverable", "compensate what was begun", "call the customer"
    ),
}

SLA_HOURS: Mapping[FalloutSeverity, int] = {S.CRITICAL: 4, S.HIGH: 8, S.MEDIUM: 24, S.LOW: 72}
"""Hours within which a case must be resolved before it goes one level up (R158)."""

TEAMS: tuple[str, ...] = ("fulfillment-operations", "order-management", "duty-management")
"""Who has a case at each level of escalation."""

NEEDS_APPROVAL = frozenset({RepairKind.DATA_CORRECTION, RepairKind.RESOURCE_SUBSTITUTION})
"""Repairs that change what was agreed or recorded; another person approves them after a trial run (R121, R399)."""
FOUR_EYES_SEVERITIES = frozenset({S.HIGH, S.CRITICAL})
"""From here on whoever repaired does not confirm the repair (R399, R510)."""
