"""The closed vocabularies of a CaseDecision."""

from __future__ import annotations

from enum import StrEnum


class DecisionState(StrEnum):
    """What was decided last; where the case stands is derived from this and from the truth (`domain/case`)."""

    ASSIGNED = "ASSIGNED"
    ESCALATED = "ESCALATED"
    PENDING_RESOLUTION = "PENDING_RESOLUTION"
    RESOLVED = "RESOLVED"
    WAIVER_REQUESTED = "WAIVER_REQUESTED"
    WAIVED = "WAIVED"
    REOPENED = "REOPENED"


class ResolutionKind(StrEnum):
    """How a mismatch was done away with (R497-R502); what is corrected is told by the owner's own events."""

    DISPLAY_CORRECTION = "DISPLAY_CORRECTION"
    OPERATIONAL_CORRECTION = "OPERATIONAL_CORRECTION"
    COMMERCIAL_CORRECTION = "COMMERCIAL_CORRECTION"
    FINANCIAL_ADJUSTMENT = "FINANCIAL_ADJUSTMENT"
    IDENTITY_CORRECTION = "IDENTITY_CORRECTION"
    HISTORICAL_NOTE = "HISTORICAL_NOTE"
    ACCEPTED_AS_IS = "ACCEPTED_AS_IS"


WORKED_ON = frozenset({DecisionState.ASSIGNED, DecisionState.ESCALATED})
"""Somebody is to do something about it."""

WAITING = frozenset({DecisionState.PENDING_RESOLUTION, DecisionState.WAIVER_REQUESTED})
"""Somebody else is to say yes or no."""

CLOSED = frozenset({DecisionState.RESOLVED, DecisionState.WAIVED})
"""People hold it for done; the truth may open it again."""
