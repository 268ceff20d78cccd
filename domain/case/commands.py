"""What people may do about a case, checked against its record before a decision is sent (R240, R503, R510).

The application that writes cases decides in the end; this gives people the same answer at once, from the same table.
A decision about a record that is too old to rely on is refused, with whom to ask. On a billing case a waiver is also a
command to billing: only billing's own approval excuses the row. Commands that come together are sent in their order,
each only when the one before was carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.case.lifecycle import ALLOWED, APPROVALS, check_role
from domain.case.policy import BILLING
from domain.case.record import ReconciliationCase
from domain.case.states import OPEN
from domain.case_decision import commands as c
from domain.case_decision import events as e
from domain.case_decision.guards import four_eyes
from domain.case_decision.states import ResolutionKind
from domain.command import Actor, Command
from domain.errors import Refusal
from domain.money import Money
from domain.non_billing_reason import commands as billing
from domain.non_billing_reason.states import NonBillingCode


class Action(StrEnum):
    """What may be asked, by the words of the API and the command line."""

    ASSIGN = "assign"
    PROPOSE = "propose"
    RESOLVE = "resolve"
    REQUEST_WAIVER = "request-waiver"
    WAIVE = "waive"
    REOPEN = "reopen"
    ESCALATE = "escalate"


_EVENTS: Mapping[Action, type[e.CaseDecisionEvent]] = {
    Action.ASSIGN: e.CaseAssigned,
    Action.PROPOSE: e.CaseResolutionProposed,
    Action.RESOLVE: e.CaseResolved,
    Action.REQUEST_WAIVER: e.CaseWaiverRequested,
    Action.WAIVE: e.CaseWaived,
    Action.REOPEN: e.CaseReopened,
    Action.ESCALATE: e.CaseEscalated,
}
_BY_WHOEVER_HAS_IT = frozenset({Action.PROPOSE, Action.REQUEST_WAIVER, Action.ESCALATE})
"""What can only be done to a case that somebody took on."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as its reader has it: the record, when the read model was last in step, and how old that may be."""

    case: ReconciliationCase
    synced_at: datetime
    now: datetime
    max_staleness: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who decides, by which request, and why in a stable code."""

    actor: Actor
    command_id: str
    correlation_id: str
    reason_code: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class NonBilling:
    """What billing is asked for with the waiver of a billing case; `again` after a reason of the row was revoked."""

    code: NonBillingCode
    amount_per_period: Money
    valid_from: datetime
    again: bool = False


def allowed(case: ReconciliationCase) -> tuple[Action, ...]:
    """What the case as it stands allows, whoever asks."""
    return tuple(action for action in Action if _stands_in_the_way(case, action) is None)


def assign(seen: Seen, sender: Sender, assignee_id: str, note: str | None = None) -> Command:
    """Give the case to somebody; the first decision about a case is this one."""
    check(Action.ASSIGN, seen, sender)
    case = seen.case
    fields = {"assignee_id": assignee_id, "note": note}
    if case.decision_version:
        return _command(c.ReassignCase, seen, sender, fields)
    names = ("rule_id", "entity_type", "entity_id", "order_id", "account_id", "quote_id", "product_instance_id")
    return _command(c.AssignCase, seen, sender, {**fields, **{name: getattr(case, name) for name in names}})


def propose(
    seen: Seen,
    sender: Sender,
    kind: ResolutionKind,
    justification: str,
    correction_event_id: str | None = None,
    evidence_ref: str | None = None,
) -> Command:
    """Say how the mismatch was done away with."""
    check(Action.PROPOSE, seen, sender)
    fields = {"kind": kind, "justification": justification, "correction_event_id": correction_event_id}
    return _command(c.ProposeResolution, seen, sender, {**fields, "evidence_ref": evidence_ref})


def resolve(seen: Seen, sender: Sender, note: str | None = None) -> Command:
    """Agree to what somebody else proposed."""
    check(Action.RESOLVE, seen, sender)
    return _command(c.ResolveCase, seen, sender, {"note": note})


def request_waiver(
    seen: Seen,
    sender: Sender,
    valid_until: datetime,
    justification: str,
    evidence_ref: str | None = None,
    non_billing: NonBilling | None = None,
) -> tuple[Command, ...]:
    """Ask that the mismatch is put up with; of a billing case, `non_billing` is asked of billing as well."""
    check(Action.REQUEST_WAIVER, seen, sender)
    fields = {"valid_until": valid_until, "justification": justification, "evidence_ref": evidence_ref}
    decision = _command(c.RequestCaseWaiver, seen, sender, fields)
    if seen.case.rule_id != BILLING:
        return (decision,)
    if non_billing is None:
        message = f"Case {seen.case.case_id} is about billing: only an approved non-billing reason excuses it."
        raise Refusal("STRUCTURAL_NON_BILLING_MISSING", message, remediation="Say why it is not billed, and how much.")
    kind = billing.RequestNonBillingReasonAgain if non_billing.again else billing.RequestNonBillingReason
    terms = {
        **{name: getattr(seen.case, name) for name in ("order_id", "item_id", "product_instance_id", "component_id")},
        "code": non_billing.code,
        "amount_per_period": non_billing.amount_per_period,
        "valid_from": non_billing.valid_from,
        "valid_until": valid_until,
        "case_id": seen.case.case_id,
        "justification": justification,
        "evidence_ref": evidence_ref,
    }
    return _to_billing(kind, seen, sender, terms), decision


def waive(
    seen: Seen, sender: Sender, note: str | None = None, authority_limit: Money | None = None
) -> tuple[Command, ...]:
    """Allow what somebody else asked for; of a billing case, `authority_limit` covers what is forgone each period."""
    check(Action.WAIVE, seen, sender)
    decision = _command(c.WaiveCase, seen, sender, {"note": note})
    if seen.case.rule_id != BILLING:
        return (decision,)
    if authority_limit is None:
        message = f"Case {seen.case.case_id} is about billing: approving it needs an authority in money."
        raise Refusal("STRUCTURAL_AUTHORITY_MISSING", message, remediation="State your authority limit.")
    approval = _to_billing(billing.ApproveNonBillingReason, seen, sender, {"authority_limit": authority_limit})
    return approval, decision


def reopen(seen: Seen, sender: Sender, note: str | None = None) -> Command:
    """Take a closing back, or turn down what was proposed or asked for."""
    check(Action.REOPEN, seen, sender)
    return _command(c.ReopenCase, seen, sender, {"note": note})


def escalate(seen: Seen, sender: Sender, to_role: str, note: str | None = None) -> Command:
    """Bring the case to somebody with more authority."""
    check(Action.ESCALATE, seen, sender)
    return _command(c.EscalateCase, seen, sender, {"to_role": to_role, "note": note})


def check(action: Action, seen: Seen, sender: Sender) -> None:
    """Raise `Refusal` unless the record is fresh enough, the sender may, and the case allows it, in this order."""
    case, actor = seen.case, sender.actor
    check_fresh(seen)
    event = _EVENTS[action]
    check_role(case.case_id, action.value, actor.actor_id, actor.role, approving=event in APPROVALS)
    if (why := _stands_in_the_way(case, action)) is not None:
        possible = ", ".join(allowed(case)) or "nothing"
        raise Refusal("STATE_ILLEGAL_TRANSITION", why, remediation=f"Allowed now: {possible}.")
    if action is Action.RESOLVE and case.proposal is not None and case.proposal.proposed_by == actor.actor_id:
        raise four_eyes(case.case_id, actor.actor_id, "proposed the resolution")
    if action is Action.WAIVE and case.waiver is not None and case.waiver.requested_by == actor.actor_id:
        raise four_eyes(case.case_id, actor.actor_id, "asked for the waiver")


def check_fresh(seen: Seen) -> None:
    """Raise `Refusal` STALENESS_CASE when the record may not show what the case has become (R66, R351)."""
    behind = seen.now - seen.synced_at
    if behind > seen.max_staleness:
        message = (
            f"Case {seen.case.case_id} is shown as of {behind.total_seconds():.0f} s ago, "
            f"and {seen.max_staleness.total_seconds():.0f} s are allowed."
        )
        remediation = f"Wait until the read model has caught up, or ask {seen.case.owner} for the facts."
        raise Refusal("STALENESS_CASE", message, remediation=remediation)


def _stands_in_the_way(case: ReconciliationCase, action: Action) -> str | None:
    if case.status not in ALLOWED[_EVENTS[action]]:
        return f"{action} is not allowed: case {case.case_id} is {case.status}."
    if action in _BY_WHOEVER_HAS_IT and case.assignee_id is None:
        return f"{action} is not allowed: nobody has taken on case {case.case_id}."
    if action is Action.REOPEN and case.status not in OPEN and not case.standing:
        return f"{action} is not allowed: the mismatch of case {case.case_id} is gone."
    if action is Action.WAIVE and case.waiver is not None and case.waiver.awaits_owner:
        return f"{action} is not allowed: the waiver of case {case.case_id} waits for billing."
    component = (case.order_id, case.item_id, case.product_instance_id, case.component_id)
    if action is Action.REQUEST_WAIVER and case.rule_id == BILLING and None in component:
        return f"{action} is not allowed: case {case.case_id} is about a charge that no order explains."
    return None


def _command(kind: type[Command], seen: Seen, sender: Sender, fields: Mapping[str, Any]) -> Command:
    case = seen.case
    about = {"case_version": case.version, "mismatch_since": case.since}
    return kind(
        aggregate_id=case.case_id,
        command_id=sender.command_id,
        idempotency_key=sender.idempotency_key,
        expected_version=case.decision_version,
        actor=sender.actor,
        reason_code=sender.reason_code,
        correlation_id=sender.correlation_id,
        **about,
        **fields,
    )


def _to_billing(kind: type[Command], seen: Seen, sender: Sender, fields: Mapping[str, Any]) -> Command:
    case = seen.case
    return kind(
        aggregate_id=f"{case.product_instance_id}/{case.component_id}",
        command_id=f"{sender.command_id}/billing",
        idempotency_key=sender.idempotency_key,
        actor=sender.actor,
        reason_code=sender.reason_code,
        correlation_id=sender.correlation_id,
        causation_id=sender.command_id,
        **fields,
    )
