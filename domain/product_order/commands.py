"""What may be asked of a ProductOrder (R55, R56, R63, R67): business transitions, never field updates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.command import Command
from domain.order_state.states import ItemState, Repair
from domain.product_order.structure import (
    Commercial,
    Contact,
    DocumentRef,
    OrderIntent,
    OrderItem,
    OrderType,
    Parties,
    RequestedDates,
)
from domain.product_order.validation import ValidationContext


class CreateProductOrder(Command):
    """Capture an order as a draft; without an idempotency key one is made from the source's own ids (R312, R478)."""

    order_number: str
    order_type: OrderType
    intent: OrderIntent
    quote_id: str | None = None
    quote_version: int | None = None
    catalog_publication_id: str | None = None
    source_request_id: str | None = None
    external_order_id: str | None = None
    external_order_version: str | None = None
    external_references: Mapping[str, str] = {}
    commercial: Commercial
    parties: Parties
    dates: RequestedDates = RequestedDates()
    items: tuple[OrderItem, ...]
    source_payload_hash: str | None = None


class AmendProductOrder(Command):
    """Replace the lines of a draft (R62)."""

    items: tuple[OrderItem, ...]


class SubmitProductOrder(Command):
    """Make a draft binding (R58, R150)."""


class StartProductOrderValidation(Command):
    """Begin staged validation."""


class CompleteProductOrderValidation(Command):
    """Run the stages on what is known; blocking findings reject the order (R151)."""

    context: ValidationContext


class AcceptProductOrder(Command):
    """Accept for execution; an order that is not validated yet is validated now, from `context` (R151)."""

    context: ValidationContext | None = None


class RejectProductOrder(Command):
    """Turn the order down by decision, before acceptance (R139)."""


class StartProductOrderDecomposition(Command):
    """Begin to turn the items into work."""


class CompleteProductOrderDecomposition(Command):
    """Record the plan the items were turned into (R314)."""

    plan_id: str
    rules_version: str


class FailProductOrderDecomposition(Command):
    """Record that the items could not be turned into work; needs a person (R444)."""

    rules_version: str
    failure_code: str


class StartProductOrderItem(Command):
    """Begin work on an item whose dependencies are complete (R308)."""

    item_id: str


class HoldProductOrderItem(Command):
    """Record that an item waits for somebody outside (R141)."""

    item_id: str
    waiting_for: str


class CompleteProductOrderItem(Command):
    """Record that an item was delivered."""

    item_id: str
    service_activation_date: datetime | None = None


class FailProductOrderItem(Command):
    """Record that work on an item failed, and who can mend it (R146-R149)."""

    item_id: str
    repair: Repair
    failure_code: str


class RaiseProductOrderFallout(Command):
    """Record that execution left its path, for an item or for the whole order."""

    fallout_id: str
    item_id: str | None = None
    repair: Repair
    failure_code: str


class ResolveProductOrderFallout(Command):
    """Record a repair with its evidence (R123)."""

    fallout_id: str
    item_state: ItemState | None = None
    repair_ref: Annotated[str, Field(min_length=1)]


class CancelProductOrder(Command):
    """Ask to stop the whole order, or some items with their bundle members (R59, R471)."""

    item_ids: tuple[str, ...] = ()


class RefuseProductOrderCancellation(Command):
    """Decide that it is too late to stop (R147)."""

    item_ids: tuple[str, ...] = ()


class CancelProductOrderItem(Command):
    """Record that an item asked to stop has stopped."""

    item_id: str


class AddOrderNote(Command):
    """Put a note on the order."""

    note: Annotated[str, Field(min_length=1, max_length=4000)]


class AttachOrderDocument(Command):
    """Attach a document by reference; always allowed (R61)."""

    document: DocumentRef


class UpdateRequestedDate(Command):
    """Change the dates asked for."""

    dates: RequestedDates


class UpdateContactDetails(Command):
    """Change whom to talk to (R60)."""

    contact: Contact


class CloseProductOrderAsFailed(Command):
    """Close an order that failed, by a business decision (R140)."""
