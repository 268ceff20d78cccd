"""The states and codes of a NonBillingReason."""

from __future__ import annotations

from enum import StrEnum


class NonBillingState(StrEnum):
    """Where a reason stands; only an approved one excuses a missing charge, and only in its validity window."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REVOKED = "REVOKED"


class NonBillingCode(StrEnum):
    """The reasons there are for not billing a delivered component (R238)."""

    INTERNAL_USE = "INTERNAL_USE"
    TRIAL = "TRIAL"
    FREE_PERIOD = "FREE_PERIOD"
    GOODWILL = "GOODWILL"
    BILLED_ELSEWHERE = "BILLED_ELSEWHERE"
    DISPUTE_SETTLEMENT = "DISPUTE_SETTLEMENT"
    REGULATION = "REGULATION"
