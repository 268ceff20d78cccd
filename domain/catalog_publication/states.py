"""Where a publication can stand, and what a change of it needs (R160, R506)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class PublicationState(StrEnum):
    """State of a publication; RETIRED when its last offering was."""

    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


TERMINAL_STATES = frozenset({PublicationState.RETIRED})


class ChangeType(StrEnum):
    """What a publication changes against the one before; each kind is governed in its own way (R506)."""

    OFFERING = "OFFERING"
    PRICE_BOOK = "PRICE_BOOK"
    DISCOUNT_POLICY = "DISCOUNT_POLICY"
    PROMOTION = "PROMOTION"
    APPROVAL_MATRIX = "APPROVAL_MATRIX"
    DISPLAY = "DISPLAY"


class SignOffKind(StrEnum):
    """What somebody answers for before a change is published."""

    PRODUCT_APPROVAL = "PRODUCT_APPROVAL"
    CATALOG_QUALITY = "CATALOG_QUALITY"
    SALES_ENABLEMENT = "SALES_ENABLEMENT"
    FULFILLMENT_READINESS = "FULFILLMENT_READINESS"
    FINANCE_APPROVAL = "FINANCE_APPROVAL"
    MARGIN_ANALYSIS = "MARGIN_ANALYSIS"
    ROLLBACK_PLAN = "ROLLBACK_PLAN"
    REVENUE_GOVERNANCE = "REVENUE_GOVERNANCE"
    THRESHOLD_REVIEW = "THRESHOLD_REVIEW"
    AUDIT_IMPACT = "AUDIT_IMPACT"
    ELIGIBILITY_AND_STACKING = "ELIGIBILITY_AND_STACKING"
    BUDGET = "BUDGET"
    LEGAL = "LEGAL"
    EXPIRY_AND_MONITORING = "EXPIRY_AND_MONITORING"
    DELEGATION_AND_FALLBACK = "DELEGATION_AND_FALLBACK"
    SEGREGATION_OF_DUTIES = "SEGREGATION_OF_DUTIES"


K = SignOffKind
SIGN_OFFS: Mapping[ChangeType, frozenset[SignOffKind]] = {
    ChangeType.OFFERING: frozenset(
        {K.PRODUCT_APPROVAL, K.CATALOG_QUALITY, K.SALES_ENABLEMENT, K.FULFILLMENT_READINESS}
    ),
    ChangeType.PRICE_BOOK: frozenset({K.FINANCE_APPROVAL, K.MARGIN_ANALYSIS, K.ROLLBACK_PLAN}),
    ChangeType.DISCOUNT_POLICY: frozenset({K.REVENUE_GOVERNANCE, K.THRESHOLD_REVIEW, K.AUDIT_IMPACT}),
    ChangeType.PROMOTION: frozenset({K.ELIGIBILITY_AND_STACKING, K.BUDGET, K.LEGAL, K.EXPIRY_AND_MONITORING}),
    ChangeType.APPROVAL_MATRIX: frozenset({K.DELEGATION_AND_FALLBACK, K.SEGREGATION_OF_DUTIES, K.THRESHOLD_REVIEW}),
    ChangeType.DISPLAY: frozenset({K.CATALOG_QUALITY}),
}
"""What each kind of change needs (R506); a correction of what is displayed is the lightest (R497)."""


def required_sign_offs(changes: Iterable[ChangeType]) -> frozenset[SignOffKind]:
    """What a publication with these changes needs (R506)."""
    return frozenset[SignOffKind]().union(*(SIGN_OFFS[change] for change in changes))


class BundleRuleKind(StrEnum):
    """What a bundle rule demands (R281).

    MANDATORY: the member is there. CARDINALITY: when it is there, so many of it. DEPENDENCY: when it is there, so are
    all others named. EXCLUSION: when it is there, none of the others is. COMPATIBILITY: when it is there, no other
    member is there but those named.
    """

    MANDATORY = "MANDATORY"
    CARDINALITY = "CARDINALITY"
    DEPENDENCY = "DEPENDENCY"
    EXCLUSION = "EXCLUSION"
    COMPATIBILITY = "COMPATIBILITY"
