"""What an invoice says, and what is due by the agreed terms: exact, by days, never guessed (R262, R276, R521-R525).

Lines are rounded one by one and the total is their sum, so that an invoice adds up as it is read
(docs/adr/0048-invoice-lines-are-rounded-one-by-one.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from domain.billing_calendar import MONTHS, Days, later, midnight, periods_in
from domain.charge.schedule import Basis, Schedule
from domain.commercial import ChargeKind, PriceComponent
from domain.currency import rounded
from domain.model import Classification, Doc, Model
from domain.money import Exact, Money, Percent

Quantity = Annotated[Exact, Field(max_digits=20, decimal_places=6, ge=0)]
"""Units charged or used; usage may come in fractions."""


class InvoiceDocument(StrEnum):
    """What is sent to the customer: a claim, or a credit that corrects an earlier claim (R500)."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"


class LineKind(StrEnum):
    """Why a line is on an invoice. REVERSAL takes back what was claimed before for the same days."""

    RECURRING = "RECURRING"
    ONE_TIME = "ONE_TIME"
    USAGE = "USAGE"
    REVERSAL = "REVERSAL"
    ADJUSTMENT = "ADJUSTMENT"


class InvoiceLine(Model):
    """One amount of an invoice and how it came about."""

    kind: Annotated[LineKind, Doc("Why the line is there.")]
    covers_from: Annotated[datetime, Doc("First day it is for.")]
    covers_until: Annotated[datetime, Doc("Day after the last one it is for.")]
    days: Annotated[int | None, Doc("Days charged of the calendar period; null when it is not charged by days.")] = None
    period_days: Annotated[int | None, Doc("Days the calendar period has; null like `days`.")] = None
    quantity: Annotated[Quantity, Doc("Units charged.")] = Decimal(1)
    discount_percent: Annotated[Percent, Doc("Reduction in force.", Classification.CONFIDENTIAL)] = Decimal(0)
    amount: Annotated[Money, Doc("What the line comes to, tax aside.", Classification.CONFIDENTIAL)]
    reason_code: Annotated[str | None, Doc("Why an adjustment is made; null for what the agreement says.")] = None
    evidence_ref: Annotated[str | None, Doc("What proves that an adjustment is right.")] = None


def undiscounted(component: PriceComponent, quantity: Decimal) -> Fraction:
    """Exact price of a quantity for one whole period before discounts, each unit by the step it falls into (R524)."""
    if not component.tiers:
        return Fraction(component.price.amount) * Fraction(quantity)
    total, counted = Fraction(0), Fraction(0)
    for tier in component.tiers:
        end = Fraction(quantity) if tier.up_to is None else min(Fraction(quantity), Fraction(tier.up_to))
        total += Fraction(tier.price.amount) * max(end - counted, Fraction(0))
        counted = max(counted, end)
    # Beyond steps that end, the last one goes on, as in pricing.
    return total + Fraction(component.tiers[-1].price.amount) * (Fraction(quantity) - counted)


def discount_percent(basis: Basis, day: date) -> Decimal:
    """Sum of the discounts in force on a day, 100 at most: each lasts its periods from the basis on (R273)."""
    in_force = (d.percent for d, end in zip(basis.component.discounts, discount_ends(basis), strict=True) if day < end)
    return min(sum(in_force, Decimal(0)), Decimal(100))


def discount_ends(basis: Basis) -> list[date]:
    """The day each discount ends: as many whole periods after the basis took effect as were agreed."""
    months = MONTHS[basis.component.period] if basis.component.period else 1
    return [
        date.max if d.periods is None else later(basis.effective_from, months * d.periods)
        for d in basis.component.discounts
    ]


def exactly_due(basis: Basis, day: date, quantity: Decimal, share: tuple[int, int] | None = None) -> Fraction:
    """What terms make due with the discounts of a day, unrounded; `share` is days charged of the period's days."""
    exact = undiscounted(basis.component, quantity) * (1 - Fraction(discount_percent(basis, day)) / 100)
    return exact if share is None else exact * Fraction(*share)


def invoice_lines(schedule: Schedule, days: Days, usage_quantity: Decimal | None = None) -> tuple[InvoiceLine, ...]:
    """What is due for some days by the agreed terms, one line for each price, calendar period and discount.

    A recurring price is charged for the days it was in force, as a fraction of its calendar period; a one-time price
    is due in full on the day the charge began; `usage_quantity` is what was used in these days, and is rated by the
    first terms in force in them.
    """
    match schedule.current.component.kind:
        case ChargeKind.RECURRING:
            return tuple(line for number in range(len(schedule.bases)) for line in _recurring(schedule, number, days))
        case ChargeKind.ONE_TIME:
            return tuple(_one_time(schedule, days))
        case ChargeKind.USAGE:
            return tuple(_usage(schedule, days, usage_quantity or Decimal(0)))


def invoice_amount(schedule: Schedule, days: Days, usage_quantity: Decimal | None = None) -> Money:
    """What is due for some days by the agreed terms, tax aside: the sum of `invoice_lines`."""
    lines = invoice_lines(schedule, days, usage_quantity)
    return total(lines, schedule.current.component.price.currency)


def total(lines: tuple[InvoiceLine, ...], currency: str) -> Money:
    """The sum of lines in one currency."""
    return Money(amount=sum((line.amount.amount for line in lines), Decimal(0)), currency=currency)


def _recurring(schedule: Schedule, number: int, days: Days) -> Iterator[InvoiceLine]:
    basis = schedule.bases[number]
    component = basis.component
    assert component.period is not None
    span = schedule.in_force(number).within(days)
    for period in periods_in(span, component.period):
        share = span.within(period)
        cuts = sorted({share.start, share.end, *(end for end in discount_ends(basis) if share.start < end < share.end)})
        for start, end in pairwise(cuts):
            piece = Days(start, end)
            billed = piece.count - schedule.paused_days(piece)
            if billed:
                yield _line(LineKind.RECURRING, basis, piece, Decimal(component.quantity), (billed, period.count))


def _one_time(schedule: Schedule, days: Days) -> Iterator[InvoiceLine]:
    due = Days(schedule.start, date.fromordinal(min(schedule.start.toordinal() + 1, date.max.toordinal())))
    voided = schedule.ended_on is not None and schedule.ended_on <= schedule.start
    if not voided and due.within(days).count:
        yield _line(LineKind.ONE_TIME, schedule.current, due, Decimal(schedule.current.component.quantity))


def _usage(schedule: Schedule, days: Days, quantity: Decimal) -> Iterator[InvoiceLine]:
    for number, basis in enumerate(schedule.bases):
        span = schedule.in_force(number).within(days)
        if quantity and span.count:
            yield _line(LineKind.USAGE, basis, span, quantity)
            return


def _line(
    kind: LineKind, basis: Basis, days: Days, quantity: Decimal, share: tuple[int, int] | None = None
) -> InvoiceLine:
    component = basis.component
    currency = component.price.currency
    return InvoiceLine(
        kind=kind,
        covers_from=midnight(days.start),
        covers_until=midnight(days.end),
        days=share[0] if share else None,
        period_days=share[1] if share else None,
        quantity=quantity,
        discount_percent=discount_percent(basis, days.start),
        amount=Money(amount=rounded(exactly_due(basis, days.start, quantity, share), currency), currency=currency),
    )
