"""Who may decide what about a case (R503, R510)."""

from __future__ import annotations

WORKING_ROLES = frozenset(
    {
        "reconciliation-analyst",
        "billing-operator",
        "order-manager",
        "inventory-operator",
        "catalog-manager",
        "sales-ops",
    }
)
"""Those who work on cases: they propose and request."""

APPROVING_ROLES = frozenset({"reconciliation-supervisor", "billing-supervisor", "finance-approver"})
"""Those who answer for what is closed; they may work on cases as well, on others than they approve."""

ALL_ROLES = WORKING_ROLES | APPROVING_ROLES
