"""The state of a ProvisioningRequest and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.model import Model
from domain.provisioning_request import events as e
from domain.provisioning_request.states import ObservationTrigger, Operation, ProvisioningState, ServiceStatus


@dataclass(frozen=True, slots=True)
class ProvisioningRequest:
    """A request as provisioning knows it.

    `seen_since_unknown` is what the network showed after the outcome had become unknown; None while nobody could see
    the service. `last_seen_at` is when it was looked at last.
    """

    provisioning_request_id: str
    version: int
    state: ProvisioningState
    order_id: str
    plan_id: str | None
    task_id: str
    item_id: str
    product_instance_id: str
    service_id: str
    operation: Operation
    attempt: int
    target_system: str
    configuration_fingerprint: str | None
    answer_due_at: datetime
    last_seen_at: datetime | None = None
    seen_since_unknown: ServiceStatus | None = None


def evolve(request: ProvisioningRequest | None, event: Model) -> ProvisioningRequest:
    """The request after an event."""
    if not isinstance(event, e.ProvisioningRequestEvent):
        message = f"{type(event).__name__} is no event of a ProvisioningRequest"
        raise TypeError(message)
    if request is None:
        return _begun(event)
    request = replace(request, version=event.version, attempt=event.attempt)
    match event:
        case e.ProvisioningStarted():
            return replace(
                request,
                state=ProvisioningState.IN_PROGRESS,
                answer_due_at=event.answer_due_at,
                seen_since_unknown=None,
            )
        case e.ProvisioningSucceeded():
            return replace(request, state=ProvisioningState.SUCCEEDED)
        case e.ProvisioningFailed():
            state = ProvisioningState.FAILED_RETRYABLE if event.retryable else ProvisioningState.FAILED
            return replace(request, state=state)
        case e.ServiceStatusObserved():
            return _observed(request, event)
        case _:
            return request


def _observed(request: ProvisioningRequest, event: e.ServiceStatusObserved) -> ProvisioningRequest:
    if event.trigger is ObservationTrigger.ANSWER_OVERDUE:
        return replace(request, state=ProvisioningState.OUTCOME_UNKNOWN, seen_since_unknown=None)
    request = replace(request, last_seen_at=event.observed_at)
    settles = (
        request.state is ProvisioningState.OUTCOME_UNKNOWN
        and event.service_status is not ServiceStatus.NOT_KNOWN
        and event.observed_at >= request.answer_due_at
    )
    return replace(request, seen_since_unknown=event.service_status) if settles else request


def _begun(event: e.ProvisioningRequestEvent) -> ProvisioningRequest:
    if not isinstance(event, e.ProvisioningStarted):
        message = f"the first event of {event.provisioning_request_id} is {type(event).__name__}"
        raise ValueError(message)
    return ProvisioningRequest(
        provisioning_request_id=event.provisioning_request_id,
        version=event.version,
        state=ProvisioningState.IN_PROGRESS,
        order_id=event.order_id,
        plan_id=event.plan_id,
        task_id=event.task_id,
        item_id=event.item_id,
        product_instance_id=event.product_instance_id,
        service_id=event.service_id,
        operation=event.operation,
        attempt=event.attempt,
        target_system=event.target_system,
        configuration_fingerprint=event.configuration_fingerprint,
        answer_due_at=event.answer_due_at,
    )
