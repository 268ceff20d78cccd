"""Agreed prices, in the one shape in which quotes, orders, handoffs and charges carry them (R454, R458)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.model import Classification, Doc, Model
from domain.money import Money, Percent


class ChargeKind(StrEnum):
    """How often a price component is charged."""

    RECURRING = "RECURRING"
    ONE_TIME = "ONE_TIME"
    USAGE = "USAGE"


class Period(StrEnum):
    """Calendar period of a recurring charge."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Discount(Model):
    """A reduction of a recurring price that lasts for some periods or for good (R273)."""

    percent: Annotated[Percent, Doc("Reduction in percent of the undiscounted amount.", Classification.CONFIDENTIAL)]
    periods: Annotated[int | None, Doc("Number of billing periods it lasts; null lasts for the whole term.")] = None
    evidence_ref: Annotated[str | None, Doc("Approval or promotion the discount rests on (R449).")] = None


class TierMode(StrEnum):
    """How a price that depends on the quantity is applied."""

    GRADUATED = "GRADUATED"
    VOLUME = "VOLUME"


class PriceTier(Model):
    """The price of one unit from some quantity on (R524, R525)."""

    from_quantity: Annotated[int, Field(ge=0), Doc("Quantity from which on the price holds; the first tier has 0.")]
    price: Annotated[Money, Doc("Undiscounted amount for one unit and one period.", Classification.CONFIDENTIAL)]


class PriceComponent(Model):
    """One agreed price of an item, as accepted with the quote; never looked up again (R318, R458)."""

    component_id: Annotated[str, Doc("Identity of the component within its product instance.")]
    kind: Annotated[ChargeKind, Doc("How often it is charged.")]
    price: Annotated[Money, Doc("Undiscounted amount for one unit and one period.", Classification.CONFIDENTIAL)]
    quantity: Annotated[int, Field(ge=1), Doc("Units charged.")] = 1
    period: Annotated[Period | None, Doc("Calendar period of a recurring charge; null otherwise.")] = None
    discounts: Annotated[tuple[Discount, ...], Doc("Agreed reductions in order of application.")] = ()
    price_fingerprint: Annotated[str | None, Doc("Fingerprint of the line price in the accepted quote (R95).")] = None
    billed_through_item_id: Annotated[
        str | None, Doc("Item whose price already includes this component; null bills by itself (R470).")
    ] = None
    tier_mode: Annotated[
        TierMode | None,
        Doc("GRADUATED: each unit costs the price of its own tier; VOLUME: all cost that of the tier reached."),
    ] = None
    tiers: Annotated[tuple[PriceTier, ...], Doc("Prices by quantity, in place of `price`; empty for one price.")] = ()
