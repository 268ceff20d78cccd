"""The closed vocabularies of billing rows: what is expected, and what holding both sides together comes to."""

from __future__ import annotations

from enum import StrEnum


class Expectation(StrEnum):
    """What the order makes of billing on a day, first that holds."""

    NONE = "NONE"
    ENDED = "ENDED"
    NOT_YET = "NOT_YET"
    SUSPENDED = "SUSPENDED"
    ACTIVE = "ACTIVE"


class BillablePolicy(StrEnum):
    """Whether a component bills by itself, and if not why (R469, R470)."""

    BILLABLE = "BILLABLE"
    INTENT_DOES_NOT_BILL = "INTENT_DOES_NOT_BILL"
    BILLED_THROUGH_PARENT = "BILLED_THROUGH_PARENT"
    NOTHING_DONE = "NOTHING_DONE"


class Verdict(StrEnum):
    """What a billing row comes to; the first thirteen in order of precedence."""

    ORPHAN_CHARGE = "ORPHAN_CHARGE"
    DUPLICATE_CHARGE = "DUPLICATE_CHARGE"
    CHARGE_AFTER_TERMINATION = "CHARGE_AFTER_TERMINATION"
    UNDUE_CHARGE = "UNDUE_CHARGE"
    EARLY_START = "EARLY_START"
    MISSING_CHARGE = "MISSING_CHARGE"
    BASIS_MISMATCH = "BASIS_MISMATCH"
    LATE_START = "LATE_START"
    WAIVED = "WAIVED"
    NOT_BILLABLE = "NOT_BILLABLE"
    NOT_DUE = "NOT_DUE"
    MATCHED = "MATCHED"
    MATCHED_WITHIN_TOLERANCE = "MATCHED_WITHIN_TOLERANCE"
    AWAITING = "AWAITING"


MISMATCHES = frozenset(
    {
        Verdict.ORPHAN_CHARGE,
        Verdict.DUPLICATE_CHARGE,
        Verdict.CHARGE_AFTER_TERMINATION,
        Verdict.UNDUE_CHARGE,
        Verdict.EARLY_START,
        Verdict.MISSING_CHARGE,
        Verdict.BASIS_MISMATCH,
        Verdict.LATE_START,
    }
)
"""Verdicts somebody must do something about once they stand."""


class PastMark(StrEnum):
    """Why a mismatch is past: a later item took its place, or it ended and left days nobody put right."""

    SUPERSEDED = "SUPERSEDED"
    ENDED = "ENDED"
