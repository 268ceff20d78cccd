"""The parts a quote is made of, as snapshots: what was known when it was offered (R482-R489)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.commercial import PriceComponent
from domain.model import Classification, Doc, Model
from domain.money import CurrencyCode, Percent
from domain.order_state.states import Action
from domain.ownership.corrections import CorrectionKind
from domain.pricing.terms import NetCharge
from domain.product_order.structure import Cutoff, Parties
from domain.quote.states import CheckResult, CorrectionStatus

SECRET = Classification.CONFIDENTIAL


class CustomerSnapshot(Model):
    """The customer as they were when the quote was made; CRM stays the owner (R488)."""

    customer_id: Annotated[str, Doc("Identity of the customer in CRM.", SECRET)]
    account_id: Annotated[str, Doc("Commercial account.")]
    display_name: Annotated[str, Doc("Name at that time.", Classification.PII)]
    segment: Annotated[str, Doc("Segment at that time; decides limits and eligibility.")]
    channel: Annotated[str, Doc("Channel it is sold through.")]
    sales_owner_ref: Annotated[str, Doc("Who owns the deal.", SECRET)]
    billing_account_id: Annotated[str, Doc("Account to be invoiced.")]
    eligibility_attributes: Annotated[dict[str, str], Doc("What eligibility was judged from.", SECRET)] = {}


class QuoteTerms(Model):
    """What holds for the whole revision (R454, R455)."""

    parties: Annotated[Parties, Doc("The eight party and account roles.")]
    customer: Annotated[CustomerSnapshot, Doc("The customer at that time.")]
    currency: Annotated[CurrencyCode, Doc("Currency of every price.")]
    term_months: Annotated[int | None, Doc("Contract term in months.")] = None
    region: Annotated[str | None, Doc("Region whose prices apply.")] = None
    promotion_ids: Annotated[tuple[str, ...], Doc("Promotions asked for.")] = ()
    contract_ref: Annotated[str | None, Doc("Contract it is sold under, when there is one already.")] = None
    price_list_ref: Annotated[str | None, Doc("Price list it is priced from.")] = None
    sales_rep_ref: Annotated[str | None, Doc("Sales representative.", SECRET)] = None
    valid_until: Annotated[datetime, AwareDatetime, Doc("Last moment at which it can be accepted and converted.")]


class LineDraft(Model):
    """What a seller puts on a line."""

    line_id: Annotated[str, Doc("Identity of the line within its quote.")]
    line_number: Annotated[int, Field(ge=1), Doc("Line number people see.")]
    parent_line_id: Annotated[str | None, Doc("Bundle the line belongs to; null at the top.")] = None
    depends_on: Annotated[tuple[str, ...], Doc("Lines that must be delivered before this one is begun (R308).")] = ()
    action: Annotated[Action, Doc("What is done to the product (R305).")] = Action.ADD
    quantity: Annotated[int, Field(ge=1, le=1_000_000), Doc("Units.")] = 1
    offering_id: Annotated[str, Doc("Product offering.")]
    offering_version: Annotated[str, Doc("Its version in the catalog publication.")]
    offering_name: Annotated[str, Doc("Its name at that time.", Classification.PUBLIC)]
    specification_id: Annotated[str | None, Doc("Product specification behind the offering.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product it acts on.")] = None
    replaces_product_instance_id: Annotated[str | None, Doc("Installed product a REPLACE ends.")] = None
    configuration: Annotated[dict[str, str], Doc("Chosen characteristic values.", SECRET)] = {}
    expected_usage: Annotated[int | None, Field(ge=0), Doc("Units of usage expected in a period.")] = None
    manual_discount_percent: Annotated[Percent, Field(ge=0, le=100), Doc("What the seller takes off.", SECRET)] = (
        Decimal(0)
    )
    manual_discount_periods: Annotated[int | None, Doc("Periods that lasts; null for good.")] = None
    manual_discount_reason: Annotated[str | None, Doc("Why the seller takes it off.", SECRET)] = None
    billed_through_line_id: Annotated[
        str | None, Doc("Line whose price already includes this one; null bills by itself (R470).")
    ] = None
    fulfillment_policy_ref: Annotated[str | None, Doc("How the line is to be fulfilled.")] = None
    cutoff: Annotated[Cutoff, Doc("From when on its cancellation is refused (R299).")] = Cutoff.COMPLETED


class ScheduledDiscount(Model):
    """One agreed reduction with its duration, so that billing need not infer it (R262, R273)."""

    component_id: Annotated[str, Doc("Price component it reduces.")]
    percent: Annotated[Percent, Doc("Reduction in percent of the undiscounted amount.", SECRET)]
    periods: Annotated[int | None, Doc("Number of billing periods it lasts; null lasts for the whole term.")] = None
    evidence_ref: Annotated[str | None, Doc("Promotion, rule or approval it rests on (R449).")] = None


class PriceOverride(Model):
    """What a seller took off beyond the rules, and on what ground (R301)."""

    percent: Annotated[Percent, Doc("Reduction in percent of the undiscounted amount.", SECRET)]
    reason: Annotated[str | None, Doc("Why, in the seller's words.", SECRET)] = None
    evidence_ref: Annotated[str | None, Doc("Policy that allows it, or case that allowed it.")] = None


class QuoteLine(LineDraft):
    """A line with what became of it; at acceptance every part is there (R487)."""

    bundled_line_ids: Annotated[tuple[str, ...], Doc("Lines chosen as its bundle members.")] = ()
    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of the configuration (R96).")] = None
    price_version: Annotated[str | None, Doc("Price book and version it was priced from.")] = None
    price_components: Annotated[tuple[PriceComponent, ...], Doc("Undiscounted prices with their reductions.")] = ()
    charges: Annotated[tuple[NetCharge, ...], Doc("Net one-time, recurring and estimated usage charges.")] = ()
    discount_schedule: Annotated[tuple[ScheduledDiscount, ...], Doc("Every agreed reduction with its duration.")] = ()
    override: Annotated[PriceOverride | None, Doc("What the seller took off; null when nothing.")] = None
    tax_treatment: Annotated[str | None, Doc("Which taxes the prices contain, and who determines the others.")] = None
    price_fingerprint: Annotated[str | None, Doc("Fingerprint of the line's price (R95).")] = None
    eligibility_result: Annotated[CheckResult, Doc("Whether this customer may have it.")] = CheckResult.NOT_CHECKED
    validation_result: Annotated[CheckResult, Doc("Whether it passed validation.")] = CheckResult.NOT_CHECKED
    selling_override_ref: Annotated[str | None, Doc("Who let an offering out of sale be sold (R282).")] = None
    line_fingerprint: Annotated[str | None, Doc("Fingerprint of the whole line; null before acceptance.")] = None


class Correction(Model):
    """A mistake in what was committed, with both what was there and what should have been (R124, R327)."""

    correction_id: Annotated[str, Doc("Identity of the correction within its quote.")]
    kind: Annotated[CorrectionKind, Doc("What kind of mistake it is.")]
    status: Annotated[CorrectionStatus, Doc("How far it has come.")]
    corrected_version: Annotated[int, Doc("Version of the quote whose event was wrong.")]
    subject: Annotated[str, Doc("What was wrong: the name of a field.")]
    line_id: Annotated[str | None, Doc("Line concerned; null for the quote as a whole.")] = None
    original: Annotated[str, Doc("What was there, and stays there.", Classification.PII)]
    corrected: Annotated[str, Doc("What should have been there.", Classification.PII)]
    justification: Annotated[str, Doc("How it is known.", SECRET)]
    evidence_ref: Annotated[str | None, Doc("What proves it.")] = None
    requested_by: Annotated[str, Doc("Who asked.", SECRET)]
    approved_by: Annotated[str | None, Doc("Who approved; somebody else (R510).", SECRET)] = None
    applied_by: Annotated[str | None, Doc("Who applied it; not the approver.", SECRET)] = None
