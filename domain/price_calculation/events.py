"""The facts a PriceCalculation publishes on `cpq.price-calculations.v1` (R8, R99, R286)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.event import OwnerEvent
from domain.model import Classification, Doc
from domain.money import CurrencyCode, Percent
from domain.price_calculation.states import PriceCalculationState
from domain.pricing.terms import PricedLine, PriceRequest, TraceLine
from domain.product_order.structure import Finding

OWNER = "cpq"
AGGREGATE = "PriceCalculation"


class PriceCalculationEvent(OwnerEvent):
    """What every PriceCalculation event carries."""

    calculation_id: Annotated[str, Doc("Identity of the calculation.")]
    state: Annotated[PriceCalculationState, Doc("State after this event.")]
    from_state: Annotated[PriceCalculationState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[PriceCalculationState | None, Doc("State it entered; null when the state stayed.")] = None
    account_id: Annotated[str, Doc("Account the prices are for.")]
    quote_id: Annotated[str, Doc("Quote that is priced.")]
    quote_version: Annotated[int, Doc("Its revision.")]
    catalog_publication_id: Annotated[str, Doc("Catalog publication the offerings are of.")]
    attempt: Annotated[int, Doc("Which try this is, from 1.")]
    request: Annotated[PriceRequest, Doc("What was asked for: the inputs of the calculation.")]
    currency: Annotated[CurrencyCode, Doc("Currency of every amount.")]
    rounding_mode: Annotated[str, Doc("How amounts are rounded at the currency's minor unit.")]
    effective_date: Annotated[datetime, Doc("The moment prices were taken for.")]
    tax_boundary: Annotated[str, Doc("Which taxes the prices contain, and who determines the others.")]
    price_book_id: Annotated[str | None, Doc("Price book; null when none could be reached.")] = None
    price_book_version: Annotated[str | None, Doc("Its version.")] = None
    input_fingerprint: Annotated[str, Doc("Fingerprint of the request and of the price book that was reached.")]
    rule_versions: Annotated[dict[str, str], Doc("Version of each rule that was used, by its id.")] = {}
    trace: Annotated[tuple[TraceLine, ...], Doc("Every step of the calculation in order.")] = ()
    warnings: Annotated[tuple[Finding, ...], Doc("What to look at; nothing here blocks.")] = ()
    errors: Annotated[tuple[Finding, ...], Doc("Why there is no price; empty when there is one.")] = ()


class PriceCalculated(PriceCalculationEvent):
    """Every line has a price."""

    lines: Annotated[tuple[PricedLine, ...], Doc("The priced lines.")]
    price_fingerprint: Annotated[str, Doc("Fingerprint of all prices (R95).")]
    discount_percent: Annotated[
        Percent, Doc("Largest reduction a seller took off a line.", Classification.CONFIDENTIAL)
    ]
    discount_limit_percent: Annotated[
        Percent, Doc("What may be taken off without approval.", Classification.CONFIDENTIAL)
    ]
    output_fingerprint: Annotated[str, Doc("Fingerprint of lines, trace and warnings.")]
    replay_token: Annotated[str, Doc("Names the price book and the inputs from which the result can be repeated.")]
    expires_at: Annotated[datetime, Doc("Until when the price may be accepted without being calculated again.")]


class PriceCalculationFailed(PriceCalculationEvent):
    """There is no price, and none was guessed (R392)."""

    failure_code: Annotated[str, Doc("Stable code of the first reason.")]
    retryable: Annotated[bool, Doc("Whether asking again with the same request can help.")]


EVENTS: tuple[type[PriceCalculationEvent], ...] = (PriceCalculated, PriceCalculationFailed)
