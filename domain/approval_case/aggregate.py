"""ApprovalCase: commands in, events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.aggregate import AggregateType
from domain.approval_case import commands as c
from domain.approval_case import events as e
from domain.approval_case.authority import MATRIX_VERSION, AuthorityLimit, level_for
from domain.approval_case.case import ApprovalCase, evolve
from domain.approval_case.evidence import ApprovalEvidence
from domain.approval_case.machine import CREATION_GUARDS, GUARDS, ROWS, TIMED_GUARDS
from domain.approval_case.states import REPAIR_STATES, TERMINAL_STATES, ApprovalCaseState
from domain.fingerprints import sha256_of
from domain.machine import Draft, Machine, claims

POLICY_VERSION = MATRIX_VERSION


def _identity(case: ApprovalCase | None, command: Any) -> dict[str, Any]:
    about = case or command
    fields = {
        "approval_case_id": command.aggregate_id,
        "account_id": about.account_id,
        "quote_id": about.quote_id,
        "quote_version": about.quote_version,
        "requested_by": case.requested_by if case else command.actor.actor_id,
        "level": case.level if case else level_for(command.input.discount_percent),
        "due_at": about.due_at,
        "input": about.input,
        "input_fingerprint": case.input_fingerprint if case else sha256_of(command.input),
    }
    if isinstance(command, c.EscalateApproval):
        fields |= {"level": command.to_level, "due_at": command.due_at}
    return fields


def _decided(case: ApprovalCase, command: c.DecideApproval) -> list[Draft]:
    evidence = ApprovalEvidence(
        approval_case_id=case.approval_case_id,
        quote_id=case.quote_id,
        quote_version=case.quote_version,
        price_fingerprint=case.input.price_fingerprint,
        discount_percent=case.input.discount_percent,
        discount_limit_percent=case.input.discount_limit_percent,
        outcome=command.outcome,
        requested_by=case.requested_by,
        decided_by=command.actor.actor_id,
        authority_limit=AuthorityLimit(level=command.actor.role, discount_percent=command.authority_percent),
        valid_until=command.valid_until,
    )
    fields = {
        "outcome": command.outcome,
        "authority_limit": evidence.authority_limit,
        "justification": command.justification,
        "evidence": evidence,
        "approval_fingerprint": evidence.fingerprint,
    }
    return [Draft(e.ApprovalDecided, fields)]


def _escalated(case: ApprovalCase, command: c.EscalateApproval) -> list[Draft]:
    return [Draft(e.ApprovalEscalated, {"from_level": case.level, "cause": command.cause})]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "RequestApproval": lambda _, __: [Draft(e.ApprovalRequested)],
    "DecideApproval": _decided,
    "EscalateApproval": _escalated,
    "ExpireApproval": lambda _, __: [Draft(e.ApprovalExpired)],
}

MACHINE: Machine[ApprovalCase, e.ApprovalCaseEvent] = Machine(
    noun="approval case",
    code="APPROVAL_CASE",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=ApprovalCaseState.REQUESTED,
    terminal=TERMINAL_STATES,
    repair=REPAIR_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

APPROVAL_CASE: AggregateType[ApprovalCase] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
