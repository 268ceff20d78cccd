"""The conditions a CaseDecision's rows name: two pairs of eyes, reasons, and waivers that end (R154, R503, R510)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.case_decision import commands as c
from domain.case_decision.decision import CaseDecision
from domain.case_decision.roles import APPROVING_ROLES
from domain.conditions import has_reason, not_ahead, same_tenant, still_ahead
from domain.errors import Refusal

WAIVER_MAX = timedelta(days=180)
"""Longer than that nothing is put up with unasked."""


def _same_tenant(command: c.AssignCase) -> None:
    """What the case is about belongs to its tenant (R511)."""
    same_tenant(
        command,
        entityId=command.entity_id,
        orderId=command.order_id,
        accountId=command.account_id,
        quoteId=command.quote_id,
        productInstanceId=command.product_instance_id,
    )


def _another_than_proposed(decision: CaseDecision, command: c.ResolveCase) -> None:
    """Whoever proposed does not agree to it (R510)."""
    assert decision.proposal is not None
    if command.actor.actor_id == decision.proposal.by:
        raise four_eyes(decision.case_id, decision.proposal.by, "proposed the resolution")


def _another_than_requested(decision: CaseDecision, command: c.WaiveCase) -> None:
    """Whoever asked does not allow it (R510)."""
    assert decision.waiver is not None
    if command.actor.actor_id == decision.waiver.by:
        raise four_eyes(decision.case_id, decision.waiver.by, "asked for the waiver")


def four_eyes(case_id: str, who: str, did: str) -> Refusal:
    """The refusal of somebody who would approve what they did themselves."""
    message = f"{who} {did} of case {case_id} and may not approve it."
    return Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else decide.")


def _to_authority(_: CaseDecision, command: c.EscalateCase) -> None:
    """A case is escalated to those who may close it."""
    if command.to_role not in APPROVING_ROLES:
        message = f"Case {command.aggregate_id} cannot be escalated to {command.to_role}, who may not close it."
        remediation = f"Name one of {', '.join(sorted(APPROVING_ROLES))}."
        raise Refusal("STRUCTURAL_ROLE", message, remediation=remediation)


def _known_mismatch(_: CaseDecision | None, command: Any, now: datetime) -> None:
    """Nobody decides about what is not yet."""
    not_ahead(command, "mismatchSince", command.mismatch_since, now)


def _ends_in_time(_: CaseDecision | None, command: c.RequestCaseWaiver, now: datetime) -> None:
    """A waiver has an end, ahead and not too far (R503)."""
    still_ahead(command, "validUntil", command.valid_until, now)
    if command.valid_until - now > WAIVER_MAX:
        message = f"The waiver of case {command.aggregate_id} would last longer than {WAIVER_MAX.days} days."
        raise Refusal("POLICY_WAIVER_TOO_LONG", message, remediation="Ask for less, and again when it is over.")


def _still_wanted(decision: CaseDecision | None, command: c.WaiveCase, now: datetime) -> None:
    """What was asked for is not over already."""
    assert decision is not None
    assert decision.waiver is not None
    if decision.waiver.valid_until <= now:
        message = f"The waiver of case {command.aggregate_id} was asked for until {decision.waiver.valid_until}."
        raise Refusal("STALENESS_WAIVER_OVER", message, remediation="Ask for it anew.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {"same-tenant": _same_tenant}
GUARDS: Mapping[str, Callable[[CaseDecision, Any], None]] = {
    "has-reason": has_reason,
    "another-than-proposed": _another_than_proposed,
    "another-than-requested": _another_than_requested,
    "to-authority": _to_authority,
}
TIMED_GUARDS: Mapping[str, Callable[[CaseDecision | None, Any, datetime], None]] = {
    "known-mismatch": _known_mismatch,
    "ends-in-time": _ends_in_time,
    "still-wanted": _still_wanted,
}
