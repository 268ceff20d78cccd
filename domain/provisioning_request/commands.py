"""What may be asked of a ProvisioningRequest: business transitions, never field updates (R67)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.provisioning_request.states import Operation, ServiceStatus

Named = Annotated[str, Field(min_length=1)]


class StartProvisioning(Command):
    """Tell the network to change a service, on behalf of a fulfillment task."""

    order_id: str
    plan_id: str | None = None
    task_id: Named
    item_id: Named
    product_instance_id: Named
    service_id: Named
    operation: Operation
    target_system: Named
    configuration_fingerprint: str | None = None
    answer_due_at: AwareDatetime


class RetryProvisioning(Command):
    """Tell the network again what failed and may be tried again."""

    answer_due_at: AwareDatetime


class CompleteProvisioning(Command):
    """Record that the service is as it was asked for."""

    service_activation_date: AwareDatetime | None = None


class FailProvisioning(Command):
    """Record that the service is not as it was asked for."""

    failure_code: Named
    retryable: bool = False
    partially_applied: bool = False


class ReportProvisioningOverdue(Command):
    """Record that no answer came in time: nobody knows the outcome until somebody looks."""


class ObserveServiceStatus(Command):
    """Record what the network shows of the service."""

    service_status: ServiceStatus
    observed_at: AwareDatetime
