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


class UsageTier(Model):
    """One step of a usage price; each unit costs what the step it falls into says (R524)."""

    up_to: Annotated[int | None, Field(ge=1), Doc("Last unit of the step in a period; null has no end.")] = None
    price: Annotated[Money, Doc("Amount for one unit.", Classification.CONFIDENTIAL)]


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
    tiers: Annotated[tuple[UsageTier, ...], Doc("Steps of a usage price; empty when every unit costs the same.")] = ()
