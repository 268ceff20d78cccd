"""The rows of an ApprovalCase and the conditions they name: authority and segregation of duties (R153-R162, R510)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.approval_case import commands as c
from domain.approval_case import events as e
from domain.approval_case.authority import APPROVER_ROLES, AUTHORITY_PERCENT_BY_LEVEL
from domain.approval_case.case import ApprovalCase
from domain.approval_case.states import OPEN_STATES, ApprovalOutcome
from domain.conditions import has_reason, same_tenant, still_ahead
from domain.errors import Refusal
from domain.machine import Transition, rows

REQUESTER_ROLES = frozenset({"sales", "partner", "cpq"})


def _refuse(code: str, message: str, remediation: str) -> Refusal:
    return Refusal(code, message, remediation=remediation, stage="COMMERCIAL")


def _same_tenant(command: c.RequestApproval) -> None:
    """Quote and account belong to the case's tenant (R511)."""
    same_tenant(command, quoteId=command.quote_id, accountId=command.account_id)


def _needs_approval(command: c.RequestApproval) -> None:
    """There is something to allow (R532): a discount above the limit, or a rule that is broken."""
    asked = command.input
    if asked.discount_percent <= asked.discount_limit_percent and not asked.policy_violations:
        message = f"Quote {command.quote_id} takes off {asked.discount_percent} percent, within its limit."
        raise _refuse("POLICY_APPROVAL_NOT_NEEDED", message, "Present the quote without approval.")


def _due_ahead(_: ApprovalCase | None, command: c.RequestApproval | c.EscalateApproval, now: datetime) -> None:
    """There is time to decide."""
    still_ahead(command, "dueAt", command.due_at, now)


def _somebody_else(case: ApprovalCase, command: c.DecideApproval) -> None:
    """Whoever asked does not decide (R510)."""
    if command.actor.actor_id == case.requested_by:
        message = f"{case.requested_by} asked for case {case.approval_case_id} and may not decide it."
        raise _refuse("AUTHORIZATION_SEGREGATION_OF_DUTIES", message, "Have somebody else decide.")


def _of_level(case: ApprovalCase, command: c.DecideApproval) -> None:
    """The level that is asked decides, or one above it."""
    role = command.actor.role
    if AUTHORITY_PERCENT_BY_LEVEL[role] < AUTHORITY_PERCENT_BY_LEVEL[case.level]:
        message = f"Case {case.approval_case_id} is with {case.level}; {role} has less authority."
        raise _refuse("AUTHORIZATION_LEVEL", message, f"Leave it to {case.level}.")


def _within_role(case: ApprovalCase, command: c.DecideApproval) -> None:
    """Nobody's own authority exceeds that of their role (R378)."""
    most = AUTHORITY_PERCENT_BY_LEVEL[command.actor.role]
    if command.authority_percent > most:
        message = f"{command.actor.role} may allow {most} percent, not {command.authority_percent}."
        raise _refuse("AUTHORIZATION_LIMIT_CLAIMED", message, "State the authority the approval matrix gives.")


def _covers(case: ApprovalCase, command: c.DecideApproval) -> None:
    """An approval needs the authority for it; saying no does not (R288, R563)."""
    asked = case.input.discount_percent
    if command.outcome is ApprovalOutcome.APPROVED and command.authority_percent < asked:
        message = f"Case {case.approval_case_id} is about {asked} percent, {command.authority_percent} are covered."
        raise _refuse("AUTHORIZATION_LIMIT", message, "Escalate it to a level whose authority covers it.")


def _in_time(case: ApprovalCase | None, command: c.DecideApproval, now: datetime) -> None:
    """A lapsed case is not decided any more."""
    assert case is not None
    if now >= case.due_at:
        message = f"Case {case.approval_case_id} was due at {case.due_at.isoformat()}."
        raise _refuse("STALENESS_APPROVAL_DUE", message, "Expire it, and ask again.")


def _validity_ahead(_: ApprovalCase | None, command: c.DecideApproval, now: datetime) -> None:
    """A decision can be relied on for some time."""
    still_ahead(command, "validUntil", command.valid_until, now)


def _upwards(case: ApprovalCase, command: c.EscalateApproval) -> None:
    """Escalation leads to more authority."""
    more = AUTHORITY_PERCENT_BY_LEVEL[case.level]
    above = [level for level, limit in AUTHORITY_PERCENT_BY_LEVEL.items() if limit > more]
    if command.to_level not in above:
        message = f"Case {case.approval_case_id} is with {case.level}; {command.to_level} is no level above it."
        raise _refuse("STRUCTURAL_LEVEL", message, f"Name one of {above}." if above else "There is none; decide it.")


def _lapsed(case: ApprovalCase | None, _: c.ExpireApproval, now: datetime) -> None:
    """A case lapses at its time and not before (R158)."""
    assert case is not None
    if now < case.due_at:
        message = f"Case {case.approval_case_id} is due at {case.due_at.isoformat()}."
        raise _refuse("STATE_APPROVAL_NOT_DUE", message, "Wait until then.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "same-tenant": _same_tenant,
    "needs-approval": _needs_approval,
}
GUARDS: Mapping[str, Callable[[ApprovalCase, Any], None]] = {
    "has-reason": has_reason,
    "somebody-else": _somebody_else,
    "of-level": _of_level,
    "within-role": _within_role,
    "covers-discount": _covers,
    "upwards": _upwards,
}
TIMED_GUARDS: Mapping[str, Callable[[ApprovalCase | None, Any, datetime], None]] = {
    "due-ahead": _due_ahead,
    "in-time": _in_time,
    "validity-ahead": _validity_ahead,
    "lapsed": _lapsed,
}

ROWS = rows(
    Transition(
        c.RequestApproval,
        frozenset(),
        REQUESTER_ROLES,
        (e.ApprovalRequested,),
        guards=("same-tenant", "needs-approval", "due-ahead"),
        side_effects="the level that is asked finds it in its queue",
        compensation="ExpireApproval, once it is due",
        timeout=timedelta(hours=24),
        on_timeout="cpq",
    ),
    Transition(
        c.DecideApproval,
        OPEN_STATES,
        APPROVER_ROLES,
        (e.ApprovalDecided,),
        guards=(
            "has-reason",
            "in-time",
            "somebody-else",
            "of-level",
            "within-role",
            "covers-discount",
            "validity-ahead",
        ),
        side_effects="the quote is approved or rejected on its evidence",
        compensation="a new revision of the quote",
    ),
    Transition(
        c.EscalateApproval,
        OPEN_STATES,
        APPROVER_ROLES | {"cpq"},
        (e.ApprovalEscalated,),
        guards=("upwards", "due-ahead"),
        timeout=timedelta(hours=24),
        on_timeout="cpq",
    ),
    Transition(c.ExpireApproval, OPEN_STATES, frozenset({"cpq"}), (e.ApprovalExpired,), guards=("lapsed",)),
)
