"""The state of a CaseDecision and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.case_decision import events as e
from domain.case_decision.states import DecisionState, ResolutionKind
from domain.model import Model


@dataclass(frozen=True, slots=True)
class Proposal:
    """How somebody says that the mismatch was done away with."""

    by: str
    kind: ResolutionKind
    justification: str
    evidence_ref: str | None


@dataclass(frozen=True, slots=True)
class WaiverRequest:
    """What somebody asks to put up with, and until when."""

    by: str
    valid_until: datetime
    justification: str
    evidence_ref: str | None


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """What people have decided about one case, the newest last."""

    case_id: str
    version: int
    state: DecisionState
    rule_id: str
    entity_type: str
    entity_id: str
    order_id: str | None
    account_id: str | None
    quote_id: str | None
    product_instance_id: str | None
    assignee_id: str | None = None
    proposal: Proposal | None = None
    waiver: WaiverRequest | None = None


def evolve(decision: CaseDecision | None, event: Model) -> CaseDecision:
    """The decisions after an event."""
    if not isinstance(event, e.CaseDecisionEvent):
        message = f"{type(event).__name__} is no event of a CaseDecision"
        raise TypeError(message)
    if decision is None:
        if not isinstance(event, e.CaseAssigned):
            message = f"the first event of {event.case_id} is {type(event).__name__}, not CaseAssigned"
            raise ValueError(message)
        decision = _begun(event)
    decision = replace(decision, version=event.version)
    match event:
        case e.CaseAssigned():
            return replace(decision, state=DecisionState.ASSIGNED, assignee_id=event.assignee_id)
        case e.CaseResolutionProposed():
            proposal = Proposal(event.actor_id, event.kind, event.justification, event.evidence_ref)
            return replace(decision, state=DecisionState.PENDING_RESOLUTION, proposal=proposal)
        case e.CaseResolved():
            return replace(decision, state=DecisionState.RESOLVED)
        case e.CaseWaiverRequested():
            waiver = WaiverRequest(event.actor_id, event.valid_until, event.justification, event.evidence_ref)
            return replace(decision, state=DecisionState.WAIVER_REQUESTED, waiver=waiver)
        case e.CaseWaived():
            return replace(decision, state=DecisionState.WAIVED)
        case e.CaseEscalated():
            return replace(decision, state=DecisionState.ESCALATED)
        case _:
            return replace(decision, state=DecisionState.REOPENED)


def _begun(event: e.CaseDecisionEvent) -> CaseDecision:
    return CaseDecision(
        case_id=event.case_id,
        version=event.version,
        state=DecisionState.ASSIGNED,
        rule_id=event.rule_id,
        entity_type=event.entity_type,
        entity_id=event.entity_id,
        order_id=event.order_id,
        account_id=event.account_id,
        quote_id=event.quote_id,
        product_instance_id=event.product_instance_id,
    )
