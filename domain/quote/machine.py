"""The rows of a Quote's state machine (R153-R162, R165)."""

from __future__ import annotations

from datetime import timedelta

from domain.approval_case.authority import APPROVER_ROLES
from domain.machine import Transition, rows
from domain.quote import commands as c
from domain.quote import events as e
from domain.quote.commitment import CORRECTION_APPROVER_ROLES
from domain.quote.states import COMMITTED_STATES, EDITABLE_STATES, OPEN_STATES, SETTLED_STATES, QuoteState

S = QuoteState

SELLER_ROLES = frozenset({"sales", "partner", "call-center", "cpq"})
CUSTOMER_ROLES = frozenset({"customer", *SELLER_ROLES})
CORRECTION_ROLES = frozenset({"sales", "support", "data-steward", "cpq"})

_PRESENTABLE = frozenset({S.VALIDATED, S.APPROVED, S.PRESENTED})
_ACCEPTED = frozenset({S.ACCEPTED})
_DECISION = ("has-reason", "of-this-case", "somebody-else")

_OFFERING = (
    Transition(
        c.CreateQuote,
        frozenset(),
        SELLER_ROLES,
        (e.QuoteCreated,),
        guards=("shape", "family", "valid-ahead"),
        compensation="CancelQuote",
    ),
    Transition(
        c.ReviseQuote,
        OPEN_STATES | _ACCEPTED,
        SELLER_ROLES,
        (e.QuoteSuperseded, e.QuoteRevised),
        guards=("shape-of-revision", "valid-ahead", "reason-once-shown"),
        side_effects="an approval case of the revision before lapses undecided",
        compensation="ReviseQuote with the lines of before",
    ),
    Transition(
        c.ConfigureQuote,
        EDITABLE_STATES,
        SELLER_ROLES,
        (e.QuoteConfigured,),
        guards=("has-lines", "lines-known"),
    ),
    Transition(
        c.PriceQuote,
        (EDITABLE_STATES - {S.DRAFT}) | SETTLED_STATES,
        SELLER_ROLES,
        (e.QuotePriced,),
        guards=("prices-the-lines", "price-genuine", "price-stays", "price-valid-ahead"),
    ),
    Transition(
        c.ValidateQuote,
        frozenset({S.PRICED, S.VALIDATED, S.INVALID}),
        SELLER_ROLES,
        (e.QuoteValidated, e.QuoteValidationFailed),
    ),
    Transition(
        c.PresentQuote,
        _PRESENTABLE,
        SELLER_ROLES,
        (e.QuotePresented,),
        guards=("within-validity", "price-fresh", "approved-where-needed", "approval-fresh"),
        side_effects="the proposal is sent to the customer",
        compensation="ReviseQuote",
    ),
    Transition(
        c.CancelQuote,
        OPEN_STATES | _ACCEPTED,
        SELLER_ROLES | {"customer"},
        (e.QuoteCancelled,),
        guards=("has-reason",),
        compensation="a new quote copied from it",
    ),
    Transition(
        c.SupersedeQuote,
        OPEN_STATES,
        SELLER_ROLES,
        (e.QuoteSuperseded,),
        guards=("another-quote",),
        compensation="a new quote copied from it",
    ),
    Transition(c.ExpireQuote, OPEN_STATES | _ACCEPTED, frozenset({"cpq"}), (e.QuoteExpired,), guards=("time-over",)),
)
_APPROVING = (
    Transition(
        c.SubmitQuoteForApproval,
        frozenset({S.VALIDATED}),
        SELLER_ROLES,
        (e.QuoteSubmittedForApproval,),
        guards=("within-validity", "price-fresh"),
        side_effects="the approval case is decided",
        compensation="ReviseQuote",
        timeout=timedelta(hours=24),
        on_timeout="cpq",
    ),
    Transition(
        c.ApproveQuote,
        frozenset({S.IN_REVIEW}),
        APPROVER_ROLES | {"cpq"},
        (e.QuoteApproved,),
        guards=(*_DECISION, "approving", "authority-covers", "approval-ahead"),
        compensation="ReviseQuote",
    ),
    Transition(
        c.RejectQuote,
        frozenset({S.IN_REVIEW}),
        APPROVER_ROLES | {"cpq"},
        (e.QuoteRejected,),
        guards=(*_DECISION, "rejecting"),
        compensation="ReviseQuote",
    ),
)
_COMMITTING = (
    Transition(
        c.AcceptQuote,
        frozenset({S.PRESENTED}),
        CUSTOMER_ROLES,
        (e.QuoteAccepted,),
        guards=(
            "this-revision",
            "this-family",
            "within-validity",
            "this-price",
            "price-fresh",
            "approved-where-needed",
            "approval-fresh",
            "this-proposal",
        ),
        side_effects="none by itself: conversion to an order is a command of its own",
        compensation="CancelQuote, or ReviseQuote with a reason",
        timeout=timedelta(hours=72),
        on_timeout="sales",
        retry="safe under the same request: answered from the claim on the family",
    ),
    Transition(
        c.ConvertQuoteToOrder,
        _ACCEPTED,
        SELLER_ROLES,
        (e.QuoteConvertedToOrder,),
        guards=("this-revision", "this-price", "order-of-tenant", "converted-in-time"),
        compensation="CancelProductOrder; the quote stays what was agreed",
    ),
    Transition(
        c.FailQuoteConversion,
        _ACCEPTED,
        SELLER_ROLES,
        (e.QuoteConversionFailed,),
        guards=("this-revision",),
        timeout=timedelta(hours=24),
        on_timeout="sales",
    ),
)
_CORRECTING = (
    Transition(
        c.RequestQuoteCorrection,
        COMMITTED_STATES,
        CORRECTION_ROLES,
        (e.QuoteCorrectionRequested,),
        guards=("has-reason", "correctable", "correction-new", "identity-known"),
        timeout=timedelta(hours=120),
        on_timeout="data-steward",
    ),
    Transition(
        c.ApproveQuoteCorrection,
        COMMITTED_STATES,
        CORRECTION_APPROVER_ROLES,
        (e.QuoteCorrectionApproved,),
        guards=("has-reason", "correction-requested"),
    ),
    Transition(
        c.ApplyQuoteCorrection,
        COMMITTED_STATES,
        CORRECTION_ROLES,
        (e.QuoteCorrectionApplied, e.QuoteSuperseded, e.QuoteRevised),
        guards=("correction-approved",),
        side_effects="a commercial correction of an accepted quote begins a new revision",
        compensation="another correction",
    ),
)

ROWS = rows(*_OFFERING, *_APPROVING, *_COMMITTING, *_CORRECTING)
