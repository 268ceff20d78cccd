"""Prices and money that differ between what was agreed, ordered, charged and claimed (R233, R268, R272-R277)."""

from __future__ import annotations

from datetime import timedelta

from domain.drift.rules import Cause, Rule

SETTLES = timedelta(minutes=30)

FINANCIAL: tuple[Rule, ...] = (
    Rule(
        "financial.quote-vs-order",
        SETTLES,
        "cpq",
        Cause.HOUR,
        "Order {entity} has other prices than quote {quote}, which it comes from.",
        "{corrector} must find out which price was agreed, and have the other one corrected.",
    ),
    Rule(
        "financial.order-vs-charge",
        SETTLES,
        "billing",
        Cause.HOUR,
        "Charge {entity} has other terms than item {item} of order {order}.",
        "{corrector} must charge what was ordered, and settle what was claimed.",
    ),
    Rule(
        "financial.charge-vs-invoice",
        SETTLES,
        "billing",
        Cause.HOUR,
        "Charge {entity} was invoiced above the agreement without a reason.",
        "{corrector} must credit what was claimed too much, or record reason and evidence.",
        regulatory=True,
    ),
    Rule(
        "financial.billed-to-old-address",
        SETTLES,
        "billing",
        Cause.ACCOUNT,
        "Charge {entity} was invoiced to an address that account {account} had left.",
        "{corrector} must read the account again and send the invoice to its address.",
    ),
)
