"""Which events each command to a Charge leads to, as drafts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.billing_calendar import Days, midnight, utc_day
from domain.charge import commands as c
from domain.charge import events as e
from domain.charge.charge import Charge
from domain.charge.invoice import InvoiceDocument
from domain.charge.settlement import settle
from domain.commercial import ChargeKind
from domain.machine import Draft

_TERMS = ("component", "billing_trigger_date", "effective_from", "effective_until")


def _requested(command: c.ActivateCharge | c.RejectCharge | c.RetryChargeActivation) -> dict[str, Any]:
    return {name: getattr(command, name) for name in (*_TERMS, "billing_account_id", "handoff_id")}


def _activate(_: Charge | None, command: c.ActivateCharge | c.RetryChargeActivation) -> Sequence[Draft]:
    return [Draft(e.ChargeActivated, _requested(command))]


def _reject(_: None, command: c.RejectCharge) -> Sequence[Draft]:
    return [Draft(e.ChargeRejected, {**_requested(command), "failure_code": command.failure_code})]


def _amend(charge: Charge, command: c.AmendCharge) -> Sequence[Draft]:
    terms = {name: getattr(command, name) for name in _TERMS}
    kept = {
        "billing_account_id": command.billing_account_id or charge.billing_account_id,
        "handoff_id": command.handoff_id or charge.handoff_id,
    }
    return [Draft(e.ChargeAmended, {**terms, **kept})]


def _correct(charge: Charge, command: c.CorrectCharge) -> Sequence[Draft]:
    terms = {name: getattr(command, name) for name in (*_TERMS, "approval_ref", "approved_by")}
    kept = {
        "billing_account_id": command.billing_account_id or charge.billing_account_id,
        "handoff_id": charge.handoff_id,
        "corrects_former_terms": True,
    }
    return [Draft(e.ChargeAmended, {**terms, **kept})]


def _suspend(_: Charge, command: c.SuspendCharge) -> Sequence[Draft]:
    return [Draft(e.ChargeSuspended, {"effective_from": command.effective_from})]


def _resume(_: Charge, command: c.ResumeCharge) -> Sequence[Draft]:
    return [Draft(e.ChargeResumed, {"effective_from": command.effective_from})]


def _terminate(_: Charge, command: c.TerminateCharge) -> Sequence[Draft]:
    return [Draft(e.ChargeTerminated, {"effective_until": command.effective_until})]


def _invoice(charge: Charge, command: c.IssueInvoice) -> Sequence[Draft]:
    days = Days(utc_day(command.period_start), utc_day(command.period_end))
    settled = settle(charge, command)
    fields = {
        "invoice_id": command.invoice_id,
        "invoice_number": command.invoice_number,
        "document": InvoiceDocument.INVOICE if settled.amount.amount >= 0 else InvoiceDocument.CREDIT_NOTE,
        "corrects_invoice_id": settled.corrects_invoice_id,
        "billing_account_id": charge.billing_account_id,
        "address_version": command.address_version,
        "period_start": midnight(days.start),
        "period_end": midnight(days.end),
        "proration": _proration(charge, days),
        "usage_quantity": command.usage_quantity,
        "lines": settled.lines,
        "agreed": settled.agreed,
        "amount": settled.amount,
        "tax": command.tax,
    }
    return [Draft(e.InvoiceIssued, fields)]


def _proration(charge: Charge, days: Days) -> e.Proration | None:
    if charge.component.kind is not ChargeKind.RECURRING:
        return None
    spans = [charge.schedule.in_force(n).within(days) for n in range(len(charge.schedule.bases))]
    billed = sum(span.count - charge.schedule.paused_days(span) for span in spans if span.count)
    return e.Proration(billed_days=billed, period_days=days.count)


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "ActivateCharge": _activate,
    "RejectCharge": _reject,
    "RetryChargeActivation": _activate,
    "AmendCharge": _amend,
    "CorrectCharge": _correct,
    "SuspendCharge": _suspend,
    "ResumeCharge": _resume,
    "TerminateCharge": _terminate,
    "IssueInvoice": _invoice,
}
