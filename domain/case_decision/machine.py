"""The rows and reactions of a CaseDecision (R153-R162, R503).

The aggregate checks what it can see alone: who may, two pairs of eyes, reasons and ends. It is not told when the truth
opens a case again, so a case can be given to somebody in whatever state the decisions are; where the case really
stands is derived, and the derivation refuses what does not fit any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain.case_decision import commands as c
from domain.case_decision import events as e
from domain.case_decision.decision import CaseDecision
from domain.case_decision.roles import ALL_ROLES, APPROVING_ROLES
from domain.case_decision.states import CLOSED, WAITING, WORKED_ON, DecisionState
from domain.machine import Draft, Transition, rows

_ABOUT = ("rule_id", "entity_type", "entity_id", "order_id", "account_id", "quote_id", "product_instance_id")
_ANSWER = timedelta(hours=24)


def identity(decision: CaseDecision | None, command: Any) -> dict[str, Any]:
    """What the case is about, and the case as it was seen."""
    about = decision or command
    return {
        "case_id": command.aggregate_id,
        "case_version": command.case_version,
        "mismatch_since": command.mismatch_since,
        "note": getattr(command, "note", None),
        **{name: getattr(about, name) for name in _ABOUT},
    }


def _assigned(_: CaseDecision | None, command: c.AssignCase | c.ReassignCase) -> Sequence[Draft]:
    return [Draft(e.CaseAssigned, {"assignee_id": command.assignee_id})]


def _proposed(_: CaseDecision, command: c.ProposeResolution) -> Sequence[Draft]:
    names = ("kind", "justification", "correction_event_id", "evidence_ref")
    return [Draft(e.CaseResolutionProposed, {name: getattr(command, name) for name in names})]


def _resolved(decision: CaseDecision, _: c.ResolveCase) -> Sequence[Draft]:
    proposal = decision.proposal
    assert proposal is not None
    fields = {"kind": proposal.kind, "justification": proposal.justification, "proposed_by": proposal.by}
    return [Draft(e.CaseResolved, {**fields, "evidence_ref": proposal.evidence_ref})]


def _waiver_requested(_: CaseDecision, command: c.RequestCaseWaiver) -> Sequence[Draft]:
    names = ("valid_until", "justification", "evidence_ref")
    return [Draft(e.CaseWaiverRequested, {name: getattr(command, name) for name in names})]


def _waived(decision: CaseDecision, _: c.WaiveCase) -> Sequence[Draft]:
    waiver = decision.waiver
    assert waiver is not None
    fields = {"valid_until": waiver.valid_until, "justification": waiver.justification, "requested_by": waiver.by}
    return [Draft(e.CaseWaived, {**fields, "evidence_ref": waiver.evidence_ref})]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "AssignCase": _assigned,
    "ReassignCase": _assigned,
    "ProposeResolution": _proposed,
    "ResolveCase": _resolved,
    "RequestCaseWaiver": _waiver_requested,
    "WaiveCase": _waived,
    "ReopenCase": lambda _, __: [Draft(e.CaseReopened)],
    "EscalateCase": lambda _, command: [Draft(e.CaseEscalated, {"to_role": command.to_role})],
}

ROWS = rows(
    Transition(
        c.AssignCase,
        frozenset(),
        ALL_ROLES,
        (e.CaseAssigned,),
        guards=("same-tenant", "known-mismatch"),
        side_effects="the case is in somebody's hands",
        compensation="ReassignCase",
    ),
    Transition(
        c.ReassignCase,
        frozenset(DecisionState),
        ALL_ROLES,
        (e.CaseAssigned,),
        guards=("known-mismatch",),
        side_effects="what was proposed or asked for is off the table",
        compensation="ReassignCase",
    ),
    Transition(
        c.ProposeResolution,
        WORKED_ON,
        ALL_ROLES,
        (e.CaseResolutionProposed,),
        guards=("has-reason", "known-mismatch"),
        side_effects="somebody with authority is asked",
        compensation="ReopenCase",
        timeout=_ANSWER,
        on_timeout="reconciliation-supervisor",
    ),
    Transition(
        c.ResolveCase,
        frozenset({DecisionState.PENDING_RESOLUTION}),
        APPROVING_ROLES,
        (e.CaseResolved,),
        guards=("another-than-proposed", "known-mismatch"),
        side_effects="the case closes, unless the mismatch still stands and can be corrected",
        compensation="ReopenCase",
    ),
    Transition(
        c.RequestCaseWaiver,
        WORKED_ON,
        ALL_ROLES,
        (e.CaseWaiverRequested,),
        guards=("has-reason", "known-mismatch", "ends-in-time"),
        side_effects="somebody with authority is asked",
        compensation="ReopenCase",
        timeout=_ANSWER,
        on_timeout="reconciliation-supervisor",
    ),
    Transition(
        c.WaiveCase,
        frozenset({DecisionState.WAIVER_REQUESTED}),
        APPROVING_ROLES,
        (e.CaseWaived,),
        guards=("has-reason", "another-than-requested", "known-mismatch", "still-wanted"),
        side_effects="the case is closed until the waiver ends; a billing case once billing has approved the reason",
        compensation="ReopenCase",
    ),
    Transition(
        c.ReopenCase,
        CLOSED | WAITING,
        ALL_ROLES,
        (e.CaseReopened,),
        guards=("has-reason", "known-mismatch"),
        side_effects="the case waits for somebody to take it on",
        compensation="ReassignCase",
    ),
    Transition(
        c.EscalateCase,
        WAITING | {DecisionState.ASSIGNED, DecisionState.REOPENED},
        ALL_ROLES,
        (e.CaseEscalated,),
        guards=("has-reason", "to-authority", "known-mismatch"),
        side_effects="those with more authority find it in their queue",
        compensation="ReassignCase",
    ),
)
