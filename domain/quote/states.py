"""The closed vocabularies of a Quote (R165)."""

from __future__ import annotations

from enum import StrEnum


class QuoteState(StrEnum):
    """State of the newest revision of a quote."""

    DRAFT = "Draft"
    CONFIGURED = "Configured"
    PRICED = "Priced"
    VALIDATED = "Validated"
    INVALID = "Invalid"
    IN_REVIEW = "InReview"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    PRESENTED = "Presented"
    ACCEPTED = "Accepted"
    CONVERTED = "Converted"
    EXPIRED = "Expired"
    CANCELLED = "Cancelled"
    SUPERSEDED = "Superseded"


EDITABLE_STATES = frozenset(
    {QuoteState.DRAFT, QuoteState.CONFIGURED, QuoteState.PRICED, QuoteState.VALIDATED, QuoteState.INVALID}
)
"""States in which the revision is still being made."""
OPEN_STATES = EDITABLE_STATES | {
    QuoteState.IN_REVIEW,
    QuoteState.APPROVED,
    QuoteState.REJECTED,
    QuoteState.PRESENTED,
}
"""States in which nobody has said yes yet."""
SETTLED_STATES = frozenset({QuoteState.IN_REVIEW, QuoteState.APPROVED, QuoteState.PRESENTED})
"""States in which somebody relies on the price: it may be calculated again, and must come out the same (R287)."""
COMMITTED_STATES = frozenset({QuoteState.ACCEPTED, QuoteState.CONVERTED})
"""States in which content changes by corrections and new revisions alone (R290)."""
TERMINAL_STATES = frozenset({QuoteState.CONVERTED, QuoteState.EXPIRED, QuoteState.CANCELLED, QuoteState.SUPERSEDED})
REPAIR_STATES = frozenset({QuoteState.INVALID, QuoteState.REJECTED})


class CheckResult(StrEnum):
    """What a check of a line came to."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_CHECKED = "NOT_CHECKED"


class CorrectionStatus(StrEnum):
    """How far a correction has come."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    APPLIED = "APPLIED"
