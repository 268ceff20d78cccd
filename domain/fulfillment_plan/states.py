"""The closed vocabularies of plans and tasks (R163, R164, R167, R184)."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    """State of one task; UNKNOWN is neither success nor failure (R163, R298)."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    COMPENSATED = "COMPENSATED"


class PlanState(StrEnum):
    """State of a plan, always found from its tasks; it says nothing of the order's state (R167, R169, R184)."""

    PLANNED = "PLANNED"
    IN_PROGRESS = "IN_PROGRESS"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    BLOCKED = "BLOCKED"
    COMPENSATING = "COMPENSATING"
    COMPLETED = "COMPLETED"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    COMPENSATED = "COMPENSATED"


TERMINAL_PLAN_STATES = frozenset({PlanState.COMPLETED, PlanState.PARTIALLY_FULFILLED, PlanState.COMPENSATED})
REPAIR_PLAN_STATES = frozenset({PlanState.OUTCOME_UNKNOWN, PlanState.BLOCKED})


class TaskKind(StrEnum):
    """What a task does."""

    AUTHORIZE_PAYMENT = "AUTHORIZE_PAYMENT"
    CHECK_SERVICEABILITY = "CHECK_SERVICEABILITY"
    RESERVE_RESOURCE = "RESERVE_RESOURCE"
    RELEASE_RESOURCE = "RELEASE_RESOURCE"
    SHIP_EQUIPMENT = "SHIP_EQUIPMENT"
    SCHEDULE_VISIT = "SCHEDULE_VISIT"
    PROVISION_SERVICE = "PROVISION_SERVICE"
    CHANGE_SERVICE = "CHANGE_SERVICE"
    SUSPEND_SERVICE = "SUSPEND_SERVICE"
    RESUME_SERVICE = "RESUME_SERVICE"
    EXTEND_TERM = "EXTEND_TERM"
    TERMINATE_SERVICE = "TERMINATE_SERVICE"
    UPDATE_ASSET = "UPDATE_ASSET"
    REQUEST_BILLING = "REQUEST_BILLING"


class TaskCutoff(StrEnum):
    """From when on a task keeps its item from being cancelled (R299)."""

    ON_START = "ON_START"
    NEVER = "NEVER"


class Compensation(StrEnum):
    """How a task was taken back: before it did anything, or by undoing what it did (R157, R405)."""

    WITHDRAWN = "WITHDRAWN"
    UNDONE = "UNDONE"


class ObservedOutcome(StrEnum):
    """What a look at the executing system showed (R259)."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
