"""The facts a ProvisioningRequest publishes on `provisioning.results.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.event import OwnerEvent
from domain.model import Doc
from domain.provisioning_request.states import ObservationTrigger, Operation, ProvisioningState, ServiceStatus

OWNER = "provisioning"
AGGREGATE = "ProvisioningRequest"


class ProvisioningRequestEvent(OwnerEvent):
    """What every ProvisioningRequest event carries; none of it is a state of the order (R169)."""

    provisioning_request_id: Annotated[str, Doc("Identity of the request.")]
    state: Annotated[ProvisioningState, Doc("State of the technical change after this event.")]
    from_state: Annotated[ProvisioningState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[ProvisioningState | None, Doc("State it entered; null when the state stayed.")] = None
    order_id: Annotated[str, Doc("Order the change is for.")]
    plan_id: Annotated[str | None, Doc("Fulfillment plan of the task; null when the requester named none.")] = None
    task_id: Annotated[str, Doc("Fulfillment task whose technical result this is.")]
    item_id: Annotated[str, Doc("Order item concerned.")]
    product_instance_id: Annotated[str, Doc("Installed product the service belongs to.")]
    service_id: Annotated[str, Doc("The service as the network knows it.")]
    operation: Annotated[Operation, Doc("What is done to the service.")]
    attempt: Annotated[int, Doc("Which try this is or belongs to, from 1.")]


class ProvisioningStarted(ProvisioningRequestEvent):
    """The network was told to change the service."""

    target_system: Annotated[str, Doc("System that carries the change out.")]
    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of what is to be configured (R96).")] = None
    answer_due_at: Annotated[datetime, Doc("When the outcome counts as unknown if no answer came.")]


class ProvisioningSucceeded(ProvisioningRequestEvent):
    """The service is as it was asked for; the order is not closed by this (R169)."""

    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of what was configured (R96).")] = None
    service_activation_date: Annotated[
        datetime | None, Doc("When the service went live (R275); null when the operation brought none up.")
    ] = None


class ProvisioningFailed(ProvisioningRequestEvent):
    """The service is not as it was asked for."""

    failure_code: Annotated[str, Doc("Stable code of the failure.")]
    retryable: Annotated[bool, Doc("Whether the same change may be tried again.")]
    partially_applied: Annotated[bool, Doc("Whether something took effect and is to be taken back.")]


class ServiceStatusObserved(ProvisioningRequestEvent):
    """Somebody looked at the service in the network (R270)."""

    service_status: Annotated[ServiceStatus, Doc("What was seen.")]
    observed_at: Annotated[datetime, Doc("When it was seen.")]
    trigger: Annotated[ObservationTrigger, Doc("Why somebody looked.")]


EVENTS: tuple[type[ProvisioningRequestEvent], ...] = (
    ProvisioningStarted,
    ProvisioningSucceeded,
    ProvisioningFailed,
    ServiceStatusObserved,
)
