"""The conditions the rows of a ProvisioningRequest name (R154)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.command import Command
from domain.conditions import not_ahead, same_tenant, still_ahead
from domain.errors import Refusal
from domain.provisioning_request import commands as c
from domain.provisioning_request.request import ProvisioningRequest
from domain.provisioning_request.states import SHOWN_AFTER, Operation, ProvisioningState

ATTEMPTS_MAX = 5

_BRINGS_UP = frozenset({Operation.ACTIVATE, Operation.MODIFY, Operation.RESUME})


def tries_left(request: ProvisioningRequest, command: Command) -> None:
    """Tries are bounded (R159)."""
    if request.attempt >= ATTEMPTS_MAX:
        message = f"Provisioning {command.aggregate_id} was tried {request.attempt} times."
        raise Refusal("POLICY_TRIES_EXHAUSTED", message, remediation="Raise a fallout for a person to mend.")


def success_seen(request: ProvisioningRequest, command: Command) -> None:
    """An unknown outcome becomes a success only when the network shows it (R163, R298)."""
    outcome_seen(request, command)
    wanted = SHOWN_AFTER[request.operation]
    if request.state is ProvisioningState.OUTCOME_UNKNOWN and request.seen_since_unknown not in wanted:
        message = (
            f"Service {request.service_id} is {request.seen_since_unknown}; {request.operation} has not succeeded."
        )
        raise Refusal("STATE_OUTCOME_CONTRADICTED", message, remediation="Fail the request, or look again.")


def outcome_seen(request: ProvisioningRequest, command: Command) -> None:
    """What is unknown stays so until somebody has looked (R163, R298)."""
    if request.state is ProvisioningState.OUTCOME_UNKNOWN and request.seen_since_unknown is None:
        message = f"Nobody has seen service {request.service_id} since the answer to {command.aggregate_id} was due."
        raise Refusal("STATE_OUTCOME_NOT_OBSERVED", message, remediation="Observe the service status first.")


def activation_dated(request: ProvisioningRequest, command: c.CompleteProvisioning) -> None:
    """Billing rests on when a service went live, so an activation says it, and an end does not (R275)."""
    date = command.service_activation_date
    if date is None and request.operation is Operation.ACTIVATE:
        message = f"Provisioning {command.aggregate_id} brought service {request.service_id} up without saying when."
        raise Refusal("STRUCTURAL_ACTIVATION_DATE", message, remediation="Send a serviceActivationDate.")
    if date is not None and request.operation not in _BRINGS_UP:
        message = f"Provisioning {command.aggregate_id} is a {request.operation}; no service went live."
        raise Refusal("STRUCTURAL_ACTIVATION_DATE", message, remediation="Leave the serviceActivationDate out.")


def newer_than_the_last(request: ProvisioningRequest, command: c.ObserveServiceStatus) -> None:
    """What was seen earlier does not replace what was seen later."""
    if request.last_seen_at is not None and command.observed_at < request.last_seen_at:
        message = f"Service {request.service_id} was seen at {request.last_seen_at.isoformat()} already."
        raise Refusal("CONFLICT_OBSERVATION_OLDER", message, remediation="Drop it; the newer one stands.")


def _tenant(command: c.StartProvisioning) -> None:
    same_tenant(command, orderId=command.order_id, planId=command.plan_id)


def _answer_due_later(_: object, command: c.StartProvisioning | c.RetryProvisioning, now: datetime) -> None:
    still_ahead(command, "answerDueAt", command.answer_due_at, now)


def _answer_overdue(request: ProvisioningRequest | None, command: Command, now: datetime) -> None:
    """An outcome is unknown once the answer is late, and not before (R158)."""
    if request is not None and now < request.answer_due_at:
        message = f"The answer to provisioning {command.aggregate_id} is due at {request.answer_due_at.isoformat()}."
        raise Refusal("STATE_ANSWER_NOT_DUE", message, remediation="Wait until then.")


def _activated_by_now(_: object, command: c.CompleteProvisioning, now: datetime) -> None:
    not_ahead(command, "serviceActivationDate", command.service_activation_date, now)


def _seen_by_now(_: object, command: c.ObserveServiceStatus, now: datetime) -> None:
    not_ahead(command, "observedAt", command.observed_at, now)


GUARDS: Mapping[str, Callable[[ProvisioningRequest, Any], None]] = {
    "tries-left": tries_left,
    "success-seen": success_seen,
    "outcome-seen": outcome_seen,
    "activation-dated": activation_dated,
    "newer-than-the-last": newer_than_the_last,
}
CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {"same-tenant": _tenant}
TIMED_GUARDS: Mapping[str, Callable[[ProvisioningRequest | None, Any, datetime], None]] = {
    "answer-due-later": _answer_due_later,
    "answer-overdue": _answer_overdue,
    "activated-by-now": _activated_by_now,
    "seen-by-now": _seen_by_now,
}
