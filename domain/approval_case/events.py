"""The facts an ApprovalCase publishes on `cpq.approval-cases.v1` (R112, R128)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.approval_case.authority import AuthorityLimit
from domain.approval_case.evidence import ApprovalEvidence
from domain.approval_case.states import ApprovalCaseState, ApprovalOutcome, EscalationCause
from domain.event import OwnerEvent
from domain.model import Classification, Doc, Model
from domain.money import Percent
from domain.pricing.terms import NetCharge

OWNER = "cpq"
AGGREGATE = "ApprovalCase"


class ApprovalInput(Model):
    """What the decider is shown, as it was when approval was asked for (R128)."""

    price_calculation_id: Annotated[str, Doc("Calculation the price is from.")]
    price_fingerprint: Annotated[str, Doc("Price to be allowed.")]
    configuration_fingerprint: Annotated[str, Doc("Configuration it is the price of.")]
    discount_percent: Annotated[Percent, Doc("Largest reduction the seller took off.", Classification.CONFIDENTIAL)]
    discount_limit_percent: Annotated[
        Percent, Doc("What may be taken off without approval.", Classification.CONFIDENTIAL)
    ]
    charges: Annotated[tuple[NetCharge, ...], Doc("What the quote comes to.")] = ()
    policy_violations: Annotated[tuple[str, ...], Doc("Rules an exception is asked from.")] = ()
    justification: Annotated[str, Doc("Why it is asked for.", Classification.CONFIDENTIAL)]


class ApprovalCaseEvent(OwnerEvent):
    """What every ApprovalCase event carries."""

    approval_case_id: Annotated[str, Doc("Identity of the case.")]
    state: Annotated[ApprovalCaseState, Doc("State after this event.")]
    from_state: Annotated[ApprovalCaseState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[ApprovalCaseState | None, Doc("State it entered; null when the state stayed.")] = None
    account_id: Annotated[str, Doc("Account of the quote.")]
    quote_id: Annotated[str, Doc("Quote an exception is asked for.")]
    quote_version: Annotated[int, Doc("Its revision.")]
    requested_by: Annotated[str, Doc("Who asked; may not decide (R510).", Classification.CONFIDENTIAL)]
    level: Annotated[str, Doc("Level of the approval matrix that is asked.")]
    due_at: Annotated[datetime, Doc("When the case lapses undecided.")]
    input: Annotated[ApprovalInput, Doc("What the decision is about.")]
    input_fingerprint: Annotated[str, Doc("Fingerprint of that input.")]


class ApprovalRequested(ApprovalCaseEvent):
    """Somebody asked for an exception."""


class ApprovalDecided(ApprovalCaseEvent):
    """The exception was allowed or not."""

    outcome: Annotated[ApprovalOutcome, Doc("What was decided.")]
    authority_limit: Annotated[AuthorityLimit, Doc("How far the decider's authority goes.")]
    justification: Annotated[str | None, Doc("Why, in words.", Classification.CONFIDENTIAL)] = None
    evidence: Annotated[ApprovalEvidence, Doc("The decision in the form others rely on.")]
    approval_fingerprint: Annotated[str, Doc("Fingerprint of the decision (R97).")]


class ApprovalEscalated(ApprovalCaseEvent):
    """Somebody with more authority is asked."""

    from_level: Annotated[str, Doc("Level that was asked before.")]
    cause: Annotated[EscalationCause, Doc("Why.")]


class ApprovalExpired(ApprovalCaseEvent):
    """Nobody decided in time; the exception is not allowed."""


EVENTS: tuple[type[ApprovalCaseEvent], ...] = (
    ApprovalRequested,
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalExpired,
)
