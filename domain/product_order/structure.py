"""The parts an order is made of: items, prices, parties, dates and references, as snapshots (R453-R458, R482)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.commercial import PriceComponent
from domain.model import Classification, Doc, Model
from domain.money import CurrencyCode
from domain.order_state.states import Action


class OrderType(StrEnum):
    """Lifecycle category of an order (R467)."""

    PROVIDE = "PROVIDE"
    CHANGE = "CHANGE"
    DISCONNECT = "DISCONNECT"
    SUSPEND_RESUME = "SUSPEND_RESUME"
    MOVE = "MOVE"
    RENEWAL = "RENEWAL"
    MIGRATION = "MIGRATION"
    TRANSFER = "TRANSFER"


class OrderIntent(StrEnum):
    """Business reason of an order; decides whether it bills (R468, R469)."""

    CUSTOMER_PURCHASE = "CUSTOMER_PURCHASE"
    AMENDMENT = "AMENDMENT"
    RETENTION = "RETENTION"
    COMPLIANCE = "COMPLIANCE"
    TECHNICAL_REMEDIATION = "TECHNICAL_REMEDIATION"
    INTERNAL_MIGRATION = "INTERNAL_MIGRATION"


class Cutoff(StrEnum):
    """Item state from which a cancellation of the item is refused (R299)."""

    STARTED = "STARTED"
    PENDING_EXTERNAL = "PENDING_EXTERNAL"
    COMPLETED = "COMPLETED"


class OrderItem(Model):
    """One executable commercial line (R458)."""

    item_id: Annotated[str, Doc("Identity of the item within its order.")]
    line_number: Annotated[int, Field(ge=1), Doc("Line number people see.")]
    action: Annotated[Action, Doc("What is done to the product (R305).")]
    quantity: Annotated[int, Field(ge=1), Doc("Units ordered.")] = 1
    offering_id: Annotated[str, Doc("Product offering sold.")]
    offering_name: Annotated[str | None, Doc("Its name when it was accepted.", Classification.PUBLIC)] = None
    specification_id: Annotated[str | None, Doc("Product specification behind the offering.")] = None
    parent_item_id: Annotated[str | None, Doc("Bundle the item belongs to commercially; null at the top.")] = None
    root_item_id: Annotated[str | None, Doc("Top of its bundle; null when the item is the top.")] = None
    depends_on: Annotated[tuple[str, ...], Doc("Items that must be complete before this one may start (R308).")] = ()
    product_instance_id: Annotated[
        str | None, Doc("Installed product it acts on; given to ADD and REPLACE items at acceptance.")
    ] = None
    replaces_product_instance_id: Annotated[str | None, Doc("Installed product a REPLACE ends.")] = None
    quote_line_id: Annotated[str | None, Doc("Line of the accepted quote it comes from.")] = None
    configuration: Annotated[dict[str, str], Doc("Chosen characteristic values.", Classification.CONFIDENTIAL)] = {}
    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of the configuration (R96).")] = None
    price_components: Annotated[tuple[PriceComponent, ...], Doc("Agreed prices, as accepted.")] = ()
    fulfillment_policy_ref: Annotated[str | None, Doc("How the line is fulfilled.")] = None
    cutoff: Annotated[Cutoff, Doc("From when on its cancellation is refused (R299).")] = Cutoff.COMPLETED

    @property
    def executable(self) -> bool:
        """Whether anything is to be done for it; NO_CHANGE only carries context."""
        return self.action is not Action.NO_CHANGE


class Commercial(Model):
    """What was agreed, as far as the whole order goes (R454)."""

    currency: Annotated[CurrencyCode, Doc("Currency of every price in the order.")]
    proposal_document_ref: Annotated[str | None, Doc("Accepted proposal.")] = None
    proposal_document_hash: Annotated[str | None, Doc("Hash of the accepted proposal (R98).")] = None
    contract_ref: Annotated[str | None, Doc("Contract, when there is one already.")] = None
    price_list_ref: Annotated[str | None, Doc("Price list the quote was priced from.")] = None
    term_months: Annotated[int | None, Doc("Contract term in months.")] = None
    sales_rep_ref: Annotated[str | None, Doc("Sales representative.", Classification.CONFIDENTIAL)] = None
    deal_desk_case_ref: Annotated[str | None, Doc("Approval case of the deal.", Classification.CONFIDENTIAL)] = None


class Parties(Model):
    """The eight roles of an order, never collapsed into one (R455, R456)."""

    customer_id: Annotated[str, Doc("Buyer.", Classification.CONFIDENTIAL)]
    account_id: Annotated[str, Doc("Commercial account.")]
    billing_account_id: Annotated[str, Doc("Account that is invoiced.")]
    payer_id: Annotated[str | None, Doc("Who pays.", Classification.CONFIDENTIAL)] = None
    sold_to_id: Annotated[str | None, Doc("Legal buyer.", Classification.CONFIDENTIAL)] = None
    bill_to_id: Annotated[str | None, Doc("Recipient of the invoice.", Classification.CONFIDENTIAL)] = None
    ship_to_id: Annotated[str | None, Doc("Place of delivery.", Classification.PII)] = None
    service_account_id: Annotated[str | None, Doc("Account the service is installed for.")] = None


class RequestedDates(Model):
    """The dates a customer or a seller asks for or promises; facts of the lifecycle come from events (R457)."""

    requested_start: Annotated[datetime | None, Doc("Start the customer wants.")] = None
    requested_completion: Annotated[datetime | None, Doc("Completion the customer wants.")] = None
    committed_completion: Annotated[datetime | None, Doc("Completion promised to the customer.")] = None
    contract_effective: Annotated[datetime | None, Doc("When the contract takes effect.")] = None


class Contact(Model):
    """Whom to talk to about the order; may change after submission (R480)."""

    name: Annotated[str, Doc("Name of the contact.", Classification.PII)]
    phone: Annotated[str | None, Doc("Telephone number.", Classification.PII)] = None
    email: Annotated[str | None, Doc("Mail address.", Classification.PII)] = None


class DocumentRef(Model):
    """A document that belongs to the order, by reference."""

    document_id: Annotated[str, Doc("Identity of the document in its store.")]
    kind: Annotated[str, Doc("What kind of document it is.")]
    content_hash: Annotated[str, Doc("Hash of its content, so that a change shows.")]


class Finding(Model):
    """One result of a validation stage, in the error shape of R438."""

    code: Annotated[str, Doc("Stable code, beginning with its category (R429-R437).")]
    severity: Annotated[str, Doc("BLOCKING or WARNING.")]
    stage: Annotated[str, Doc("Validation stage that found it (R439-R445).")]
    message: Annotated[str, Doc("What is wrong, with which thing.")]
    remediation: Annotated[str, Doc("What to do about it.")]
