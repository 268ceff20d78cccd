"""What was delivered against what is recorded as installed (R234, R245, R255)."""

from __future__ import annotations

from datetime import timedelta

from domain.drift.rules import Cause, Rule

SETTLES = timedelta(minutes=30)

INSTALLED: tuple[Rule, ...] = (
    Rule(
        "asset.missing",
        SETTLES,
        "inventory",
        Cause.HOUR,
        "Item {item} of order {order} was delivered, and product {entity} is not recorded as installed.",
        "{corrector} must record the product, or say why there is none.",
    ),
    Rule(
        "asset.orphan",
        SETTLES,
        "inventory",
        Cause.HOUR,
        "Product {entity} is recorded as installed, and no order ever named it.",
        "{corrector} must find the order it belongs to, or end the record.",
    ),
    Rule(
        "asset.configuration-differs",
        SETTLES,
        "inventory",
        Cause.HOUR,
        "Product {entity} is recorded with another configuration than item {item} of order {order} has.",
        "{corrector} must record the configuration that was delivered.",
    ),
    Rule(
        "asset.state-differs",
        SETTLES,
        "inventory",
        Cause.HOUR,
        "Product {entity} is not recorded in the state in which item {item} of order {order} leaves it.",
        "{corrector} must record what is true of the product.",
    ),
    Rule(
        "asset.live-after-termination",
        SETTLES,
        "inventory",
        Cause.HOUR,
        "Product {entity} is recorded as installed after order {order} has ended it.",
        "{corrector} must end the record.",
    ),
)
