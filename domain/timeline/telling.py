"""How an event is told: in which words, to whom, and with which of its fields (R188-R195, R203)."""

from __future__ import annotations

from typing import NamedTuple

CUSTOMER, SALES, SUPPORT = "customer", "sales", "support"
FULFILLMENT, FINANCE, COMPLIANCE = "fulfillment", "finance", "compliance"

INSIDE = (SALES, SUPPORT, FULFILLMENT, FINANCE, COMPLIANCE)
"""Everybody but the customer."""
DEALS = (SALES, SUPPORT, COMPLIANCE)
"""What is negotiated."""
PROOF = (COMPLIANCE,)
"""What proves it: nobody else sees evidence."""
DELIVERY = (SUPPORT, FULFILLMENT, COMPLIANCE)
"""How it is delivered, task by task."""
MONEY = (SUPPORT, FINANCE, COMPLIANCE)
"""What is billed."""
PAYMENT = (FINANCE, COMPLIANCE)
"""How it is paid."""


class Telling(NamedTuple):
    """One kind of event: its aggregate, a sentence, who may read it, and the fields told besides.

    `customer` is the sentence for the customer: always the same words, so that nothing internal can get into it;
    None keeps the event from them. `material` events are steps of the account's commercial timeline.
    """

    aggregate: str
    sentence: str
    audiences: tuple[str, ...]
    details: tuple[str, ...] = ()
    customer: str | None = None
    material: bool = False

    @property
    def told_to(self) -> tuple[str, ...]:
        """Every audience that may read of it."""
        return self.audiences if self.customer is None else (CUSTOMER, *self.audiences)
