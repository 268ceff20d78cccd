"""The closed vocabularies of a case."""

from __future__ import annotations

from enum import StrEnum


class CaseStatus(StrEnum):
    """Where a case stands."""

    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    ESCALATED = "ESCALATED"
    PENDING_RESOLUTION = "PENDING_RESOLUTION"
    WAIVER_REQUESTED = "WAIVER_REQUESTED"
    RESOLVED = "RESOLVED"
    WAIVED = "WAIVED"
    CONVERGED = "CONVERGED"


CLOSED = frozenset({CaseStatus.RESOLVED, CaseStatus.WAIVED, CaseStatus.CONVERGED})
"""Nobody has anything to do."""
AT_WORK = frozenset({CaseStatus.ASSIGNED, CaseStatus.ESCALATED})
"""Somebody is to do something about it."""
UNANSWERED = frozenset({CaseStatus.PENDING_RESOLUTION, CaseStatus.WAIVER_REQUESTED})
"""Somebody else is to say yes or no."""
OPEN = frozenset(CaseStatus) - CLOSED


class Severity(StrEnum):
    """How urgent a case is, the most urgent first (R241)."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"

    @property
    def rank(self) -> int:
        """0 for the most urgent."""
        return _RANKS[self]


_RANKS = {severity: number for number, severity in enumerate(Severity)}


class AgingBucket(StrEnum):
    """How long a case has been open (R342)."""

    UNDER_24_H = "UNDER_24_H"
    UNDER_72_H = "UNDER_72_H"
    UNDER_120_H = "UNDER_120_H"
    UNDER_168_H = "UNDER_168_H"
    OVER_168_H = "OVER_168_H"


class Happening(StrEnum):
    """What a case's history can tell of; decisions are told by the names of their events."""

    OPENED = "OPENED"
    REOPENED = "REOPENED"
    CAME_BACK = "CAME_BACK"
    CEASED = "CEASED"
    CONVERGED = "CONVERGED"
    STILL_STANDS = "STILL_STANDS"
    WAIVER_ENDED = "WAIVER_ENDED"
    WAIVER_LAPSED = "WAIVER_LAPSED"
    SLA_MISSED = "SLA_MISSED"
    SEVERITY_CHANGED = "SEVERITY_CHANGED"
    VERDICT_CHANGED = "VERDICT_CHANGED"
    DECISION_REFUSED = "DECISION_REFUSED"
