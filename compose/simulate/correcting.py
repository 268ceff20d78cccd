"""Money that was claimed wrongly is given back by a further document, asked for, allowed and done by three (R500)."""

from __future__ import annotations

from fractions import Fraction

from compose.simulate.clock import Process
from compose.simulate.people import BILLING, FINANCE_APPROVER, person
from compose.simulate.voice import Voice
from domain.billing_calendar import Days, midnight
from domain.charge.charge import Charge
from domain.charge.commands import InvoiceAdjustment, IssueInvoice
from domain.command import fingerprint
from domain.currency import rounded
from domain.governance_record import commands as g
from domain.money import Money
from domain.ownership.corrections import CorrectionKind

_FINANCE = person("finance-clerk-ivo", "finance", "billing")
CREDIT_PARTS = 10
"""The credit is one part in so many of what was invoiced."""


def credit(voice: Voice, charge_id: str, days: Days) -> Process:
    """Some days of a charge were disrupted: a part of their invoice is credited."""
    record = f"{voice.tenant}:correction-{charge_id.partition(':')[2]}-{days.start:%Y%m}"
    evidence = f"{record}/ticket"
    yield voice.chance.minutes(600, 9_000)
    charge: Charge = voice.standing("Charge", charge_id)
    before = fingerprint({"charge": charge_id, "version": charge.version})
    voice.send(
        g.RequestCorrection,
        _FINANCE,
        record,
        kind=CorrectionKind.FINANCIAL,
        subject_aggregate="Charge",
        subject_id=charge_id,
        original_state_hash=before,
        justification="The service was disrupted.",
        evidence_refs=(evidence,),
        reason_code="DISRUPTION",
    )
    yield voice.chance.minutes(60, 2_000)
    voice.send(g.ApproveCorrection, FINANCE_APPROVER, record, reason_code="PROVEN")
    yield voice.chance.minutes(10, 600)
    charge = voice.standing("Charge", charge_id)
    currency = charge.component.price.currency
    amount = rounded(Fraction(charge.invoiced[days].agreed) / CREDIT_PARTS, currency)
    invoice_id = f"{charge_id}/{days.start:%Y%m}-credit"
    adjustment = InvoiceAdjustment(
        amount=Money(amount=-amount, currency=currency), reason_code="DISRUPTION", evidence_ref=evidence
    )
    told = voice.send(
        IssueInvoice,
        BILLING,
        charge_id,
        invoice_id=invoice_id,
        invoice_number=f"CN-{charge_id.partition(':')[2]}-{days.start:%Y%m}",
        period_start=midnight(days.start),
        period_end=midnight(days.end),
        address_version=voice.standing("Account", charge.account_id).address_version,
        adjustments=(adjustment,),
        reason_code="DISRUPTION",
    )
    voice.send(
        g.ApplyCorrection,
        BILLING,
        record,
        corrected_state_hash=fingerprint({"charge": charge_id, "version": charge.version + 1}),
        correcting_event_id=told.last_event_id,
        adjustment_ref=invoice_id,
        reason_code="DISRUPTION",
    )
