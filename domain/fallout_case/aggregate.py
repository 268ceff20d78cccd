"""FalloutCase: commands in, events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.aggregate import AggregateType
from domain.fallout_case import commands as c
from domain.fallout_case import events as e
from domain.fallout_case.case import FalloutCase, evolve
from domain.fallout_case.machine import CREATION_GUARDS, GUARDS, ROWS, TIMED_GUARDS
from domain.fallout_case.playbook import PLAYBOOK, SLA_HOURS, TEAMS
from domain.fallout_case.states import REPAIR_FALLOUT_STATES, TERMINAL_FALLOUT_STATES, FalloutState
from domain.machine import Draft, Machine, claims

POLICY_VERSION = "fallout-case.v1"


def _detect(_: None, command: c.DetectFallout) -> list[Draft]:
    play = PLAYBOOK[command.cause]
    fields = {
        "failure_code": command.failure_code,
        "detected_by": command.actor.system,
        "evidence_ref": command.evidence_ref,
        "sla_hours": SLA_HOURS[command.severity or play.severity],
        "runbook_ref": play.runbook_ref,
        "rollback": play.rollback,
        "customer_communication": play.customer_communication,
    }
    return [Draft(e.FalloutDetected, fields)]


def _assign(case: FalloutCase, command: c.AssignFallout) -> list[Draft]:
    level = case.escalation_level
    fields = {"assignee_id": command.assignee_id, "team": TEAMS[level], "escalation_level": level}
    return [Draft(e.FalloutAssigned, fields)]


def _escalate(case: FalloutCase, _: c.EscalateFallout) -> list[Draft]:
    level = case.escalation_level + 1
    fields = {"team": TEAMS[level], "escalation_level": level, "sla_hours": SLA_HOURS[case.severity]}
    return [Draft(e.FalloutAssigned, fields)]


_REPAIR_FIELDS = (
    "repair_id",
    "kind",
    "justification",
    "prior_state_hash",
    "new_state_hash",
    "evidence_ref",
    "dry_run_ref",
    "approval_ref",
    "approved_by",
)


def _repair(_: FalloutCase, command: c.ApplyOrderRepair) -> list[Draft]:
    return [Draft(e.OrderRepairApplied, {name: getattr(command, name) for name in _REPAIR_FIELDS})]


def _resolve(case: FalloutCase, command: c.ResolveFallout) -> list[Draft]:
    fields = {"resolution": command.resolution, "verification_ref": command.verification_ref}
    return [Draft(e.FalloutResolved, {**fields, "repair_ids": case.repair_ids})]


def _close(case: FalloutCase, command: c.CloseFalloutAsFailed) -> list[Draft]:
    fields = {
        "closed_as": command.closed_as,
        "repair_ids": case.repair_ids,
        "rollback_ref": command.rollback_ref,
        "customer_notice_ref": command.customer_notice_ref,
    }
    return [Draft(e.FalloutClosedAsFailed, fields)]


REACTIONS: Mapping[str, Callable[[Any, Any], list[Draft]]] = {
    "DetectFallout": _detect,
    "AssignFallout": _assign,
    "EscalateFallout": _escalate,
    "ApplyOrderRepair": _repair,
    "ResolveFallout": _resolve,
    "CloseFalloutAsFailed": _close,
}

_ABOUT = ("order_id", "account_id", "fallout_id", "item_id", "product_instance_id", "task_id", "cause")


def _identity(case: FalloutCase | None, command: Any) -> dict[str, Any]:
    about = {name: getattr(command if case is None else case, name) for name in _ABOUT}
    if case is not None:
        return {"case_id": case.case_id, **about, "nature": case.nature, "severity": case.severity}
    play = PLAYBOOK[command.cause]
    severity = command.severity or play.severity
    return {"case_id": command.aggregate_id, **about, "nature": play.nature, "severity": severity}


MACHINE: Machine[FalloutCase, e.FalloutCaseEvent] = Machine(
    noun="fallout case",
    code="FALLOUT",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=FalloutState.DETECTED,
    terminal=TERMINAL_FALLOUT_STATES,
    repair=REPAIR_FALLOUT_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

FALLOUT_CASE: AggregateType[FalloutCase] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
