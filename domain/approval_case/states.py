"""The closed vocabularies of an ApprovalCase."""

from __future__ import annotations

from enum import StrEnum


class ApprovalCaseState(StrEnum):
    """Where a case stands."""

    REQUESTED = "REQUESTED"
    ESCALATED = "ESCALATED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


OPEN_STATES = frozenset({ApprovalCaseState.REQUESTED, ApprovalCaseState.ESCALATED})
TERMINAL_STATES = frozenset(ApprovalCaseState) - OPEN_STATES
REPAIR_STATES = frozenset({ApprovalCaseState.ESCALATED})


class ApprovalOutcome(StrEnum):
    """What was decided."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class EscalationCause(StrEnum):
    """Why somebody with more authority is asked."""

    AUTHORITY_TOO_SMALL = "AUTHORITY_TOO_SMALL"
    NO_ANSWER = "NO_ANSWER"
    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"
