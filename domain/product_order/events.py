"""The facts a ProductOrder publishes on `oms.product-orders.v1` (R29-R41, R100-R104)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.model import Classification, Doc, Model
from domain.order_state.states import HeaderState, ItemState, Repair
from domain.product_order.structure import (
    Commercial,
    Contact,
    DocumentRef,
    Finding,
    OrderIntent,
    OrderItem,
    OrderType,
    Parties,
    RequestedDates,
)

OWNER = "oms"
AGGREGATE = "ProductOrder"


class ProductOrderEvent(Model):
    """What every ProductOrder event carries (R100-R104)."""

    order_id: Annotated[str, Doc("Identity of the order, independent of quotes, carts and tasks (R304).")]
    order_number: Annotated[str, Doc("Number people know the order by.", Classification.PUBLIC)]
    version: Annotated[int, Doc("Version of the order after this event, contiguous from 1.")]
    state: Annotated[HeaderState, Doc("Header state after this event, by the published fold.")]
    from_state: Annotated[HeaderState | None, Doc("Header state it left; null when it left none.")] = None
    to_state: Annotated[HeaderState | None, Doc("Header state it entered; null when the state stayed.")] = None
    account_id: Annotated[str, Doc("Commercial account of the order.")]
    quote_id: Annotated[str | None, Doc("Accepted quote; null for an order without one.")] = None
    quote_version: Annotated[int | None, Doc("Version of the quote that was converted.")] = None
    catalog_publication_id: Annotated[str | None, Doc("Catalog publication the offer was made from.")] = None
    changed_item_ids: Annotated[tuple[str, ...], Doc("Items this event changed.")] = ()
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Who or which system decided.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it happened.")]


class ItemEvent(ProductOrderEvent):
    """What every event about one item carries besides."""

    item_id: Annotated[str, Doc("The item it is about.")]
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None


class ProductOrderCreated(ProductOrderEvent):
    """An order was captured as a draft."""

    source_system: Annotated[str, Doc("System the order came from.")]
    source_channel: Annotated[str, Doc("Channel it was sold through.")]
    external_references: Annotated[dict[str, str], Doc("Its names in other systems, by system.")] = {}
    idempotency_key_hash: Annotated[str, Doc("Hash of the key that keeps a repeated request from a second order.")]
    payload_fingerprint: Annotated[str, Doc("Fingerprint of what was asked for (R479).")]
    order_type: Annotated[OrderType, Doc("Lifecycle category.")]
    intent: Annotated[OrderIntent, Doc("Business reason; decides whether it bills.")]
    commercial: Annotated[Commercial, Doc("Agreed terms of the whole order.")]
    parties: Annotated[Parties, Doc("The eight party and account roles.")]
    dates: Annotated[RequestedDates, Doc("Dates asked for and promised.")]
    items: Annotated[tuple[OrderItem, ...], Doc("The ordered lines.")]
    source_payload_hash: Annotated[str | None, Doc("Hash of the request as received, kept as evidence (R126).")] = None


class ProductOrderSubmitted(ProductOrderEvent):
    """The draft became binding for its sender."""


class ProductOrderValidationStarted(ProductOrderEvent):
    """Staged validation began."""


class ProductOrderValidated(ProductOrderEvent):
    """Every validation stage passed, perhaps with warnings."""

    findings: Annotated[tuple[Finding, ...], Doc("Warnings; nothing here blocks.")] = ()


class ProductOrderAccepted(ProductOrderEvent):
    """OMS accepted the order for execution; the items are complete from here on."""

    intent: Annotated[OrderIntent, Doc("Business reason; decides whether it bills.")]
    parties: Annotated[Parties, Doc("The eight party and account roles.")]
    items: Annotated[tuple[OrderItem, ...], Doc("The accepted lines with their product instances.")]
    findings: Annotated[tuple[Finding, ...], Doc("Warnings that went with it.")] = ()


class ProductOrderRejected(ProductOrderEvent):
    """The order was never accepted for execution (R139)."""

    findings: Annotated[tuple[Finding, ...], Doc("Why, stage by stage (R206).")] = ()


class ProductOrderDecompositionStarted(ProductOrderEvent):
    """OMS began to turn the items into work."""


class ProductOrderDecomposed(ProductOrderEvent):
    """The items were turned into a plan, traceably and repeatably (R296, R314)."""

    plan_id: Annotated[str, Doc("Fulfillment plan that came of it.")]
    rules_version: Annotated[str, Doc("Version of the decomposition rules.")]


class ProductOrderDecompositionFailed(ProductOrderEvent):
    """The items could not be turned into work."""

    rules_version: Annotated[str, Doc("Version of the decomposition rules.")]
    findings: Annotated[tuple[Finding, ...], Doc("Why.")] = ()


class ProductOrderItemStarted(ItemEvent):
    """Work on an item began."""


class ProductOrderItemPendingExternal(ItemEvent):
    """The item waits for somebody outside."""

    waiting_for: Annotated[str, Doc("Whom or what it waits for.")]


class ProductOrderItemCompleted(ItemEvent):
    """The item was delivered."""

    service_activation_date: Annotated[datetime | None, Doc("When the service went live (R275).")] = None


class ProductOrderItemFailed(ItemEvent):
    """Work on the item failed."""

    repair: Annotated[Repair, Doc("Who can mend it.")]
    failure_code: Annotated[str, Doc("Stable code of the failure.")]


class ProductOrderItemCancelled(ItemEvent):
    """The item will not be delivered."""


class ProductOrderFalloutRaised(ProductOrderEvent):
    """Execution left its path and needs attention."""

    fallout_id: Annotated[str, Doc("Identity of the fallout within its order.")]
    item_id: Annotated[str | None, Doc("Item concerned; null when the order as a whole is.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None
    repair: Annotated[Repair, Doc("Who can mend it.")]
    failure_code: Annotated[str, Doc("Stable code of the failure.")]


class ProductOrderFalloutResolved(ProductOrderEvent):
    """The fallout was mended, and execution goes on."""

    fallout_id: Annotated[str, Doc("Identity of the fallout within its order.")]
    item_id: Annotated[str | None, Doc("Item concerned; null when the order as a whole was.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None
    item_state: Annotated[ItemState | None, Doc("State the item goes on in; null for the whole order.")] = None
    repair_ref: Annotated[str, Doc("Evidence of the repair (R123).")]


class ProductOrderCancellationRequested(ProductOrderEvent):
    """Somebody asked to stop the order or some of its items."""

    item_ids: Annotated[tuple[str, ...], Doc("Items to stop, bundle members included; empty means all.")] = ()


class ProductOrderCancellationRefused(ProductOrderEvent):
    """It was too late to stop; delivery goes on (R147)."""

    item_ids: Annotated[tuple[str, ...], Doc("Items that go on; empty means all.")] = ()


class ProductOrderCancelled(ProductOrderEvent):
    """The order was stopped; nothing more will be delivered (R138)."""


class ProductOrderAmended(ProductOrderEvent):
    """A draft's commercial lines were changed (R62)."""

    items: Annotated[tuple[OrderItem, ...], Doc("All lines as they are from now on.")]


class DetailKind(StrEnum):
    """The changes allowed after submission (R480)."""

    NOTE = "NOTE"
    DOCUMENT = "DOCUMENT"
    REQUESTED_DATE = "REQUESTED_DATE"
    CONTACT = "CONTACT"


class ProductOrderDetailsUpdated(ProductOrderEvent):
    """Something of low risk changed: a note, a document, a date, a contact (R480)."""

    kind: Annotated[DetailKind, Doc("Which of the allowed changes it is.")]
    note: Annotated[str | None, Doc("Text of a note.", Classification.CONFIDENTIAL)] = None
    document: Annotated[DocumentRef | None, Doc("Attached document.")] = None
    dates: Annotated[RequestedDates | None, Doc("The dates as they are from now on.")] = None
    contact: Annotated[Contact | None, Doc("The contact from now on.")] = None


class ProductOrderCompleted(ProductOrderEvent):
    """Every executable item was delivered or taken out (R137)."""


class ProductOrderFailedClosed(ProductOrderEvent):
    """The order failed and was closed by a business decision (R140)."""


EVENTS: tuple[type[ProductOrderEvent], ...] = (
    ProductOrderCreated,
    ProductOrderSubmitted,
    ProductOrderValidationStarted,
    ProductOrderValidated,
    ProductOrderAccepted,
    ProductOrderRejected,
    ProductOrderDecompositionStarted,
    ProductOrderDecomposed,
    ProductOrderDecompositionFailed,
    ProductOrderItemStarted,
    ProductOrderItemPendingExternal,
    ProductOrderItemCompleted,
    ProductOrderItemFailed,
    ProductOrderItemCancelled,
    ProductOrderFalloutRaised,
    ProductOrderFalloutResolved,
    ProductOrderCancellationRequested,
    ProductOrderCancellationRefused,
    ProductOrderCancelled,
    ProductOrderAmended,
    ProductOrderDetailsUpdated,
    ProductOrderCompleted,
    ProductOrderFailedClosed,
)
