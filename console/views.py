"""What the API shows: each table with whose decisions it repeats, and what lists leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.fold.uses import Uses, uses_of
from domain.ownership.questions import ownership
from sinks import tables
from sinks.table import Table


@dataclass(frozen=True)
class View:
    """A table as it is shown. `aggregates` are those whose owners decide what it only repeats.

    `details` are columns for whoever looks at one row; a list of many has no room for them.
    """

    table: Table
    aggregates: tuple[str, ...]
    details: tuple[str, ...] = ()

    @property
    def uses(self) -> Uses:
        """What the view may be used for, and what must be asked of the owner (R225, R226)."""
        return uses_of(self.table.model.__name__)

    @property
    def owners(self) -> list[dict[str, str]]:
        """Who decides, and where the record is kept (R217)."""
        rows = [ownership(aggregate) for aggregate in self.aggregates]
        return [{"aggregate": row.aggregate, "system": row.owner, "record": row.record} for row in rows]

    @property
    def listed(self) -> tuple[str, ...]:
        """The columns of a list."""
        return tuple(c.name for c in self.table.columns if c.name not in self.details)


_DELIVERY = ("FulfillmentPlan", "Reservation", "ProvisioningRequest", "FalloutCase")
_MONEY = ("ProductOrder", "BillingHandoff", "Charge", "NonBillingReason")
_OFFER = ("Quote", "PriceCalculation", "ApprovalCase", "EvidencePackage")
_ANY = ("ProductOrder", "Quote", "Charge", "Asset")

ORDERS = View(
    tables.ORDER_STATE,
    ("ProductOrder",),
    details=("items", "version_gaps", "conflicting_versions", "derivation"),
)
_STATUS_OF: Mapping[str, tuple[str, ...]] = {
    "customer": ("ProductOrder",),
    "sales": ("ProductOrder", "Quote"),
    "support": ("ProductOrder", "FalloutCase"),
    "fulfillment": ("ProductOrder", *_DELIVERY),
    "finance": _MONEY,
    "compliance": ("ProductOrder", "Quote", "ApprovalCase", "EvidencePackage"),
}
_STATUS_DETAILS = (
    *("items", "timeline", "changes", "cancellations", "milestones", "derivation", "version_gaps"),
    *("conflicting_versions", "tasks", "decisions", "evidence"),
)
ORDER_STATUS: Mapping[str, View] = {
    audience: View(
        table,
        _STATUS_OF[audience],
        tuple(name for name in _STATUS_DETAILS if name in table.model.model_fields),
    )
    for audience, table in tables.ORDER_STATUS.items()
}
"""The status of an order, by audience."""
ORDER_TIMELINE = View(tables.ORDER_TIMELINE, ("ProductOrder", *_DELIVERY, "Charge"), details=("derivation",))
ORDER_REFERENCES = View(tables.ORDER_REFERENCES, ("ProductOrder",), details=("derivation",))
QUOTE_TIMELINE = View(tables.QUOTE_TIMELINE, _OFFER, details=("derivation",))
ACCOUNT_TIMELINE = View(tables.ACCOUNT_TIMELINE, ("Account", "Quote", "ProductOrder", "Charge"), ("derivation",))
FULFILLMENT_PLAN = View(tables.FULFILLMENT_PLAN, _DELIVERY[:3], details=("derivation",))
FALLOUT = View(tables.FALLOUT, ("FalloutCase", "ProductOrder"), details=("derivation",))
FULFILLMENT_EXCEPTIONS = View(tables.FULFILLMENT_EXCEPTIONS, _DELIVERY, details=("derivation",))
QUOTES = View(
    tables.QUOTE_VIEW,
    _OFFER,
    details=(
        *("conversion_failures", "orders", "approvals", "validations", "evidence", "calculations", "corrections"),
        "derivation",
    ),
)
PRICING_TRACE = View(tables.PRICING_TRACE, ("PriceCalculation",), details=("derivation",))
ACCOUNTS = View(tables.ACCOUNT_VIEW, ("Account",))
ACCOUNT_HOLDINGS = View(tables.ACCOUNT_HOLDINGS, ("Account", *_ANY), details=("derivation",))
BILLING_HANDOFFS = View(tables.BILLING_HANDOFF, _MONEY, details=("derivation",))
DRIFT = View(tables.DRIFT_FINDINGS, _ANY, details=("derivation",))
CASES = View(
    tables.RECONCILIATION_CASES,
    ("CaseDecision", *_ANY),
    details=("differences", "evidence", "history", "derivation"),
)
VIEWS: tuple[View, ...] = (
    *(
        ORDERS,
        *ORDER_STATUS.values(),
        ORDER_REFERENCES,
        ORDER_TIMELINE,
        QUOTE_TIMELINE,
        ACCOUNT_TIMELINE,
        FULFILLMENT_PLAN,
        FALLOUT,
    ),
    *(FULFILLMENT_EXCEPTIONS, QUOTES, PRICING_TRACE, ACCOUNTS, ACCOUNT_HOLDINGS, BILLING_HANDOFFS, DRIFT, CASES),
)
"""Every view there is."""
