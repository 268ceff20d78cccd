"""Who acts in the enterprise: people and systems, each in one role, so that duties stay apart (R510)."""

from __future__ import annotations

from domain.command import Actor

SELLERS = 12


def seller(number: int) -> Actor:
    """The sales representative who looks after a customer."""
    return Actor(actor_id=f"seller-{number % SELLERS + 1}", role="sales", system="cpq", channel="direct")


def system(name: str) -> Actor:
    """An owner's own system, acting by itself."""
    return Actor(actor_id=f"{name}-service", role=name, system=name)


def person(actor_id: str, role: str, where: str) -> Actor:
    """Somebody who works with a system."""
    return Actor(actor_id=actor_id, role=role, system=where)


CRM = system("crm")
STEWARD = person("steward-kim", "crm-steward", "crm")
CATALOG = system("catalog")
CPQ = system("cpq")
OMS = system("oms")
FULFILLMENT = system("fulfillment")
INVENTORY = system("inventory")
PROVISIONING = system("provisioning")
PAYMENTS = system("payments")
BILLING = system("billing")
EVIDENCE = system("evidence")
ORDERTRUTH = system("ordertruth")
ORDER_MANAGER = person("manager-ida", "order-manager", "oms")
OPERATOR = person("operator-lee", "fulfillment-operator", "oms")
SUPPORT = person("support-noa", "support", "crm")
DESK_OF = {
    "sales-manager": person("sales-manager-uma", "sales-manager", "cpq"),
    "deal-desk": person("desk-omar", "deal-desk", "cpq"),
    "finance-director": person("director-eve", "finance-director", "cpq"),
}
"""Who decides about discounts, by level."""
DATA_STEWARD = person("steward-ana", "data-steward", "cpq")
BILLING_OPERATOR = person("billing-operator-tom", "billing-operator", "billing")
BILLING_SUPERVISOR = person("billing-supervisor-mia", "billing-supervisor", "billing")
FINANCE_APPROVER = person("finance-approver-sol", "finance-approver", "billing")
INVENTORY_OPERATOR = person("inventory-operator-pat", "inventory-operator", "inventory")
COMPLIANCE = person("compliance-zoe", "compliance", "evidence")
OPERATIONS_MANAGER = person("operations-manager-raj", "operations-manager", "governance")
POLICY_APPROVER = person("policy-approver-lin", "policy-approver", "governance")
