"""Staged validation of an order against what its neighbours know (R439-R451).

Each stage is a function of the order and the context; it returns findings and decides nothing. A context names what
was known when the stages ran, so that the result can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from domain.errors import Severity
from domain.model import Model, Unordered
from domain.money import Exact
from domain.product_order.structure import Commercial, Finding, OrderItem, Parties


class Feasibility(StrEnum):
    """Whether it can be delivered; may be known later than the rest (R443)."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    PENDING = "PENDING"


class QuoteLine(Model):
    """One accepted line, as CPQ states it."""

    line_id: str
    parent_line_id: str | None = None
    total: Exact


class AcceptedQuote(Model):
    """What CPQ says of the quote being converted (R446-R450)."""

    quote_id: str
    version: int
    state: str
    valid_until: datetime
    approval_valid: bool
    proposal_document_hash: str
    currency: str
    lines: tuple[QuoteLine, ...]


class ValidationContext(Model):
    """What the stages are run on.

    Absent facts are not checked by this service and must be by their owner; only the quote an order names must be
    there, since nobody else compares the order with it (R446).
    """

    checked_at: datetime
    quote: AcceptedQuote | None = None
    channel_allowed: bool = True
    account_active: bool = True
    billing_account_active: bool = True
    feasibility: Feasibility = Feasibility.PASSED
    mapped_offerings: Unordered[str] | None = None
    eligible_offerings: Unordered[str] | None = None
    transformation_ref: str | None = None
    """Approval under which the order's structure may differ from the quote's (R451)."""


class OrderUnderValidation(Protocol):
    """The part of an order the stages look at."""

    @property
    def quote_id(self) -> str | None:
        """The quote it claims to convert."""
        ...

    @property
    def quote_version(self) -> int | None:
        """Its version."""
        ...

    @property
    def commercial(self) -> Commercial:
        """Its agreed terms."""
        ...

    @property
    def parties(self) -> Parties:
        """Its party and account roles."""
        ...

    @property
    def items(self) -> Mapping[str, OrderItem]:
        """Its lines by id."""
        ...


def validate(order: OrderUnderValidation, context: ValidationContext) -> tuple[Finding, ...]:
    """The findings of every stage, in the order of the stages."""
    return tuple(finding for stage in STAGES.values() for finding in stage(order, context))


def blocks(findings: tuple[Finding, ...]) -> bool:
    """Whether any finding keeps the order from being accepted."""
    return any(f.severity == Severity.BLOCKING for f in findings)


def _finding(code: str, stage: str, message: str, remediation: str) -> Finding:
    return Finding(code=code, severity=Severity.BLOCKING, stage=stage, message=message, remediation=remediation)


def line_total(item: OrderItem) -> Decimal:
    """Undiscounted total of an item: what is compared with the accepted line (R272)."""
    return sum((c.price.amount * c.quantity for c in item.price_components), Decimal())


def _commercial(order: OrderUnderValidation, context: ValidationContext) -> Iterator[Finding]:
    quote = context.quote
    stage = "COMMERCIAL"
    if quote is None:
        if order.quote_id is not None:
            message = f"Nothing is known of quote {order.quote_id} version {order.quote_version}."
            yield _finding("REFERENCE_QUOTE_UNKNOWN", stage, message, "Validate again with the accepted quote.")
        return
    name = f"Quote {quote.quote_id} version {quote.version}"
    if (order.quote_id, order.quote_version) != (quote.quote_id, quote.version):
        message = f"The order names quote {order.quote_id} version {order.quote_version}; accepted is {name}."
        yield _finding("STALENESS_QUOTE_VERSION_MISMATCH", stage, message, "Convert the accepted version.")
    if quote.state != "Accepted":
        yield _finding("STATE_QUOTE_NOT_ACCEPTED", stage, f"{name} is {quote.state}.", "Have the quote accepted first.")
    if quote.valid_until < context.checked_at:
        message = f"{name} expired at {quote.valid_until.isoformat()}."
        yield _finding("STALENESS_QUOTE_EXPIRED", stage, message, "Quote again.")
    if not quote.approval_valid:
        yield _finding("STALENESS_APPROVAL", stage, f"The approval of {name} is stale.", "Have it approved again.")
    if order.commercial.proposal_document_hash != quote.proposal_document_hash:
        message = f"The order's proposal hash is not the one accepted with {name}."
        yield _finding("CONFLICT_PROPOSAL_HASH", stage, message, "Attach the proposal the customer accepted.")
    if order.commercial.currency != quote.currency:
        message = f"The order is in {order.commercial.currency}, {name} in {quote.currency}."
        yield _finding("CONFLICT_CURRENCY", stage, message, "Order in the currency of the quote.")
    yield from _lines(order, quote, context.transformation_ref)


def _lines(order: OrderUnderValidation, quote: AcceptedQuote, transformation_ref: str | None) -> Iterator[Finding]:
    """Every accepted line is ordered once, as accepted; an approved transformation may change the structure (R451)."""
    lines = {line.line_id: line for line in quote.lines}
    for item in order.items.values():
        line = lines.get(item.quote_line_id or "")
        if line is None:
            message = f"Item {item.item_id} names quote line {item.quote_line_id}, which the quote does not have."
            yield _finding("REFERENCE_QUOTE_LINE_UNKNOWN", "COMMERCIAL", message, "Map every item to an accepted line.")
            continue
        yield from _terms(item, line)
    if transformation_ref is None:
        yield from _structure(order, lines)


def _terms(item: OrderItem, line: QuoteLine) -> Iterator[Finding]:
    if line_total(item) != line.total:
        message = f"Item {item.item_id} totals {line_total(item)}, accepted line {line.line_id} {line.total}."
        yield _finding("CONFLICT_LINE_TOTAL", "COMMERCIAL", message, "Carry the accepted prices over unchanged.")
    for component in item.price_components:
        if any(d.evidence_ref is None for d in component.discounts):
            message = f"A discount on component {component.component_id} of item {item.item_id} has no evidence."
            yield _finding("POLICY_DISCOUNT_EVIDENCE", "COMMERCIAL", message, "Name the approval or promotion.")


def _structure(order: OrderUnderValidation, lines: Mapping[str, QuoteLine]) -> Iterator[Finding]:
    line_of = {item.item_id: item.quote_line_id for item in order.items.values()}
    for item in order.items.values():
        line = lines.get(item.quote_line_id or "")
        if line is not None and line_of.get(item.parent_item_id or "") != line.parent_line_id:
            message = f"Item {item.item_id} has another parent than accepted line {line.line_id}."
            yield _finding("CONFLICT_HIERARCHY", "COMMERCIAL", message, "Keep the bundle structure of the quote.")
    ordered = list(line_of.values())
    for line_id in lines:
        if (times := ordered.count(line_id)) != 1:
            message = f"Accepted line {line_id} is ordered {times} times."
            yield _finding("CONFLICT_QUOTE_LINE_COUNT", "COMMERCIAL", message, "Order every accepted line once.")


def _eligibility(order: OrderUnderValidation, context: ValidationContext) -> Iterator[Finding]:
    if not context.channel_allowed:
        message = "The channel may not order for this account."
        yield _finding("AUTHORIZATION_CHANNEL", "ELIGIBILITY", message, "Use a channel that is allowed.")
    for item in order.items.values():
        if context.eligible_offerings is not None and item.offering_id not in context.eligible_offerings:
            message = f"Offering {item.offering_id} of item {item.item_id} is not available here."
            yield _finding("POLICY_NOT_ELIGIBLE", "ELIGIBILITY", message, "Offer what is available.")


def _account(order: OrderUnderValidation, context: ValidationContext) -> Iterator[Finding]:
    if not context.account_active:
        message = f"Account {order.parties.account_id} is not active."
        yield _finding("REFERENCE_ACCOUNT_INACTIVE", "ACCOUNT", message, "Activate the account or name another.")
    if not context.billing_account_active:
        message = f"Billing account {order.parties.billing_account_id} is not active."
        yield _finding("REFERENCE_BILLING_ACCOUNT_INACTIVE", "ACCOUNT", message, "Name an active billing account.")


def _feasibility(order: OrderUnderValidation, context: ValidationContext) -> Iterator[Finding]:
    if context.feasibility is Feasibility.FAILED:
        message = f"The order of account {order.parties.account_id} cannot be delivered as asked."
        yield _finding("FEASIBILITY_NOT_DELIVERABLE", "FEASIBILITY", message, "Change the place or the product.")
    if context.feasibility is Feasibility.PENDING:
        yield Finding(
            code="FEASIBILITY_PENDING",
            severity=Severity.WARNING,
            stage="FEASIBILITY",
            message="Feasibility is not known yet.",
            remediation="Wait for the survey; execution may still fall out.",
        )


def _decomposition(order: OrderUnderValidation, context: ValidationContext) -> Iterator[Finding]:
    for item in order.items.values():
        if context.mapped_offerings is not None and item.offering_id not in context.mapped_offerings:
            message = f"Offering {item.offering_id} of item {item.item_id} has no mapping to services."
            yield _finding("FEASIBILITY_NO_MAPPING", "DECOMPOSITION", message, "Publish the mapping.")


STAGES: Mapping[str, Callable[[OrderUnderValidation, ValidationContext], Iterator[Finding]]] = {
    "COMMERCIAL": _commercial,
    "ELIGIBILITY": _eligibility,
    "ACCOUNT": _account,
    "FEASIBILITY": _feasibility,
    "DECOMPOSITION": _decomposition,
}
