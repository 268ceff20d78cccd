"""What may be asked of a PriceCalculation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.command import Command
from domain.pricing.price_book import PriceBook
from domain.pricing.terms import PriceRequest


class _AboutQuote(Command):
    """A calculation that begins, for one revision of a quote."""

    quote_id: str
    quote_version: Annotated[int, Field(ge=1)]
    catalog_publication_id: str
    request: PriceRequest


class CalculatePrice(_AboutQuote):
    """Price the lines of a quote from a price book (R286)."""

    price_book: PriceBook


class FailPriceCalculation(_AboutQuote):
    """Record that no price book or no pricing could be reached; nothing is guessed (R392)."""

    failure_code: Annotated[str, Field(pattern=r"^(DOWNSTREAM_TIMEOUT|REFERENCE)_[A-Z_]+$")]


class RecalculatePrice(Command):
    """Try a failed calculation again, with the same request and the price book there is now."""

    price_book: PriceBook
