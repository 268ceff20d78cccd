"""The accepted terms of one price component, as they are handed to billing (R262, R263)."""

from __future__ import annotations

from typing import Annotated

from domain.command import fingerprint
from domain.commercial import PriceComponent
from domain.model import Classification, Doc, Model
from domain.product_order.order import ProductOrder
from domain.product_order.structure import OrderItem


class BillingTerms(Model):
    """Everything billing needs to charge one component, taken over from the accepted order and nothing added."""

    component: Annotated[PriceComponent, Doc("The agreed price with its discounts and their duration (R273).")]
    currency: Annotated[str, Doc("Currency of the order.")]
    customer_id: Annotated[str, Doc("Buyer.", Classification.CONFIDENTIAL)]
    billing_account_id: Annotated[str, Doc("Account that is invoiced.")]
    payer_id: Annotated[str | None, Doc("Who pays; null when nobody else was named.", Classification.CONFIDENTIAL)] = (
        None
    )
    bill_to_id: Annotated[str | None, Doc("Recipient of the invoice.", Classification.CONFIDENTIAL)] = None
    offering_id: Annotated[str, Doc("Offering sold.")]
    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of the configuration (R96).")] = None
    item_quantity: Annotated[int, Doc("Units of the product ordered; the component says how many are charged.")]
    term_months: Annotated[int | None, Doc("Contract term in months.")] = None
    contract_ref: Annotated[str | None, Doc("Contract.")] = None
    price_list_ref: Annotated[str | None, Doc("Price list the quote was priced from.")] = None
    proposal_document_hash: Annotated[str | None, Doc("Hash of the accepted proposal (R98).")] = None
    quote_id: Annotated[str | None, Doc("Accepted quote; null for an order without one.")] = None
    quote_version: Annotated[int | None, Doc("Its version.")] = None
    quote_line_id: Annotated[str | None, Doc("Its line.")] = None
    catalog_publication_id: Annotated[str | None, Doc("Catalog publication the offer was made from.")] = None

    def fingerprint(self) -> str:
        """Fingerprint of all terms, so that nobody can change them unnoticed on the way (R277)."""
        return fingerprint(self.model_dump(mode="json", by_alias=True))


def terms_of(order: ProductOrder, item: OrderItem, component: PriceComponent) -> BillingTerms:
    """The terms under which an order's item was accepted, for one of its components."""
    return BillingTerms(
        component=component,
        currency=order.commercial.currency,
        customer_id=order.parties.customer_id,
        billing_account_id=order.parties.billing_account_id,
        payer_id=order.parties.payer_id,
        bill_to_id=order.parties.bill_to_id,
        offering_id=item.offering_id,
        configuration_fingerprint=item.configuration_fingerprint,
        item_quantity=item.quantity,
        term_months=order.commercial.term_months,
        contract_ref=order.commercial.contract_ref,
        price_list_ref=order.commercial.price_list_ref,
        proposal_document_hash=order.commercial.proposal_document_hash,
        quote_id=order.quote_id,
        quote_version=order.quote_version,
        quote_line_id=item.quote_line_id,
        catalog_publication_id=order.catalog_publication_id,
    )
