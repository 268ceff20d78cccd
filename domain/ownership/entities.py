"""The entities of the business, who owns each, and through which aggregate it is published (R490, R512)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """A business entity: its owner, the aggregate that tells of it, who reads it, and how it is changed.

    `aggregate` is null for what is owned outside. Record, correction path and reconciliation are those of the
    aggregate's row. `snapshot` says what a commitment keeps of it; empty when it keeps a reference only.
    """

    name: str
    owner: str
    aggregate: str | None
    consumers: tuple[str, ...]
    changed_by: str
    snapshot: str


ENTITIES: tuple[Entity, ...] = (
    Entity(
        "product offering",
        "catalog",
        "CatalogPublication",
        ("cpq", "oms", "crm", "online-shop"),
        "authoring and publication",
        "in quote and order",
    ),
    Entity(
        "product specification",
        "catalog",
        "CatalogPublication",
        ("catalog", "fulfillment"),
        "product governance",
        "where it changes how an order is read",
    ),
    Entity(
        "price book",
        "catalog",
        "CatalogPublication",
        ("cpq", "billing", "erp"),
        "price governance",
        "in quote and order",
    ),
    Entity(
        "promotion", "catalog", "CatalogPublication", ("cpq", "online-shop", "billing"), "campaign", "where applied"
    ),
    Entity(
        "customer", "crm", "Account", ("cpq", "oms", "billing", "agent-desktop"), "customer workflow", "chosen fields"
    ),
    Entity(
        "account hierarchy",
        "crm",
        "Account",
        ("cpq", "billing", "warehouse"),
        "account workflow",
        "for approval and billing",
    ),
    Entity("quote", "cpq", "Quote", ("crm", "oms", "clm"), "quote commands", "itself"),
    Entity(
        "price trace", "cpq", "PriceCalculation", ("evidence", "erp", "agent-desktop"), "calculation", "unchangeable"
    ),
    Entity("approval decision", "cpq", "ApprovalCase", ("cpq", "evidence", "erp"), "approval workflow", "unchangeable"),
    Entity(
        "accepted proposal", "evidence", "EvidencePackage", ("legal", "customer"), "document and signature", "its hash"
    ),
    Entity(
        "product order", "oms", "ProductOrder", ("fulfillment", "billing", "agent-desktop"), "order commands", "itself"
    ),
    Entity(
        "fulfillment plan", "fulfillment", "FulfillmentPlan", ("oms", "provisioning"), "decomposition", "as executed"
    ),
    Entity("service order", "provisioning", "ProvisioningRequest", ("fulfillment",), "service commands", "as sent"),
    Entity(
        "installed product",
        "inventory",
        "Asset",
        ("cpq", "oms", "billing", "agent-desktop"),
        "completed items and change orders",
        "now and before",
    ),
    Entity("subscription", "billing", "Charge", ("erp", "cpq", "agent-desktop"), "charge commands", "as charged"),
    Entity("invoice", "billing", "Charge", ("customer", "erp"), "invoicing", "the financial document"),
)
"""The sixteen entities of the matrix (R490)."""


@dataclass(frozen=True, slots=True)
class RecordRoles:
    """The systems of record, engagement and reference of an entity (R512)."""

    entity: str
    record: str
    engagement: tuple[str, ...]
    reference: tuple[str, ...]
    aggregate: str | None = None


RECORD_ROLES: tuple[RecordRoles, ...] = (
    RecordRoles("customer and account", "crm", ("self-service-portal", "agent-desktop"), ("billing", "oms"), "Account"),
    RecordRoles(
        "product catalog", "catalog", ("catalog-design-tool",), ("cpq", "online-shop", "billing"), "CatalogPublication"
    ),
    RecordRoles("product inventory", "inventory", ("agent-desktop",), ("billing", "self-service-portal"), "Asset"),
    RecordRoles("commercial order", "oms", ("sales-channels",), ("crm",), "ProductOrder"),
    RecordRoles("service catalog", "service-catalog", ("service-design-tool",), ("fulfillment", "catalog")),
    RecordRoles("service inventory", "service-inventory", ("fulfillment",), ("inventory", "assurance")),
    RecordRoles("resource inventory", "inventory", ("network-desk",), ("service-inventory", "planning"), "Reservation"),
    RecordRoles("network configuration", "network", ("provisioning",), ("inventory",)),
)
"""The eight entities with exactly one system of record each (R330, R512)."""
