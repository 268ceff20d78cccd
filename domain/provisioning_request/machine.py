"""The rows of a ProvisioningRequest's state machine (R153-R163, R169)."""

from __future__ import annotations

from datetime import timedelta

from domain.machine import Transition, rows
from domain.provisioning_request import commands as c
from domain.provisioning_request import events as e
from domain.provisioning_request.guards import ATTEMPTS_MAX
from domain.provisioning_request.states import ProvisioningState

PROVISIONING_ROLES = frozenset({"provisioning", "network-operator"})
"""Order management is none of them: it owns the order, and not the technical result (R169)."""

S = ProvisioningState
_ANSWER = timedelta(hours=4)
_INQUIRY = timedelta(hours=1)
_OVERDUE = "provisioning: ReportProvisioningOverdue at answerDueAt"

ROWS = rows(
    Transition(
        c.StartProvisioning,
        frozenset(),
        PROVISIONING_ROLES | {"fulfillment"},
        (e.ProvisioningStarted,),
        guards=("same-tenant", "answer-due-later"),
        side_effects="the network changes the service",
        compensation="a request of its own with the opposite operation",
        timeout=_ANSWER,
        on_timeout=_OVERDUE,
    ),
    Transition(
        c.RetryProvisioning,
        frozenset({S.FAILED_RETRYABLE}),
        PROVISIONING_ROLES | {"fulfillment"},
        (e.ProvisioningStarted,),
        guards=("tries-left", "answer-due-later"),
        side_effects="the network changes the service",
        compensation="a request of its own with the opposite operation",
        timeout=_ANSWER,
        on_timeout=_OVERDUE,
        retry=f"at most {ATTEMPTS_MAX} tries, and never while the outcome is unknown",
    ),
    Transition(
        c.CompleteProvisioning,
        frozenset({S.IN_PROGRESS, S.OUTCOME_UNKNOWN}),
        PROVISIONING_ROLES,
        (e.ProvisioningSucceeded,),
        guards=("success-seen", "activation-dated", "activated-by-now"),
        side_effects="fulfillment completes the task, order management decides about the order",
        compensation="a request of its own with the opposite operation",
    ),
    Transition(
        c.FailProvisioning,
        frozenset({S.IN_PROGRESS, S.OUTCOME_UNKNOWN}),
        PROVISIONING_ROLES,
        (e.ProvisioningFailed,),
        guards=("outcome-seen",),
        side_effects="fulfillment retries the task or gives it up, and takes back what was partially applied",
        timeout=timedelta(hours=24),
        on_timeout="network-operator: RetryProvisioning, or leave it to fulfillment",
    ),
    Transition(
        c.ReportProvisioningOverdue,
        frozenset({S.IN_PROGRESS}),
        PROVISIONING_ROLES,
        (e.ServiceStatusObserved,),
        guards=("answer-overdue",),
        side_effects="fulfillment marks the outcome of the task as unknown; nothing is sent to the network again",
        timeout=_INQUIRY,
        on_timeout="network-operator: ObserveServiceStatus, then complete or fail",
    ),
    Transition(
        c.ObserveServiceStatus,
        frozenset(ProvisioningState),
        PROVISIONING_ROLES | {"assurance"},
        (e.ServiceStatusObserved,),
        guards=("seen-by-now", "newer-than-the-last"),
        side_effects="a service that is down is held against the asset that is active (R270)",
    ),
)
