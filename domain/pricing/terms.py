"""What is asked of pricing and what it answers; both are published with the calculation (R99, R286)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.commercial import ChargeKind, Period, PriceComponent
from domain.model import Classification, Doc, Model
from domain.money import CurrencyCode, Money, Percent
from domain.order_state.states import Action
from domain.product_order.structure import Finding

SECRET = Classification.CONFIDENTIAL


class PriceRequestLine(Model):
    """One line to be priced."""

    line_id: Annotated[str, Doc("Line of the quote.")]
    parent_line_id: Annotated[str | None, Doc("Bundle the line belongs to; null at the top.")] = None
    action: Annotated[Action, Doc("What is done to the product; what brings nothing new costs nothing.")] = Action.ADD
    offering_id: Annotated[str, Doc("Product offering.")]
    quantity: Annotated[int, Field(ge=1), Doc("Units.")] = 1
    configuration: Annotated[dict[str, str], Doc("Chosen characteristic values.", SECRET)] = {}
    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of the configuration that is priced (R96).")] = (
        None
    )
    expected_usage: Annotated[int | None, Field(ge=0), Doc("Units of usage expected in a period; null unknown.")] = None
    manual_discount_percent: Annotated[
        Percent, Field(ge=0, le=100), Doc("What the seller takes off recurring and one-time prices.", SECRET)
    ] = Decimal(0)
    manual_discount_periods: Annotated[int | None, Doc("Periods the seller's reduction lasts; null for good.")] = None
    manual_discount_reason: Annotated[str | None, Doc("Why the seller takes it off.", SECRET)] = None


class PriceRequest(Model):
    """Everything a price depends on besides the price book (R286)."""

    currency: Annotated[CurrencyCode, Doc("Currency to price in.")]
    effective_date: Annotated[datetime, AwareDatetime, Doc("The moment prices are taken for.")]
    account_id: Annotated[str, Doc("Account that may have contracted prices.")]
    segment: Annotated[str | None, Doc("Customer segment at that time.")] = None
    region: Annotated[str | None, Doc("Region whose prices apply.")] = None
    term_months: Annotated[int | None, Doc("Contract term asked for, in months.")] = None
    promotion_ids: Annotated[tuple[str, ...], Doc("Promotions asked for.")] = ()
    lines: Annotated[tuple[PriceRequestLine, ...], Doc("What is priced.")]


class TraceStep(StrEnum):
    """What a line of a price trace did (R113)."""

    LIST_PRICE = "LIST_PRICE"
    REGIONAL_PRICE = "REGIONAL_PRICE"
    CONTRACTED_PRICE = "CONTRACTED_PRICE"
    VOLUME_DISCOUNT = "VOLUME_DISCOUNT"
    BUNDLE_DISCOUNT = "BUNDLE_DISCOUNT"
    PROMOTION = "PROMOTION"
    PROMOTION_EXCLUDED = "PROMOTION_EXCLUDED"
    PROMOTION_NOT_IN_FORCE = "PROMOTION_NOT_IN_FORCE"
    MANUAL_DISCOUNT = "MANUAL_DISCOUNT"
    USAGE_ESTIMATE = "USAGE_ESTIMATE"
    NET_CHARGE = "NET_CHARGE"
    NOT_PRICED = "NOT_PRICED"


class TraceLine(Model):
    """One step of the calculation, in order."""

    line_id: Annotated[str | None, Doc("Line it concerns; null for all.")] = None
    component_id: Annotated[str | None, Doc("Component it concerns; null for all.")] = None
    step: Annotated[TraceStep, Doc("What was done.")]
    rule: Annotated[str | None, Doc("Rule that said so, with its version.")] = None
    percent: Annotated[Percent | None, Doc("Reduction in percent of the undiscounted amount.", SECRET)] = None
    before: Annotated[Money | None, Doc("Amount for all units before the step.", SECRET)] = None
    after: Annotated[Money | None, Doc("Amount for all units after the step.", SECRET)] = None
    note: Annotated[str | None, Doc("Why, in words, where the step alone does not say.")] = None


class NetCharge(Model):
    """What a line costs of one kind, all reductions taken off, rounded at the minor unit."""

    kind: Annotated[ChargeKind, Doc("How often it is charged; usage is an estimate.")]
    period: Annotated[Period | None, Doc("Calendar period of a recurring charge.")] = None
    amount: Annotated[Money, Doc("Sum of the rounded components.", SECRET)]


class PricedLine(Model):
    """The price of one line: agreed terms, and what they come to."""

    line_id: Annotated[str, Doc("Line of the quote.")]
    configuration_fingerprint: Annotated[str | None, Doc("Fingerprint of the configuration that was priced.")] = None
    price_version: Annotated[str, Doc("Price book and its version.")]
    components: Annotated[tuple[PriceComponent, ...], Doc("Agreed prices with their reductions.")] = ()
    charges: Annotated[tuple[NetCharge, ...], Doc("Net one-time, recurring and estimated usage charges.")] = ()
    manual_discount_percent: Annotated[Percent, Doc("What the seller took off.", SECRET)] = Decimal(0)
    override_reason: Annotated[str | None, Doc("Why the seller took it off.", SECRET)] = None
    override_evidence_ref: Annotated[str | None, Doc("Policy that allows it; null where approval must.")] = None
    price_fingerprint: Annotated[str, Doc("Fingerprint of the line's price (R95).")]


class PriceResult(Model):
    """The answer of pricing: either lines and a fingerprint, or blocking errors and no price at all (R392)."""

    lines: Annotated[tuple[PricedLine, ...], Doc("The priced lines; empty when an error blocks.")] = ()
    price_fingerprint: Annotated[str | None, Doc("Fingerprint of all prices; null when an error blocks.")] = None
    discount_percent: Annotated[Percent, Doc("Largest reduction a seller took off a line.", SECRET)]
    discount_limit_percent: Annotated[Percent, Doc("What may be taken off without approval.", SECRET)]
    rule_versions: Annotated[dict[str, str], Doc("Version of each rule that was used, by its id.")]
    trace: Annotated[tuple[TraceLine, ...], Doc("Every step in order.")]
    warnings: Annotated[tuple[Finding, ...], Doc("What to look at; nothing here blocks.")] = ()
    errors: Annotated[tuple[Finding, ...], Doc("Why there is no price.")] = ()
    expires_at: Annotated[datetime, Doc("Until when the price may be accepted without being calculated again.")]
    input_fingerprint: Annotated[str, Doc("Fingerprint of the request and the price book.")]
    output_fingerprint: Annotated[str, Doc("Fingerprint of lines, trace, warnings and errors.")]

    @property
    def needs_approval(self) -> bool:
        """Whether more was taken off than the seller may (R288, R532)."""
        return self.discount_percent > self.discount_limit_percent
