"""From a quote to what pricing is asked, and from pricing's answer to what the quote takes over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from pydantic import AwareDatetime

from domain.commercial import ChargeKind, Period
from domain.errors import Refusal
from domain.model import Model
from domain.money import CurrencyCode, Money, Percent
from domain.price_calculation.calculation import PriceCalculation
from domain.pricing.terms import NetCharge, PricedLine, PriceRequest, PriceRequestLine
from domain.quote.structure import QuoteLine, QuoteTerms


class QuotePrice(Model):
    """The price of a whole quote, without its lines."""

    calculation_id: str
    currency: CurrencyCode
    price_fingerprint: str
    discount_percent: Percent
    discount_limit_percent: Percent
    tax_boundary: str
    expires_at: AwareDatetime

    @property
    def needs_approval(self) -> bool:
        """Whether more was taken off than may be without approval (R288, R532)."""
        return self.discount_percent > self.discount_limit_percent


class Priced(NamedTuple):
    """What a `PriceQuote` carries."""

    price: QuotePrice
    lines: tuple[PricedLine, ...]


def price_request(terms: QuoteTerms, lines: Iterable[QuoteLine], at: datetime) -> PriceRequest:
    """What pricing is asked for these lines at a moment."""
    return PriceRequest(
        currency=terms.currency,
        effective_date=at,
        account_id=terms.parties.account_id,
        segment=terms.customer.segment,
        region=terms.region,
        term_months=terms.term_months,
        promotion_ids=terms.promotion_ids,
        lines=tuple(_request_line(line) for line in lines),
    )


def _request_line(line: QuoteLine) -> PriceRequestLine:
    return PriceRequestLine(
        line_id=line.line_id,
        parent_line_id=line.parent_line_id,
        action=line.action,
        offering_id=line.offering_id,
        quantity=line.quantity,
        configuration=line.configuration,
        configuration_fingerprint=line.configuration_fingerprint,
        expected_usage=line.expected_usage,
        manual_discount_percent=line.manual_discount_percent,
        manual_discount_periods=line.manual_discount_periods,
        manual_discount_reason=line.manual_discount_reason,
    )


def priced(calculation: PriceCalculation) -> Priced:
    """What the quote takes over of a calculation.

    Raises `Refusal` for one that came to no price: nothing is guessed (R392).
    """
    found = calculation.price
    if found is None:
        message = f"Calculation {calculation.calculation_id} came to no price."
        raise Refusal("STATE_NOT_PRICED", message, remediation="Calculate again.", stage="COMMERCIAL")
    price = QuotePrice(
        calculation_id=calculation.calculation_id,
        currency=found.currency,
        price_fingerprint=found.price_fingerprint,
        discount_percent=found.discount_percent,
        discount_limit_percent=found.discount_limit_percent,
        tax_boundary=found.tax_boundary,
        expires_at=found.expires_at,
    )
    return Priced(price, found.lines)


def total_charges(lines: Iterable[QuoteLine], currency: str) -> tuple[NetCharge, ...]:
    """What the lines come to, by kind and period; members another line pays for are in that line's price already."""
    sums: dict[tuple[ChargeKind, Period | None], Decimal] = {}
    for line in lines:
        for charge in () if line.billed_through_line_id else line.charges:
            key = (charge.kind, charge.period)
            sums[key] = sums.get(key, Decimal(0)) + charge.amount.amount
    return tuple(
        NetCharge(kind=kind, period=period, amount=Money(amount=amount, currency=currency))
        for (kind, period), amount in sums.items()
    )
