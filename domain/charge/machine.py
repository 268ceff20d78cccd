"""The rows of a Charge's state machine (R153-R162)."""

from __future__ import annotations

from datetime import timedelta

from domain.charge import commands as c
from domain.charge import events as e
from domain.charge.invoice_guards import INVOICE_GUARDS
from domain.charge.states import ChargeState
from domain.machine import Transition, rows

S = ChargeState

BILLING_ROLES = frozenset({"billing", "billing-operator"})
CORRECTION_ROLES = frozenset({"billing-supervisor"})

_NEW_TERMS = ("price-is-sound", "bills-by-itself", "not-before-trigger", "ends-after-it-begins")

ROWS = rows(
    Transition(
        c.ActivateCharge,
        frozenset(),
        BILLING_ROLES,
        (e.ChargeActivated,),
        guards=_NEW_TERMS,
        side_effects="invoicing begins with the effective date",
        compensation="TerminateCharge on the day it began",
        retry="safe: one charge for each billing handoff",
    ),
    Transition(
        c.RejectCharge,
        frozenset(),
        BILLING_ROLES,
        (e.ChargeRejected,),
        side_effects="order management mends the handoff",
        timeout=timedelta(hours=24),
        on_timeout="billing-operator",
        retry="safe: one charge for each billing handoff",
    ),
    Transition(
        c.RetryChargeActivation,
        frozenset({S.REJECTED}),
        BILLING_ROLES,
        (e.ChargeActivated,),
        guards=("same-component", *_NEW_TERMS),
        compensation="TerminateCharge on the day it began",
    ),
    Transition(
        c.AmendCharge,
        frozenset({S.ACTIVE, S.SUSPENDED}),
        BILLING_ROLES,
        (e.ChargeAmended,),
        guards=("kind-and-currency-stay", "follows-newest-terms", *_NEW_TERMS),
        compensation="CorrectCharge with the terms of before",
    ),
    Transition(
        c.CorrectCharge,
        frozenset({S.ACTIVE, S.SUSPENDED, S.TERMINATED}),
        CORRECTION_ROLES,
        (e.ChargeAmended,),
        guards=("correction-is-approved", "kind-and-currency-stay", *_NEW_TERMS),
        side_effects="days that were invoiced are settled by a difference",
        compensation="CorrectCharge with the terms of before",
    ),
    Transition(
        c.SuspendCharge,
        frozenset({S.ACTIVE}),
        BILLING_ROLES,
        (e.ChargeSuspended,),
        guards=("item-with-order", "pauses-after-last"),
        compensation="ResumeCharge on the same day",
    ),
    Transition(
        c.ResumeCharge,
        frozenset({S.SUSPENDED}),
        BILLING_ROLES,
        (e.ChargeResumed,),
        guards=("item-with-order", "resumes-after-pause"),
        compensation="SuspendCharge on the same day",
    ),
    Transition(
        c.TerminateCharge,
        frozenset({S.ACTIVE, S.SUSPENDED}),
        BILLING_ROLES,
        (e.ChargeTerminated,),
        guards=("item-with-order", "ends-after-start"),
        side_effects="days that were invoiced in advance are credited",
        compensation="ActivateCharge of another charge",
    ),
    Transition(
        c.IssueInvoice,
        frozenset({S.ACTIVE, S.SUSPENDED, S.TERMINATED}),
        BILLING_ROLES | CORRECTION_ROLES,
        (e.InvoiceIssued,),
        guards=tuple(INVOICE_GUARDS),
        side_effects="the invoice is sent and posted",
        compensation="IssueInvoice for the same days, with what changed or an adjustment",
        retry="safe: days are invoiced once",
    ),
)
