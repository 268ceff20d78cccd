"""The record published on `derived.billing-handoff.v1`: whether one component is billed as agreed (R237-R239)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.billing_verdict.verdicts import BillablePolicy, Expectation, PastMark, Verdict
from domain.commercial import ChargeKind, Discount, Period, UsageTier
from domain.derivation import Derivation
from domain.drift.finding import Difference
from domain.model import Classification, Doc, Model
from domain.money import Money
from domain.order_state.states import Action
from domain.product_order.structure import OrderIntent

OWNER = "ordertruth"
AGGREGATE = "BillingHandoffVerdict"


class CommercialBasis(Model):
    """By what one side bills."""

    kind: Annotated[ChargeKind, Doc("How often it is charged.")]
    price: Annotated[Money, Doc("Undiscounted amount for one unit and one period.", Classification.CONFIDENTIAL)]
    period: Annotated[Period | None, Doc("Calendar period of a recurring charge.")] = None
    quantity: Annotated[int, Doc("Units charged.")]
    discounts: Annotated[tuple[Discount, ...], Doc("Reductions with their duration (R273).")] = ()
    tiers: Annotated[tuple[UsageTier, ...], Doc("Steps of a usage price.")] = ()
    price_fingerprint: Annotated[str | None, Doc("Fingerprint of the accepted line price (R95).")] = None
    billing_account_id: Annotated[str | None, Doc("Account that is invoiced.")] = None
    billing_trigger_date: Annotated[datetime | None, Doc("From when on it ought to be billed; null if unknown.")] = None
    starts_on: Annotated[datetime | None, Doc("UTC day since which it is billed so, its beginning.")] = None


class PastMismatch(Model):
    """Days of the past that were not billed as agreed, and were not put right since."""

    mark: Annotated[PastMark, Doc("Why it is past.")]
    verdict: Annotated[Verdict, Doc("What was wrong.")]
    order_id: Annotated[str | None, Doc("Order that said what was expected then.")] = None
    item_id: Annotated[str | None, Doc("Item of that order.")] = None
    exposed_from: Annotated[datetime, Doc("First day.")]
    exposed_until: Annotated[datetime, Doc("Day after the last one.")]
    leakage: Annotated[Money | None, Doc("Agreed and not charged.", Classification.CONFIDENTIAL)] = None
    overbilling: Annotated[Money | None, Doc("Charged and not agreed.", Classification.CONFIDENTIAL)] = None


class BillingHandoffVerdict(Model):
    """What the order makes of billing and what billing does, for one component of one product or one orphan charge."""

    row_key: Annotated[str, Doc("`<product instance>/<component>`, for an orphan `<charge>/charge`.")]
    product_instance_id: Annotated[str, Doc("Installed product.")]
    component_id: Annotated[str, Doc("Price component of the product.")]
    order_id: Annotated[str | None, Doc("Order of the deciding item: the latest completed one, else accepted.")] = None
    item_id: Annotated[str | None, Doc("The deciding item.")] = None
    action: Annotated[Action | None, Doc("What the deciding item does to the product (R305).")] = None
    intent: Annotated[OrderIntent | None, Doc("Business reason of its order (R469).")] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    policy: Annotated[BillablePolicy | None, Doc("Whether it bills by itself; null for an orphan.")] = None
    expectation: Annotated[Expectation, Doc("What is expected of billing at the moment.")]
    verdict: Annotated[Verdict, Doc("What both sides come to; AWAITING while a mismatch may still settle.")]
    pending: Annotated[Verdict | None, Doc("Verdict it comes to if nothing arrives; null unless it waits.")] = None
    also_found: Annotated[tuple[Verdict, ...], Doc("Further mismatches, at the moment or in days past.")] = ()
    since: Annotated[datetime, Doc("When it began to be so; for a mismatch when the row was last good.")]
    settle_deadline: Annotated[datetime | None, Doc("When a mismatch has to be over; null without one.")] = None
    expected: Annotated[CommercialBasis | None, Doc("The agreed side.", Classification.CONFIDENTIAL)] = None
    actual: Annotated[
        CommercialBasis | None, Doc("The charged side; null when nothing is.", Classification.CONFIDENTIAL)
    ] = None
    handed_over: Annotated[bool, Doc("Whether a request of the deciding item to billing stands.")]
    charge_id: Annotated[str | None, Doc("The charge compared, live or the newest.")] = None
    charge_state: Annotated[str | None, Doc("Where that charge stands.")] = None
    live_charge_ids: Annotated[tuple[str, ...], Doc("Every charge that bills the component at the moment.")] = ()
    invoiced_until: Annotated[datetime | None, Doc("Day after the last one that was invoiced.")] = None
    non_billing_reason_id: Annotated[str | None, Doc("Approved reason that excuses the component now (R238).")] = None
    non_billing_code: Annotated[str | None, Doc("Code of that reason.")] = None
    differences: Annotated[tuple[Difference, ...], Doc("Fields that differ.", Classification.CONFIDENTIAL)] = ()
    leakage: Annotated[
        Money | None, Doc("Agreed and not charged so far; null for nothing.", Classification.CONFIDENTIAL)
    ] = None
    overbilling: Annotated[
        Money | None, Doc("Charged and not agreed so far; null for nothing.", Classification.CONFIDENTIAL)
    ] = None
    history: Annotated[tuple[PastMismatch, ...], Doc("Past days that are still at risk, oldest first.")] = ()
    version: Annotated[int, Doc("Rises with what is known of the product.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
