"""Rounding of amounts that are charged (R531)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from domain.money import Money

ROUNDING_MODE = "HALF_EVEN"

MINOR_UNIT_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XAF"), 0),
    **dict.fromkeys(("XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Digits after the point of the currencies that have not two (ISO 4217)."""
_USUAL_DIGITS = 2


def rounded(amount: Decimal, currency: str) -> Money:
    """The amount at the currency's minor unit, halves to the even digit."""
    unit = Decimal(1).scaleb(-MINOR_UNIT_DIGITS.get(currency, _USUAL_DIGITS))
    return Money(amount=amount.quantize(unit, ROUND_HALF_EVEN), currency=currency)
