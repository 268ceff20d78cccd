"""The facts a CaseDecision publishes on `governance.case-decisions.v1` (R240, R499-R503, R510)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.case_decision.states import DecisionState, ResolutionKind
from domain.event import OwnerEvent
from domain.model import Classification, Doc

OWNER = "console"
AGGREGATE = "CaseDecision"

_SAID = Classification.CONFIDENTIAL


class CaseDecisionEvent(OwnerEvent):
    """What every CaseDecision event carries."""

    case_id: Annotated[str, Doc("Case that is decided about.")]
    rule_id: Annotated[str, Doc("Rule the case is of.")]
    entity_type: Annotated[str, Doc("Kind of thing the case is about.")]
    entity_id: Annotated[str, Doc("Identity of that thing.")]
    order_id: Annotated[str | None, Doc("Order concerned.")] = None
    account_id: Annotated[str | None, Doc("Account concerned.")] = None
    quote_id: Annotated[str | None, Doc("Quote concerned.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product concerned.")] = None
    case_version: Annotated[int, Doc("Version of the case record the decision was made on.")]
    mismatch_since: Annotated[datetime, Doc("Since when the mismatch stood that was decided about.")]
    state: Annotated[DecisionState, Doc("State after this event.")]
    from_state: Annotated[DecisionState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[DecisionState | None, Doc("State it entered; null when the state stayed.")] = None
    note: Annotated[str | None, Doc("What was said with it.", _SAID)] = None


class CaseAssigned(CaseDecisionEvent):
    """Somebody is to see to it."""

    assignee_id: Annotated[str, Doc("Who.", _SAID)]


class CaseResolutionProposed(CaseDecisionEvent):
    """Somebody says that the mismatch is done away with, and how."""

    kind: Annotated[ResolutionKind, Doc("How.")]
    justification: Annotated[str, Doc("How and why, in words.", _SAID)]
    correction_event_id: Annotated[str | None, Doc("Event of the owner that corrects it; null without one.")] = None
    evidence_ref: Annotated[str | None, Doc("What supports it.")] = None


class CaseResolved(CaseDecisionEvent):
    """Somebody else agrees."""

    kind: Annotated[ResolutionKind, Doc("How it was done away with.")]
    justification: Annotated[str, Doc("As it was proposed.", _SAID)]
    proposed_by: Annotated[str, Doc("Who proposed it.", _SAID)]
    evidence_ref: Annotated[str | None, Doc("What supports it.")] = None


class CaseWaiverRequested(CaseDecisionEvent):
    """Somebody asks that the mismatch is put up with for a time."""

    valid_until: Annotated[datetime, Doc("Until when.")]
    justification: Annotated[str, Doc("Why, in words.", _SAID)]
    evidence_ref: Annotated[str | None, Doc("What supports it.")] = None


class CaseWaived(CaseDecisionEvent):
    """Somebody else allows it; on a billing case it takes effect with billing's approved non-billing reason."""

    valid_until: Annotated[datetime, Doc("Until when; then the case is open again.")]
    justification: Annotated[str, Doc("As it was asked for.", _SAID)]
    requested_by: Annotated[str, Doc("Who asked for it.", _SAID)]
    evidence_ref: Annotated[str | None, Doc("What supports it.")] = None


class CaseReopened(CaseDecisionEvent):
    """A closing was taken back, or a proposal or a request was turned down."""


class CaseEscalated(CaseDecisionEvent):
    """Somebody with more authority is to see to it."""

    to_role: Annotated[str, Doc("Role that is asked.")]


EVENTS: tuple[type[CaseDecisionEvent], ...] = (
    CaseAssigned,
    CaseResolutionProposed,
    CaseResolved,
    CaseWaiverRequested,
    CaseWaived,
    CaseReopened,
    CaseEscalated,
)
