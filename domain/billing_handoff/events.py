"""The facts a BillingHandoff publishes on `oms.billing-handoffs.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.billing_handoff.states import BillingEffect, HandoffState
from domain.billing_handoff.terms import BillingTerms
from domain.event import OwnerEvent
from domain.model import Doc
from domain.order_state.states import Action
from domain.product_order.structure import OrderIntent

OWNER = "oms"
AGGREGATE = "BillingHandoff"


class BillingHandoffEvent(OwnerEvent):
    """What every BillingHandoff event carries; order and item are those that caused the request."""

    handoff_id: Annotated[str, Doc("Identity of the handoff: product instance and component.")]
    order_id: Annotated[str, Doc("Order whose item was delivered.")]
    item_id: Annotated[str, Doc("The item.")]
    account_id: Annotated[str, Doc("Commercial account of the order.")]
    product_instance_id: Annotated[str, Doc("Installed product that is charged.")]
    component_id: Annotated[str, Doc("Price component within the product instance.")]
    action: Annotated[Action, Doc("What the item did to the product (R305).")]
    effect: Annotated[BillingEffect, Doc("What billing is asked to do.")]
    state: Annotated[HandoffState, Doc("What billing is asked for after this event.")]
    from_state: Annotated[HandoffState | None, Doc("What it was asked for before; null when that stays.")] = None
    to_state: Annotated[HandoffState | None, Doc("What it is asked for now; null when that stays.")] = None


class BillingActivationRequested(BillingHandoffEvent):
    """Billing was asked to begin, change, suspend, resume, renew or end a charge, under exactly the accepted terms."""

    intent: Annotated[OrderIntent, Doc("Business reason of the order (R469).")]
    terms: Annotated[BillingTerms, Doc("The accepted terms; billing infers nothing (R262, R263).")]
    terms_fingerprint: Annotated[str, Doc("Fingerprint of all terms, so that a change on the way shows (R277).")]
    service_activation_date: Annotated[
        datetime, Doc("When the item took effect in the network; not when billing begins (R275).")
    ]
    billing_trigger_date: Annotated[
        datetime, Doc("From when on billing follows this request; never the date of submission (R274, R275).")
    ]
    billing_end_date: Annotated[datetime | None, Doc("Until when it is charged; null unless it ends.")] = None
    supersedes_version: Annotated[int | None, Doc("Version of the request this one takes the place of.")] = None


class BillingActivationWithdrawn(BillingHandoffEvent):
    """The newest request was taken back; what was asked before holds again."""

    withdrawn_version: Annotated[int, Doc("Version of the request that was taken back.")]
    restored_version: Annotated[int | None, Doc("Version of the request that holds again; null when none does.")] = None
    evidence_ref: Annotated[str, Doc("What the withdrawal rests on (R124).")]


EVENTS: tuple[type[BillingHandoffEvent], ...] = (BillingActivationRequested, BillingActivationWithdrawn)
