"""Where facts pass from one owner to another, what must survive that, and who decides what (R173, R316, R492)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Boundary:
    """A versioned contract between owners: who offers it to whom, and the aggregates whose facts it consists of."""

    name: str
    owner: str
    consumers: tuple[str, ...]
    version: int
    contract: str
    aggregates: tuple[str, ...]


BOUNDARIES: tuple[Boundary, ...] = (
    Boundary("catalog-to-cpq", "catalog", ("cpq",), 1, "offerings for sale", ("CatalogPublication",)),
    Boundary("cpq-to-pricing", "cpq", ("cpq",), 1, "price asked for and calculated", ("PriceCalculation",)),
    Boundary("cpq-to-oms", "cpq", ("oms",), 1, "accepted quote to be ordered", ("Quote", "ApprovalCase")),
    Boundary(
        "oms-to-fulfillment",
        "oms",
        ("fulfillment", "provisioning", "inventory"),
        1,
        "items to be carried out",
        ("ProductOrder",),
    ),
    Boundary("oms-to-billing", "oms", ("billing",), 1, "components to be charged", ("BillingHandoff",)),
    Boundary(
        "billing-to-warehouse", "billing", ("erp", "warehouse"), 1, "financial facts", ("Charge", "NonBillingReason")
    ),
    Boundary(
        "all-to-audit",
        "evidence",
        ("compliance",),
        1,
        "evidence and governed decisions",
        ("EvidencePackage", "GovernanceRecord"),
    ),
)
"""The seven contracts between the domains (R492)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A step of the lifecycle, and what must come out of it as it went in (R173)."""

    source: str
    target: str
    preserves: tuple[str, ...]


PASSAGES: tuple[Passage, ...] = (
    Passage("catalog", "quote", ("offering", "rules", "effective date")),
    Passage("pricing", "quote", ("price", "trace", "currency", "rounding", "basis of discounts")),
    Passage("quote", "approval", ("what breaks the policy", "reason", "the very content that is approved")),
    Passage("approval", "contract", ("approved version", "terms the customer sees")),
    Passage("contract", "order", ("accepted commitment", "what is to be done")),
    Passage("order", "fulfillment", ("decomposition rules", "dependencies")),
    Passage("fulfillment", "asset", ("what was really built", "identity of the product instance")),
    Passage("asset", "billing", ("whether it is chargeable", "effective dates")),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A kind of decision, the one system that takes it, and those that must not (R316)."""

    question: str
    decided_by: str
    never_by: tuple[str, ...]


DECISIONS: tuple[Decision, ...] = (
    Decision("may this customer buy this offering", "cpq", ("crm",)),
    Decision("what does a quoted line cost", "cpq", ("oms", "billing")),
    Decision("may this quote become an order", "cpq", ("oms",)),
    Decision("which tasks does an item need", "oms", ("cpq", "provisioning")),
    Decision("is a resource available", "inventory", ("oms",)),
    Decision("is a service up", "provisioning", ("cpq",)),
    Decision("is a charge to be made", "billing", ("oms",)),
    Decision("which legal entity books the revenue", "erp", ("cpq", "oms")),
)
"""One authority for each kind of decision (R316)."""
