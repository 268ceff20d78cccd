"""What may be asked of a BillingHandoff; `aggregate_id` is `handoff_id_of` product instance and component."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.billing_handoff.states import BillingEffect
from domain.billing_handoff.terms import BillingTerms
from domain.command import Command
from domain.order_state.states import Action
from domain.product_order.structure import OrderIntent

_Said = Annotated[str, Field(pattern=r"\S")]


class BillingRequest(Command):
    """What every request to billing says."""

    order_id: _Said
    item_id: _Said
    account_id: _Said
    product_instance_id: _Said
    action: Action
    effect: BillingEffect
    intent: OrderIntent
    terms: BillingTerms
    service_activation_date: AwareDatetime
    billing_trigger_date: AwareDatetime
    billing_end_date: AwareDatetime | None = None


class RequestBillingActivation(BillingRequest):
    """Ask billing for the first time about a component of a product."""


class RequestBillingChange(BillingRequest):
    """Ask billing again about a component it was asked about before."""


class WithdrawBillingActivation(Command):
    """Take the newest request back, which was the given item's; needs a reason."""

    order_id: _Said
    item_id: _Said
    evidence_ref: _Said
