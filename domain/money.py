"""Money: an exact decimal with its currency, never a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from domain.model import Doc, Model

MONEY_PRECISION = 20
MONEY_SCALE = 4

Amount = Annotated[Decimal, Field(max_digits=MONEY_PRECISION, decimal_places=MONEY_SCALE)]
Percent = Annotated[Decimal, Field(max_digits=7, decimal_places=4)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Money(Model):
    """An amount in a currency."""

    amount: Annotated[Amount, Doc("The amount in major units, exact.")]
    currency: Annotated[CurrencyCode, Doc("ISO 4217 code of the currency.")]
