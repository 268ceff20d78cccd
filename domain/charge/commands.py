"""What may be asked of a Charge."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.charge.invoice import Quantity
from domain.command import Command
from domain.commercial import PriceComponent
from domain.model import Model
from domain.money import Money

Text = Annotated[str, Field(min_length=1)]


class _ChargeRequest(Command):
    """The terms of a component as order management handed them over."""

    order_id: Text
    item_id: Text
    product_instance_id: Text
    account_id: Text
    billing_account_id: Text
    component: PriceComponent
    handoff_id: Text | None = None
    billing_trigger_date: AwareDatetime
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None


class ActivateCharge(_ChargeRequest):
    """Begin to charge a component by its accepted terms (R263)."""


class RejectCharge(_ChargeRequest):
    """Record that billing cannot set the charge up."""

    failure_code: Text


class RetryChargeActivation(_ChargeRequest):
    """Begin to charge what was rejected before, with what was wrong put right."""


class AmendCharge(Command):
    """Charge by other accepted terms from a day on; the item is the one that changed them."""

    order_id: Text
    item_id: Text
    component: PriceComponent
    billing_account_id: Text | None = None
    handoff_id: Text | None = None
    billing_trigger_date: AwareDatetime
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None


class CorrectCharge(Command):
    """Put other terms in the place of wrong ones, for the days these counted too; by approval of another (R500)."""

    component: PriceComponent
    billing_account_id: Text | None = None
    billing_trigger_date: AwareDatetime
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None
    approval_ref: Text
    approved_by: Text


class _ChargeChange(Command):
    """A change that an order item brought, when one did."""

    order_id: Text | None = None
    item_id: Text | None = None


class SuspendCharge(_ChargeChange):
    """Stop charging for a while."""

    effective_from: AwareDatetime


class ResumeCharge(_ChargeChange):
    """Charge again."""

    effective_from: AwareDatetime


class TerminateCharge(_ChargeChange):
    """Stop charging for good."""

    effective_until: AwareDatetime


class InvoiceAdjustment(Model):
    """An amount beside what the agreement makes due: a claim above it, or a credit below zero (R276, R277)."""

    amount: Money
    reason_code: Text | None = None
    evidence_ref: Text | None = None


class IssueInvoice(Command):
    """Invoice the charge for some days, or the difference when they were invoiced before (R500, R533, R534).

    What is due comes from the agreed terms alone. `adjustments` go beside it, each with its reason.
    """

    invoice_id: Text
    invoice_number: Text
    period_start: AwareDatetime
    period_end: AwareDatetime
    address_version: Annotated[int, Field(ge=1)]
    usage_quantity: Quantity | None = None
    adjustments: tuple[InvoiceAdjustment, ...] = ()
    tax: Money | None = None
