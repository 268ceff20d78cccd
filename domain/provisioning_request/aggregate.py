"""ProvisioningRequest: commands in, events out; the technical result and nothing else (R169)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from domain.aggregate import AggregateType
from domain.command import Command
from domain.machine import Draft, Machine, claims
from domain.provisioning_request import commands as c
from domain.provisioning_request import events as e
from domain.provisioning_request.guards import CREATION_GUARDS, GUARDS, TIMED_GUARDS
from domain.provisioning_request.machine import ROWS
from domain.provisioning_request.request import ProvisioningRequest, evolve
from domain.provisioning_request.states import (
    REPAIR_STATES,
    TERMINAL_STATES,
    ObservationTrigger,
    ProvisioningState,
    ServiceStatus,
)

POLICY_VERSION = "provisioning-request.v1"


def _identity(request: ProvisioningRequest | None, command: Command) -> dict[str, Any]:
    source = request or cast("c.StartProvisioning", command)
    attempt = request.attempt if request else 1
    return {
        "provisioning_request_id": command.aggregate_id,
        "order_id": source.order_id,
        "plan_id": source.plan_id,
        "task_id": source.task_id,
        "item_id": source.item_id,
        "product_instance_id": source.product_instance_id,
        "service_id": source.service_id,
        "operation": source.operation,
        "attempt": attempt + 1 if isinstance(command, c.RetryProvisioning) else attempt,
    }


def _started(request: ProvisioningRequest | None, command: c.StartProvisioning | c.RetryProvisioning) -> list[Draft]:
    source = request or cast("c.StartProvisioning", command)
    fields = {
        "target_system": source.target_system,
        "configuration_fingerprint": source.configuration_fingerprint,
        "answer_due_at": command.answer_due_at,
    }
    return [Draft(e.ProvisioningStarted, fields)]


def _succeeded(request: ProvisioningRequest, command: c.CompleteProvisioning) -> list[Draft]:
    fields = {
        "configuration_fingerprint": request.configuration_fingerprint,
        "service_activation_date": command.service_activation_date,
    }
    return [Draft(e.ProvisioningSucceeded, fields)]


def _failed(_: ProvisioningRequest, command: c.FailProvisioning) -> list[Draft]:
    fields = {
        "failure_code": command.failure_code,
        "retryable": command.retryable,
        "partially_applied": command.partially_applied,
    }
    return [Draft(e.ProvisioningFailed, fields)]


def _seen(status: ServiceStatus, trigger: ObservationTrigger, observed_at: object) -> list[Draft]:
    fields = {"service_status": status, "trigger": trigger, "observed_at": observed_at}
    return [Draft(e.ServiceStatusObserved, fields)]


def _overdue(request: ProvisioningRequest, _: Command) -> list[Draft]:
    return _seen(ServiceStatus.NOT_KNOWN, ObservationTrigger.ANSWER_OVERDUE, request.answer_due_at)


def _observed(request: ProvisioningRequest, command: c.ObserveServiceStatus) -> list[Draft]:
    asked = request.state is ProvisioningState.OUTCOME_UNKNOWN
    trigger = ObservationTrigger.INQUIRY if asked else ObservationTrigger.ROUTINE
    return _seen(command.service_status, trigger, command.observed_at)


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "StartProvisioning": _started,
    "RetryProvisioning": _started,
    "CompleteProvisioning": _succeeded,
    "FailProvisioning": _failed,
    "ReportProvisioningOverdue": _overdue,
    "ObserveServiceStatus": _observed,
}

MACHINE: Machine[ProvisioningRequest, e.ProvisioningRequestEvent] = Machine(
    noun="provisioning request",
    code="PROVISIONING",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=ProvisioningState.IN_PROGRESS,
    terminal=TERMINAL_STATES,
    repair=REPAIR_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

PROVISIONING_REQUEST: AggregateType[ProvisioningRequest] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
