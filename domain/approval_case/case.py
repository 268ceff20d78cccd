"""The state of an ApprovalCase and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.approval_case import events as e
from domain.approval_case.evidence import ApprovalEvidence
from domain.approval_case.states import ApprovalCaseState, ApprovalOutcome
from domain.model import Model


@dataclass(frozen=True, slots=True)
class ApprovalCase:
    """A case as CPQ knows it; `evidence` is there once it is decided."""

    approval_case_id: str
    version: int
    state: ApprovalCaseState
    account_id: str
    quote_id: str
    quote_version: int
    requested_by: str
    level: str
    due_at: datetime
    input: e.ApprovalInput
    input_fingerprint: str
    evidence: ApprovalEvidence | None = None


def evolve(case: ApprovalCase | None, event: Model) -> ApprovalCase:
    """The case after an event."""
    if not isinstance(event, e.ApprovalCaseEvent):
        message = f"{type(event).__name__} is no event of an ApprovalCase"
        raise TypeError(message)
    if case is None:
        return _requested(event)
    case = replace(case, version=event.version, level=event.level, due_at=event.due_at)
    match event:
        case e.ApprovalDecided():
            approved = event.outcome is ApprovalOutcome.APPROVED
            state = ApprovalCaseState.APPROVED if approved else ApprovalCaseState.REJECTED
            return replace(case, state=state, evidence=event.evidence)
        case e.ApprovalEscalated():
            return replace(case, state=ApprovalCaseState.ESCALATED)
        case _:
            return replace(case, state=ApprovalCaseState.EXPIRED)


def _requested(event: e.ApprovalCaseEvent) -> ApprovalCase:
    if not isinstance(event, e.ApprovalRequested):
        message = f"the first event of {event.approval_case_id} is {type(event).__name__}, not ApprovalRequested"
        raise ValueError(message)
    return ApprovalCase(
        approval_case_id=event.approval_case_id,
        version=event.version,
        state=ApprovalCaseState.REQUESTED,
        account_id=event.account_id,
        quote_id=event.quote_id,
        quote_version=event.quote_version,
        requested_by=event.requested_by,
        level=event.level,
        due_at=event.due_at,
        input=event.input,
        input_fingerprint=event.input_fingerprint,
    )
