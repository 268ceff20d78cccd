"""Commitments broken on the wire: what an owner would have refused (R287-R293, R299, R306, R313, R278, R510)."""

from __future__ import annotations

from domain.drift.rules import NO_WINDOW, REFERRER, Cause, Rule

COMMITMENT: tuple[Rule, ...] = (
    Rule(
        "state.duplicate-order",
        NO_WINDOW,
        "oms",
        Cause.HOUR,
        "What order {entity} is for was ordered {count} times.",
        "{corrector} must cancel all orders but one.",
    ),
    Rule(
        "state.expired-quote-converted",
        NO_WINDOW,
        "cpq",
        Cause.HOUR,
        "Quote {entity} became an order although {why}.",
        "{corrector} must have the offer renewed and accepted again, or the order cancelled.",
    ),
    Rule(
        "state.stale-fingerprint-accepted",
        NO_WINDOW,
        "cpq",
        Cause.HOUR,
        "Quote {entity} was accepted at another price than it had.",
        "{corrector} must have the price accepted that holds, by a new revision.",
    ),
    Rule(
        "state.unapproved-discount",
        NO_WINDOW,
        "cpq",
        Cause.HOUR,
        "Quote {entity} takes off {percent} percent, {limit} are allowed, and nobody has approved more.",
        "{corrector} must have the discount approved, or take it back by a new revision.",
    ),
    Rule(
        "state.proposal-hash-mismatch",
        NO_WINDOW,
        "cpq",
        Cause.HOUR,
        "Quote {entity} was accepted with another document than the customer was shown.",
        "{corrector} must find out what the customer agreed to, and have that accepted.",
    ),
    Rule(
        "state.decided-without-authority",
        NO_WINDOW,
        REFERRER,
        Cause.HOUR,
        "{what} {entity} was decided by somebody who may not: {why}.",
        "{corrector} must have it decided again by somebody whose authority reaches so far.",
        regulatory=True,
    ),
    Rule(
        "state.invoiced-in-fallout",
        NO_WINDOW,
        "billing",
        Cause.HOUR,
        "Charge {entity} was invoiced while order {order} was in fallout.",
        "{corrector} must credit the invoice, or record the rule that allows it.",
    ),
    Rule(
        "state.cancelled-after-cutoff",
        NO_WINDOW,
        "oms",
        Cause.HOUR,
        "Item {item} of order {entity} was cancelled after its cut-off.",
        "{corrector} must deliver the item, or have what was done for it compensated.",
    ),
    Rule(
        "state.changed-without-amendment",
        NO_WINDOW,
        "oms",
        Cause.HOUR,
        "Order {entity} was accepted with other content than was submitted.",
        "{corrector} must restore what was submitted, or have the change agreed as an amendment.",
    ),
)
