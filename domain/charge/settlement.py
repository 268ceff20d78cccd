"""What an invoice comes to: what is due now, less what was claimed for the same days before (R500, R533, R534)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domain.billing_calendar import Days, midnight, utc_day
from domain.charge.charge import Charge
from domain.charge.commands import IssueInvoice
from domain.charge.invoice import InvoiceLine, LineKind, invoice_lines, total
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Settlement:
    """The lines of an invoice, what the agreement makes of it, what it comes to, and which position it corrects."""

    lines: tuple[InvoiceLine, ...]
    agreed: Money
    amount: Money
    corrects_invoice_id: str | None


def settle(charge: Charge, invoice: IssueInvoice) -> Settlement:
    """The invoice that brings claims for these days to what is due; no lines when they already are."""
    days = Days(utc_day(invoice.period_start), utc_day(invoice.period_end))
    currency = charge.component.price.currency
    due = invoice_lines(charge.schedule, days, invoice.usage_quantity)
    former = charge.invoiced.get(days)
    if former is not None:
        if total(due, currency).amount == former.agreed:
            due = ()
        elif former.agreed:
            due = (*due, _beside(LineKind.REVERSAL, days, Money(amount=-former.agreed, currency=currency)))
    lines = (
        *due,
        *(
            _beside(LineKind.ADJUSTMENT, days, a.amount, reason_code=a.reason_code, evidence_ref=a.evidence_ref)
            for a in invoice.adjustments
        ),
    )
    corrected = former.invoice_id if former else None
    return Settlement(lines, total(due, currency), total(lines, currency), corrected)


def _beside(kind: LineKind, days: Days, amount: Money, **why: str | None) -> InvoiceLine:
    return InvoiceLine(
        kind=kind,
        covers_from=midnight(days.start),
        covers_until=midnight(days.end),
        quantity=Decimal(1),
        amount=amount,
        **why,
    )
