"""Something names what is not there (R231, R254, R271)."""

from __future__ import annotations

from datetime import timedelta

from domain.drift.rules import REFERRER, Cause, Rule

SETTLES = timedelta(minutes=10)

REFERENTIAL: tuple[Rule, ...] = (
    Rule(
        "referential.account-unknown",
        SETTLES,
        REFERRER,
        Cause.ACCOUNT,
        "{what} {entity} names account {account}, which nobody has opened.",
        "{corrector} must name the account that is meant, or have it opened.",
    ),
    Rule(
        "referential.account-closed",
        SETTLES,
        REFERRER,
        Cause.ACCOUNT,
        "{what} {entity} goes on although its account {account} is closed.",
        "{corrector} must end it, or move it to an account that is open.",
    ),
    Rule(
        "referential.account-merged",
        SETTLES,
        REFERRER,
        Cause.ACCOUNT,
        "{what} {entity} goes on under account {account}, which was merged into {survivor}.",
        "{corrector} must move it to account {survivor}.",
    ),
    Rule(
        "referential.quote-unknown",
        SETTLES,
        "oms",
        Cause.HOUR,
        "Order {entity} names quote {quote}, of which nothing is known.",
        "{corrector} must find out what was agreed, and name the quote that says so.",
    ),
    Rule(
        "referential.offering-unknown",
        SETTLES,
        REFERRER,
        Cause.PUBLICATION,
        "Order {entity} is for offering {offering}, which no publication of the catalog has.",
        "{corrector} must order an offering that is published, or cancel the order.",
    ),
    Rule(
        "referential.asset-unknown",
        SETTLES,
        REFERRER,
        Cause.HOUR,
        "Item {item} of order {entity} changes product {product}, which was never installed.",
        "{corrector} must name the product that is meant, or cancel the item.",
    ),
    Rule(
        "referential.order-item-unknown",
        SETTLES,
        REFERRER,
        Cause.HOUR,
        "{what} {entity} names item {item} of order {order}, which does not exist.",
        "{corrector} must name the item that is meant, or end what rests on none.",
    ),
    Rule(
        "referential.handoff-unknown",
        SETTLES,
        "oms",
        Cause.HOUR,
        "Charge {entity} rests on request {handoff}, which nobody made.",
        "{corrector} must hand the item over to billing, or have the charge ended.",
    ),
    Rule(
        "referential.calculation-unknown",
        SETTLES,
        "cpq",
        Cause.HOUR,
        "Quote {entity} was priced by calculation {calculation}, of which nothing is known.",
        "{corrector} must say how the price came about, or price the quote anew.",
    ),
    Rule(
        "referential.conversion-unknown",
        SETTLES,
        "cpq",
        Cause.HOUR,
        "Order {entity} was made of quote {quote}, which does not say so.",
        "{corrector} must say what became of the quote, or have the order cancelled.",
    ),
)
