"""Rounding of amounts that are charged (R531)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from domain.currency import EXPONENTS
from domain.money import Money

ROUNDING_MODE = "HALF_EVEN"

_USUAL_DIGITS = 2


def rounded(amount: Decimal, currency: str) -> Money:
    """The amount at the currency's minor unit, halves to the even digit."""
    unit = Decimal(1).scaleb(-EXPONENTS.get(currency, _USUAL_DIGITS))
    return Money(amount=amount.quantize(unit, ROUND_HALF_EVEN), currency=currency)
