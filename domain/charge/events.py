"""The facts a Charge publishes on `billing.charges.v1` (R262, R263, R273-R277)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.charge.invoice import InvoiceDocument, InvoiceLine, Quantity
from domain.charge.states import ChargeState
from domain.commercial import PriceComponent
from domain.model import Classification, Doc, Model
from domain.money import Money

OWNER = "billing"
AGGREGATE = "Charge"


class ChargeEvent(Model):
    """What every Charge event carries."""

    charge_id: Annotated[str, Doc("Identity of the charge.")]
    order_id: Annotated[str, Doc("Order whose item the current terms come from.")]
    item_id: Annotated[str, Doc("That item.")]
    product_instance_id: Annotated[str, Doc("Installed product that is charged.")]
    component_id: Annotated[str, Doc("Price component of the product that is charged.")]
    account_id: Annotated[str, Doc("Commercial account.")]
    version: Annotated[int, Doc("Version of the charge after this event, contiguous from 1.")]
    state: Annotated[ChargeState, Doc("State after this event.")]
    from_state: Annotated[ChargeState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[ChargeState | None, Doc("State it entered; null when the state stayed.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Who or which system decided.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it happened.")]


class ChargeBasisEvent(ChargeEvent):
    """What an event says that puts terms into force; the whole basis, so that none has to be looked up (R263)."""

    billing_account_id: Annotated[str, Doc("Account that is invoiced.")]
    component: Annotated[PriceComponent, Doc("The agreed price, as it was handed over (R262).")]
    handoff_id: Annotated[str | None, Doc("Billing handoff it rests on; null without one.")] = None
    billing_trigger_date: Annotated[datetime, Doc("From when on the agreement says it is billed (R275).")]
    effective_from: Annotated[datetime, Doc("From when on billing charges these terms; the whole UTC day counts.")]
    effective_until: Annotated[datetime | None, Doc("When the terms end by agreement; null when open.")] = None


class ChargeActivated(ChargeBasisEvent):
    """Billing charges the component from its effective date on."""


class ChargeAmended(ChargeBasisEvent):
    """Other terms hold from their effective date on."""

    corrects_former_terms: Annotated[
        bool, Doc("True when the former terms were wrong from their beginning, false when they just end.")
    ] = False
    approval_ref: Annotated[str | None, Doc("Governance record that approved a correction.")] = None
    approved_by: Annotated[str | None, Doc("Who approved a correction.", Classification.CONFIDENTIAL)] = None


class ChargeSuspended(ChargeEvent):
    """Nothing is billed from the effective date on, until it is resumed."""

    effective_from: Annotated[datetime, Doc("First UTC day that is not billed.")]


class ChargeResumed(ChargeEvent):
    """It is billed again from the effective date on."""

    effective_from: Annotated[datetime, Doc("First UTC day that is billed again.")]


class ChargeTerminated(ChargeEvent):
    """It is billed no more."""

    effective_until: Annotated[datetime, Doc("First UTC day that is not billed any more.")]


class ChargeRejected(ChargeBasisEvent):
    """Billing could not set the charge up; the terms are those that were asked for."""

    failure_code: Annotated[str, Doc("Stable code of the failure.")]


class Proration(Model):
    """How much of a time is billed, as an exact fraction."""

    billed_days: Annotated[int, Doc("Days that are billed.")]
    period_days: Annotated[int, Doc("Days the invoiced time has.")]


class InvoiceIssued(ChargeEvent):
    """The charge was invoiced for some days, or an earlier invoice for them was corrected by a difference (R500)."""

    invoice_id: Annotated[str, Doc("Identity of the invoice position.")]
    invoice_number: Annotated[str, Doc("Number of the document it is printed on.")]
    document: Annotated[InvoiceDocument, Doc("Whether it claims or credits.")]
    corrects_invoice_id: Annotated[str | None, Doc("Position it corrects; null for a first one.")] = None
    billing_account_id: Annotated[str, Doc("Account that is invoiced.")]
    address_version: Annotated[int, Field(ge=1), Doc("Version of the account's address it was sent to (R268).")]
    period_start: Annotated[datetime, Doc("First UTC day it is for.")]
    period_end: Annotated[datetime, Doc("Day after the last one it is for.")]
    proration: Annotated[Proration | None, Doc("Share of the days that is billed; null for one-time and usage.")] = None
    usage_quantity: Annotated[Quantity | None, Doc("What was used; null unless the charge is for usage.")] = None
    lines: Annotated[tuple[InvoiceLine, ...], Doc("The amounts it is made of.")]
    agreed: Annotated[Money, Doc("What the agreement makes due, less what was claimed.", Classification.CONFIDENTIAL)]
    amount: Annotated[Money, Doc("What is claimed or, below zero, credited; tax aside.", Classification.CONFIDENTIAL)]
    tax: Annotated[Money | None, Doc("Tax on it, from the tax engine.", Classification.CONFIDENTIAL)] = None


EVENTS: tuple[type[ChargeEvent], ...] = (
    ChargeActivated,
    ChargeAmended,
    ChargeSuspended,
    ChargeResumed,
    ChargeTerminated,
    ChargeRejected,
    InvoiceIssued,
)
