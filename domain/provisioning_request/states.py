"""Where a provisioning request can stand, and what can be seen of its service (R160-R163, R169)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ProvisioningState(StrEnum):
    """State of the technical change, which says nothing of the order (R169).

    OUTCOME_UNKNOWN is neither success nor failure (R298).
    """

    IN_PROGRESS = "IN_PROGRESS"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    SUCCEEDED = "SUCCEEDED"
    FAILED_RETRYABLE = "FAILED_RETRYABLE"
    FAILED = "FAILED"


TERMINAL_STATES = frozenset({ProvisioningState.SUCCEEDED, ProvisioningState.FAILED})
REPAIR_STATES = frozenset({ProvisioningState.OUTCOME_UNKNOWN, ProvisioningState.FAILED_RETRYABLE})


class Operation(StrEnum):
    """What is done to the service."""

    ACTIVATE = "ACTIVATE"
    MODIFY = "MODIFY"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    DEACTIVATE = "DEACTIVATE"


class ServiceStatus(StrEnum):
    """What the network shows of a service (R270); NOT_KNOWN when nobody could see it."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    SUSPENDED = "SUSPENDED"
    ABSENT = "ABSENT"
    NOT_KNOWN = "NOT_KNOWN"


class ObservationTrigger(StrEnum):
    """Why somebody looked."""

    ROUTINE = "ROUTINE"
    ANSWER_OVERDUE = "ANSWER_OVERDUE"
    INQUIRY = "INQUIRY"


_RUNNING = frozenset({ServiceStatus.UP, ServiceStatus.DEGRADED})
SHOWN_AFTER: Mapping[Operation, frozenset[ServiceStatus]] = {
    Operation.ACTIVATE: _RUNNING,
    Operation.MODIFY: _RUNNING,
    Operation.SUSPEND: frozenset({ServiceStatus.SUSPENDED}),
    Operation.RESUME: _RUNNING,
    Operation.DEACTIVATE: frozenset({ServiceStatus.ABSENT}),
}
"""What the network shows once an operation has succeeded."""
