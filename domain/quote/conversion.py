"""From an accepted quote to the command that makes its order (R52, R293, R313, R486).

Accepting a quote makes no order. Somebody sends the command made here to order management, and tells the quote what
came of it: `ConvertQuoteToOrder` or `FailQuoteConversion`. The command is the same whenever it is made, so order
management answers a repeated conversion with the first order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from domain.command import Actor
from domain.errors import Refusal
from domain.order_state.states import Action
from domain.product_order.commands import CreateProductOrder
from domain.product_order.structure import Commercial, OrderIntent, OrderItem, OrderType, RequestedDates
from domain.product_order.validation import AcceptedQuote
from domain.product_order.validation import QuoteLine as AcceptedLine
from domain.quote import events as e
from domain.quote.quote import Quote
from domain.quote.states import QuoteState
from domain.quote.structure import QuoteLine


class Strategy(StrEnum):
    """What conversion does with a kind of data."""

    SNAPSHOT = "SNAPSHOT"
    REFERENCE = "REFERENCE"
    REVALIDATE = "REVALIDATE"
    DERIVE = "DERIVE"


class Treatment(NamedTuple):
    """How one kind of data goes from quote to order, and where it is found there."""

    strategies: tuple[Strategy, ...]
    carried_in: str


CONVERSION: Mapping[str, Treatment] = {
    "customer identity": Treatment((Strategy.REFERENCE, Strategy.REVALIDATE), "parties; stage ACCOUNT"),
    "product offering": Treatment((Strategy.SNAPSHOT, Strategy.REFERENCE), "items; catalogPublicationId"),
    "configuration": Treatment((Strategy.SNAPSHOT,), "items.configuration"),
    "eligibility result": Treatment((Strategy.SNAPSHOT, Strategy.REVALIDATE), "the quote; stage ELIGIBILITY"),
    "qualification result": Treatment((Strategy.SNAPSHOT, Strategy.REVALIDATE), "the quote; stage FEASIBILITY"),
    "price result": Treatment((Strategy.SNAPSHOT,), "items.priceComponents"),
    "tax estimate": Treatment((Strategy.DERIVE,), "billing, when it invoices"),
    "approval decision": Treatment((Strategy.SNAPSHOT,), "commercial.dealDeskCaseRef; evidence of each discount"),
    "proposal document": Treatment((Strategy.REFERENCE, Strategy.SNAPSHOT), "commercial.proposalDocumentRef and Hash"),
    "fulfillment plan": Treatment((Strategy.DERIVE,), "decomposition, after the order is accepted"),
}
"""The ten kinds of data and what conversion does with each (R486)."""


def conversion_key(quote: Quote) -> str:
    """Idempotency key of converting the accepted revision: one for all who try (R313, R478)."""
    return f"{quote.quote_id}/{quote.quote_version}/convert"


def order_command(
    quote: Quote,
    *,
    order_id: str,
    order_number: str,
    command_id: str,
    actor: Actor,
    correlation_id: str,
    at: datetime,
    order_type: OrderType = OrderType.PROVIDE,
    intent: OrderIntent = OrderIntent.CUSTOMER_PURCHASE,
    dates: RequestedDates | None = None,
    causation_id: str | None = None,
) -> CreateProductOrder:
    """The command that captures the accepted revision as an order; nothing is priced or looked up again (R295, R318).

    Raises `Refusal` for a quote that is not accepted, or whose time is over at `at`.
    """
    commitment = _commitment(quote, at)
    return CreateProductOrder(
        aggregate_id=order_id,
        command_id=command_id,
        idempotency_key=conversion_key(quote),
        actor=actor,
        correlation_id=correlation_id,
        causation_id=causation_id,
        order_number=order_number,
        order_type=order_type,
        intent=intent,
        quote_id=quote.quote_id,
        quote_version=quote.quote_version,
        catalog_publication_id=commitment.catalog_publication_id,
        source_request_id=conversion_key(quote),
        external_references={actor.system: quote.quote_number},
        commercial=Commercial(
            currency=commitment.terms.currency,
            proposal_document_ref=commitment.proposal_document_ref,
            proposal_document_hash=commitment.proposal_document_hash,
            contract_ref=commitment.terms.contract_ref,
            price_list_ref=commitment.terms.price_list_ref,
            term_months=commitment.terms.term_months,
            sales_rep_ref=commitment.terms.sales_rep_ref,
            deal_desk_case_ref=commitment.approval_case_id,
        ),
        parties=quote.terms.parties,
        dates=dates or RequestedDates(),
        items=_items(commitment.lines),
    )


def _commitment(quote: Quote, at: datetime) -> e.QuoteAccepted:
    """What was accepted; expired, cancelled, superseded and converted quotes have nothing to convert (R293)."""
    name = f"Quote {quote.quote_id} revision {quote.quote_version}"
    if quote.state is not QuoteState.ACCEPTED or quote.accepted is None:
        message = f"{name} is {quote.state}."
        raise Refusal(
            "STATE_QUOTE_NOT_CONVERTIBLE", message, remediation="Convert an accepted revision.", stage="COMMERCIAL"
        )
    if quote.terms.valid_until < at:
        message = f"{name} was valid until {quote.terms.valid_until.isoformat()}."
        raise Refusal("STALENESS_QUOTE_EXPIRED", message, remediation="Quote again.", stage="COMMERCIAL")
    return quote.accepted


def _items(lines: tuple[QuoteLine, ...]) -> tuple[OrderItem, ...]:
    item_of = {line.line_id: f"item-{line.line_number}" for line in lines}
    parent_of = {line.line_id: line.parent_line_id for line in lines}
    return tuple(_item(line, item_of, parent_of) for line in lines)


def _item(line: QuoteLine, item_of: Mapping[str, str], parent_of: Mapping[str, str | None]) -> OrderItem:
    root, above = line.line_id, line.parent_line_id
    while above is not None:
        root, above = above, parent_of[above]
    through = item_of[line.billed_through_line_id] if line.billed_through_line_id else None
    return OrderItem(
        item_id=item_of[line.line_id],
        line_number=line.line_number,
        action=Action(line.action),
        quantity=line.quantity,
        offering_id=line.offering_id,
        offering_name=line.offering_name,
        specification_id=line.specification_id,
        parent_item_id=item_of[line.parent_line_id] if line.parent_line_id else None,
        root_item_id=item_of[root] if root != line.line_id else None,
        depends_on=tuple(item_of[i] for i in line.depends_on),
        product_instance_id=line.product_instance_id,
        replaces_product_instance_id=line.replaces_product_instance_id,
        quote_line_id=line.line_id,
        configuration=line.configuration,
        configuration_fingerprint=line.configuration_fingerprint,
        price_components=tuple(c.model_copy(update={"billed_through_item_id": through}) for c in line.price_components),
        fulfillment_policy_ref=line.fulfillment_policy_ref,
        cutoff=line.cutoff,
    )


def accepted_quote(quote: Quote, at: datetime, order_id: str) -> AcceptedQuote:
    """What CPQ says of a quote to whoever validates its order (R446-R450).

    A quote that was converted to this very order still is the accepted one; to any other it is converted. Raises
    `Refusal` when the newest revision was not accepted.
    """
    commitment = quote.accepted
    if commitment is None:
        message = f"Quote {quote.quote_id} revision {quote.quote_version} was not accepted."
        raise Refusal("STATE_QUOTE_NOT_CONVERTIBLE", message, remediation="Have it accepted first.", stage="COMMERCIAL")
    ours = quote.state is QuoteState.CONVERTED and quote.order_id == order_id
    return AcceptedQuote(
        quote_id=quote.quote_id,
        version=quote.quote_version,
        state=QuoteState.ACCEPTED if ours else quote.state,
        valid_until=quote.terms.valid_until,
        approval_valid=_approval_valid(quote, at),
        proposal_document_hash=commitment.proposal_document_hash,
        currency=commitment.terms.currency,
        lines=tuple(
            AcceptedLine(line_id=line.line_id, parent_line_id=line.parent_line_id, total=_total(line))
            for line in commitment.lines
        ),
    )


def _approval_valid(quote: Quote, at: datetime) -> bool:
    if not quote.needs_approval:
        return True
    return quote.approval_covers_price and quote.approval is not None and quote.approval.valid_until > at


def _total(line: QuoteLine) -> Decimal:
    """Undiscounted total, as order management compares it (R272)."""
    return sum((c.price.amount * c.quantity for c in line.price_components), Decimal())
