"""The reactions and rows of a GovernanceRecord (R153-R162)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain.command import Command
from domain.governance_record import commands as c
from domain.governance_record import events as e
from domain.governance_record.events import GovernanceState
from domain.governance_record.guards import correction_of
from domain.governance_record.record import GovernanceRecord
from domain.machine import Draft, Transition, rows
from domain.ownership.corrections import CORRECTION_RULES
from domain.ownership.questions import MATRIX, ownership

S = GovernanceState

REQUEST_ROLES = frozenset(
    {"support", "data-steward", "finance", "reconciliation-analyst", "order-manager", "compliance"}
)
APPROVE_ROLES = frozenset(role for rule in CORRECTION_RULES.values() for role in rule.approvers)
OWNER_ROLES = frozenset(row.owner for row in MATRIX)
OVERRIDE_ROLES = frozenset(
    {"order-manager", "deal-desk", "billing-supervisor", "operations-manager", "catalog-manager"}
)
EMERGENCY_ROLES = frozenset({"support", "operations-manager", "platform-engineer"})
POLICY_ROLES = frozenset({"policy-approver", "finance-approver", "catalog-manager"})
OBSERVER_ROLES = frozenset({"broker-observer", "governance"})

_SUBJECT = ("subject_aggregate", "subject_id")
_CORRECTION = ("kind", "corrected_owner", "original_state_hash", "requested_by")


def identity(record: GovernanceRecord | None, command: Any) -> dict[str, Any]:
    """What the event is about; emergency access, policies and attempts are about no aggregate."""
    source = record or command
    return {"record_id": command.aggregate_id, **{name: getattr(source, name, None) for name in _SUBJECT}}


def _request(_: None, command: c.RequestCorrection) -> Sequence[Draft]:
    fields = {
        "kind": command.kind,
        "corrected_owner": ownership(command.subject_aggregate).owner,
        "original_state_hash": command.original_state_hash,
        "requested_by": command.actor.actor_id,
        "corrects_event_id": command.corrects_event_id,
        "justification": command.justification,
        "evidence_refs": command.evidence_refs,
    }
    return [Draft(e.CorrectionRequested, fields)]


def _standing(record: GovernanceRecord) -> dict[str, Any]:
    correction = correction_of(record)
    return {name: getattr(correction, name) for name in _CORRECTION}


def _approve(record: GovernanceRecord, _: c.ApproveCorrection) -> Sequence[Draft]:
    return [Draft(e.CorrectionApproved, _standing(record))]


def _apply(record: GovernanceRecord, command: c.ApplyCorrection) -> Sequence[Draft]:
    result = {
        "corrected_state_hash": command.corrected_state_hash,
        "correcting_event_id": command.correcting_event_id,
        "adjustment_ref": command.adjustment_ref,
        "approved_by": correction_of(record).approved_by,
    }
    return [Draft(e.CorrectionApplied, {**_standing(record), **result})]


def _recorded(event: type[e.GovernanceEvent], *names: str) -> Callable[[None, Command], Sequence[Draft]]:
    """A reaction that records a command as it is, by these of its fields."""
    return lambda _, command: [Draft(event, {name: getattr(command, name) for name in names})]


_POLICY = ("policy_id", "kind", "from_version", "to_version", "effective_from", "author_id", "checks")


def _change_policy(_: None, command: c.ChangePolicy) -> Sequence[Draft]:
    fields = {name: getattr(command, name) for name in _POLICY}
    return [Draft(e.PolicyChanged, {**fields, "approved_by": command.actor.actor_id})]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "RequestCorrection": _request,
    "ApproveCorrection": _approve,
    "ApplyCorrection": _apply,
    "RecordManualOverride": _recorded(
        e.ManualOverrideRecorded,
        "decision",
        "justification",
        "authorised_by",
        "policy_id",
        "policy_version",
        "valid_until",
    ),
    "RecordBreakGlassAccess": _recorded(
        e.BreakGlassAccessed, "resource", "justification", "granted_from", "granted_until", "reviewer_id"
    ),
    "ChangePolicy": _change_policy,
    "RecordUnauthorizedMutation": _recorded(
        e.UnauthorizedMutationAttempted,
        "principal",
        "resource_type",
        "resource",
        "operation",
        "denied_by",
        "host",
        "observed_at",
        "attempts",
    ),
}

_ONCE = "none: it is a record of what happened"

ROWS = rows(
    Transition(
        c.RequestCorrection,
        frozenset(),
        REQUEST_ROLES,
        (e.CorrectionRequested,),
        guards=("has-reason", "subject-is-correctable", "evidence-where-needed"),
        side_effects="somebody with authority is asked",
        compensation="none: a correction that is not approved is never applied",
        timeout=timedelta(hours=72),
        on_timeout="data-steward",
    ),
    Transition(
        c.ApproveCorrection,
        frozenset({S.REQUESTED}),
        APPROVE_ROLES,
        (e.CorrectionApproved,),
        guards=("approver-has-the-role", "approver-is-another"),
        side_effects="the owner corrects what is wrong",
        compensation="RequestCorrection of the correction",
        timeout=timedelta(hours=24),
        on_timeout="the owner",
    ),
    Transition(
        c.ApplyCorrection,
        frozenset({S.APPROVED}),
        OWNER_ROLES,
        (e.CorrectionApplied,),
        guards=("applied-by-the-owner", "something-is-corrected", "financial-by-adjustment"),
        side_effects="reconciliation sees the owner's event and closes",
        compensation="RequestCorrection of the correction",
    ),
    Transition(
        c.RecordManualOverride,
        frozenset(),
        OVERRIDE_ROLES,
        (e.ManualOverrideRecorded,),
        guards=("has-reason", "authorised-by-another"),
        compensation=_ONCE,
    ),
    Transition(
        c.RecordBreakGlassAccess,
        frozenset(),
        EMERGENCY_ROLES,
        (e.BreakGlassAccessed,),
        guards=("has-reason", "access-ends-soon"),
        side_effects="the reviewer is told",
        compensation=_ONCE,
    ),
    Transition(
        c.ChangePolicy,
        frozenset(),
        POLICY_ROLES,
        (e.PolicyChanged,),
        guards=("has-reason", "approved-by-another-than-its-author", "checks-are-done"),
        side_effects="decisions after the effective date name the new version",
        compensation="ChangePolicy back to the version before",
    ),
    Transition(
        c.RecordUnauthorizedMutation,
        frozenset(),
        OBSERVER_ROLES,
        (e.UnauthorizedMutationAttempted,),
        side_effects="an alert is raised",
        compensation=_ONCE,
    ),
)
