"""What must hold before a Charge is invoiced (R268, R277, R397, R500)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from pydantic import ValidationError

from domain.billing_calendar import Days, utc_day
from domain.charge import commands as c
from domain.charge.charge import Charge
from domain.charge.settlement import settle
from domain.command import Command
from domain.commercial import ChargeKind
from domain.errors import Refusal

DAYS_MAX = 400
"""Longest time one invoice may be for: a leap year with a month to spare."""


def _days(command: Command) -> Days:
    invoice = cast("c.IssueInvoice", command)
    return Days(utc_day(invoice.period_start), utc_day(invoice.period_end))


def days_are_bounded(charge: Charge, command: Command) -> None:
    """An invoice is for at least a day and at most about a year."""
    days = _days(command)
    if not 0 < days.count <= DAYS_MAX:
        message = f"An invoice of charge {charge.charge_id} from {days.start} to {days.end} has {days.count} days."
        raise Refusal("STRUCTURAL_INVOICE_PERIOD", message, remediation=f"Invoice 1 to {DAYS_MAX} days at a time.")


def invoice_is_new(charge: Charge, command: Command) -> None:
    """The id of an invoice position is used once."""
    invoice_id = cast("c.IssueInvoice", command).invoice_id
    if invoice_id in charge.invoice_ids:
        message = f"Charge {charge.charge_id} already has an invoice {invoice_id}."
        raise Refusal("CONFLICT_INVOICE_ID", message, remediation="Use an id of its own.")


def days_do_not_overlap(charge: Charge, command: Command) -> None:
    """Days are invoiced once; the very same days again settle a difference (R397)."""
    days = _days(command)
    overlapping = [known for known in charge.invoiced if known != days and known.within(days).count]
    if overlapping:
        known = overlapping[0]
        message = f"Charge {charge.charge_id} was invoiced from {known.start} to {known.end} already."
        raise Refusal("CONFLICT_PERIOD_INVOICED", message, remediation="Invoice other days, or those same days again.")


def usage_is_given(charge: Charge, command: Command) -> None:
    """A usage charge is invoiced by what was used, under terms that hold throughout; no other charge is."""
    invoice = cast("c.IssueInvoice", command)
    if (charge.component.kind is ChargeKind.USAGE) != (invoice.usage_quantity is not None):
        message = f"Charge {charge.charge_id} is {charge.component.kind}; its usage is {invoice.usage_quantity}."
        raise Refusal("STRUCTURAL_USAGE", message, remediation="Name the quantity used for a usage charge alone.")
    days = _days(command)
    numbers = range(len(charge.schedule.bases))
    if (
        invoice.usage_quantity is not None
        and sum(charge.schedule.in_force(n).within(days).count > 0 for n in numbers) > 1
    ):
        message = f"The terms of charge {charge.charge_id} change between {days.start} and {days.end}."
        raise Refusal("STRUCTURAL_USAGE", message, remediation="Invoice the usage before and after the change apart.")


def address_is_not_older(charge: Charge, command: Command) -> None:
    """No invoice goes to an address that a newer one had already replaced (R268)."""
    version = cast("c.IssueInvoice", command).address_version
    if version < charge.address_version:
        message = f"Charge {charge.charge_id} was invoiced to address version {charge.address_version}, not {version}."
        raise Refusal("STALENESS_ADDRESS", message, remediation="Read the account again.")


def one_currency(charge: Charge, command: Command) -> None:
    """An invoice is in the currency of the charge."""
    invoice = cast("c.IssueInvoice", command)
    amounts = [a.amount for a in invoice.adjustments] + ([] if invoice.tax is None else [invoice.tax])
    currency = charge.component.price.currency
    if any(amount.currency != currency for amount in amounts):
        message = f"An amount of invoice {invoice.invoice_id} is not in {currency} like charge {charge.charge_id}."
        raise Refusal("CONFLICT_CURRENCY", message, remediation=f"Name every amount in {currency}.")


def deviation_is_explained(charge: Charge, command: Command) -> None:
    """Nothing departs from the agreement without a reason and what proves it (R277, R500)."""
    invoice = cast("c.IssueInvoice", command)
    bare = any(a.reason_code is None or a.evidence_ref is None for a in invoice.adjustments)
    if invoice.adjustments and (bare or not invoice.reason_code):
        message = f"Invoice {invoice.invoice_id} of charge {charge.charge_id} departs from the agreement unexplained."
        mend = "Send a reasonCode, and a reason and evidence with every adjustment."
        raise Refusal("POLICY_INVOICE_UNEXPLAINED", message, remediation=mend)


def something_is_due(charge: Charge, command: Command) -> None:
    """An invoice says something: an amount, or a difference to what was claimed before (R397)."""
    invoice = cast("c.IssueInvoice", command)
    try:
        lines = settle(charge, invoice).lines
    except ValidationError as error:
        message = f"The amounts of invoice {invoice.invoice_id} are too large to be written down."
        raise Refusal("STRUCTURAL_AMOUNT", message, remediation="Look at price and quantity.") from error
    if lines:
        return
    days = _days(command)
    if days in charge.invoiced:
        message = f"Charge {charge.charge_id} was invoiced from {days.start} to {days.end}, and nothing changed since."
        raise Refusal("CONFLICT_PERIOD_INVOICED", message, remediation="Invoice other days.")
    message = f"Nothing is due for charge {charge.charge_id} from {days.start} to {days.end}."
    raise Refusal("STATE_NOTHING_DUE", message, remediation="Invoice days on which it bills.")


INVOICE_GUARDS: Mapping[str, Callable[[Charge, Command], None]] = {
    "days-are-bounded": days_are_bounded,
    "invoice-is-new": invoice_is_new,
    "days-do-not-overlap": days_do_not_overlap,
    "usage-is-given": usage_is_given,
    "address-is-not-older": address_is_not_older,
    "one-currency": one_currency,
    "deviation-is-explained": deviation_is_explained,
    "something-is-due": something_is_due,
}
