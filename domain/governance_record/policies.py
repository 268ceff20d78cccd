"""The kinds of governed change and what must be done before each takes effect (R495, R496, R506-R508)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class PolicyKind(StrEnum):
    """What is changed."""

    OFFERING = "OFFERING"
    PRICE_BOOK = "PRICE_BOOK"
    DISCOUNT = "DISCOUNT"
    PROMOTION = "PROMOTION"
    APPROVAL_MATRIX = "APPROVAL_MATRIX"
    WORKFLOW = "WORKFLOW"
    BILLING_MAPPING = "BILLING_MAPPING"
    INTEGRATION_CONTRACT = "INTEGRATION_CONTRACT"
    DATA_CORRECTION = "DATA_CORRECTION"
    RELEASE = "RELEASE"


POLICY_CHECKS: Mapping[PolicyKind, frozenset[str]] = {
    PolicyKind.OFFERING: frozenset({"product-approval", "catalog-tests", "sales-ready", "fulfillment-ready"}),
    PolicyKind.PRICE_BOOK: frozenset(
        {"finance-sign-off", "currency-and-scope", "simulation", "impact-on-quotes", "impact-on-promotions", "rollback"}
    ),
    PolicyKind.DISCOUNT: frozenset({"revenue-review", "thresholds", "audit-impact"}),
    PolicyKind.PROMOTION: frozenset({"eligibility", "stacking", "budget", "legal", "end-date", "monitoring"}),
    PolicyKind.APPROVAL_MATRIX: frozenset({"delegation", "segregation-of-duties", "thresholds", "fallback-approver"}),
    PolicyKind.WORKFLOW: frozenset({"operations-ready", "compensation", "runbook"}),
    PolicyKind.BILLING_MAPPING: frozenset({"finance-validation", "reconciliation", "migration-plan"}),
    PolicyKind.INTEGRATION_CONTRACT: frozenset({"consumer-impact", "versioning", "contract-tests"}),
    PolicyKind.DATA_CORRECTION: frozenset({"evidence", "reconciliation", "downstream-told"}),
    PolicyKind.RELEASE: frozenset(
        {
            "catalog-approved",
            "pricing-golden-tests",
            "quote-validation-scenarios",
            "approval-routing-preview",
            "proposal-template",
            "conversion-tested",
            "billing-handoff-tested",
            "decomposition-tested",
            "reconciliation-report",
            "dashboards",
            "support-runbook",
            "rollback",
            "audit-evidence",
            "business-sign-off",
        }
    ),
}
"""Checks without which a change of the kind does not take effect; approval by another goes without saying."""
