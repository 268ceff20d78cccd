"""Money: an exact decimal with its currency, never a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from domain.model import Doc, Model

MONEY_PRECISION = 20
MONEY_SCALE = 4


def _exact(value: object) -> object:
    """A float has lost the exact amount before it gets here."""
    if isinstance(value, float):
        message = "write an exact amount as a string such as '349.00', not as a floating-point number"
        raise ValueError(message)
    return value


Exact = Annotated[Decimal, BeforeValidator(_exact)]
Amount = Annotated[Exact, Field(max_digits=MONEY_PRECISION, decimal_places=MONEY_SCALE)]
Percent = Annotated[Exact, Field(max_digits=7, decimal_places=4)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Money(Model):
    """An amount in a currency."""

    amount: Annotated[Amount, Doc("The amount in major units, exact.")]
    currency: Annotated[CurrencyCode, Doc("ISO 4217 code of the currency.")]
