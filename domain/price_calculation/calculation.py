"""The state of a PriceCalculation and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass

from domain.model import Model
from domain.price_calculation import events as e
from domain.price_calculation.states import PriceCalculationState
from domain.pricing.terms import PriceRequest


@dataclass(frozen=True, slots=True)
class PriceCalculation:
    """A calculation as CPQ knows it; `price` is there once it came to one."""

    calculation_id: str
    version: int
    state: PriceCalculationState
    account_id: str
    quote_id: str
    quote_version: int
    catalog_publication_id: str
    request: PriceRequest
    attempt: int
    price: e.PriceCalculated | None = None


def evolve(before: PriceCalculation | None, event: Model) -> PriceCalculation:
    """The calculation after an event."""
    if not isinstance(event, e.PriceCalculationEvent):
        message = f"{type(event).__name__} is no event of a PriceCalculation"
        raise TypeError(message)
    price = event if isinstance(event, e.PriceCalculated) else None
    return PriceCalculation(
        calculation_id=event.calculation_id,
        version=event.version,
        state=PriceCalculationState.CALCULATED if price else PriceCalculationState.FAILED,
        account_id=event.account_id,
        quote_id=event.quote_id,
        quote_version=event.quote_version,
        catalog_publication_id=event.catalog_publication_id,
        request=event.request,
        attempt=event.attempt,
        price=price,
    )
