"""The rows of a FalloutCase's state machine and the conditions they name (R153-R162)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.command import Command
from domain.conditions import has_reason, same_tenant
from domain.errors import Refusal
from domain.fallout_case import commands as c
from domain.fallout_case import events as e
from domain.fallout_case.case import FalloutCase, case_id_of
from domain.fallout_case.playbook import FOUR_EYES_SEVERITIES, NEEDS_APPROVAL, SLA_HOURS, TEAMS
from domain.fallout_case.states import TERMINAL_FALLOUT_STATES, FalloutNature, FalloutState, Resolution
from domain.machine import Transition, rows

SYSTEM_ROLE = "oms"
DECIDER_ROLE = "order-manager"
OPERATOR_ROLES = frozenset({SYSTEM_ROLE, DECIDER_ROLE, "fulfillment-operator"})

_F = FalloutState
_OPEN = frozenset(FalloutState) - TERMINAL_FALLOUT_STATES
_GIVEN_UP = frozenset({FalloutNature.BUSINESS_ABANDONED, FalloutNature.TERMINAL_TECHNICAL})


def _refuse(code: str, message: str, remediation: str) -> Refusal:
    return Refusal(code, message, remediation=remediation, stage="FULFILLMENT")


def one_case_for_a_fallout(command: c.DetectFallout) -> None:
    """The case's id follows from order and fallout, so that a fallout noticed twice is one case."""
    wanted = case_id_of(command.order_id, command.fallout_id)
    if command.aggregate_id != wanted:
        message = f"Case {command.aggregate_id} is not that of fallout {command.fallout_id} of {command.order_id}."
        raise _refuse("STRUCTURAL_CASE_ID", message, f"Send it to {wanted}.")


def of_one_tenant(command: c.DetectFallout) -> None:
    """Order and account belong to the case's tenant (R511)."""
    same_tenant(command, orderId=command.order_id, accountId=command.account_id)


def item_has_its_product(command: c.DetectFallout) -> None:
    """A product without its item cannot be put together with the order."""
    if command.product_instance_id is not None and command.item_id is None:
        message = f"Case {command.aggregate_id} names product {command.product_instance_id} without its item."
        raise _refuse("STRUCTURAL_ITEM_MISSING", message, "Name the item, too.")


def sla_is_over(case: FalloutCase | None, _: c.EscalateFallout, now: datetime) -> None:
    """A case goes up when its time is over, and not before (R158)."""
    assert case is not None
    if now < case.due_at:
        message = f"Case {case.case_id} has time until {case.due_at.isoformat()}."
        raise _refuse("POLICY_SLA_NOT_OVER", message, "Wait, or assign it to somebody else.")


def a_level_is_left(case: FalloutCase, _: Command) -> None:
    """Above the last level there is nobody."""
    if case.escalation_level + 1 >= len(TEAMS):
        message = f"Case {case.case_id} is with {TEAMS[-1]} already."
        raise _refuse("STATE_NO_LEVEL_LEFT", message, "Resolve it or close it as failed.")


def held_by_sender(case: FalloutCase, command: Command) -> None:
    """Only whoever has the case repairs, so that two repairs do not meet (R399)."""
    if command.actor.actor_id != case.assignee_id:
        message = f"Case {case.case_id} is with {case.assignee_id or 'nobody'}, not with {command.actor.actor_id}."
        raise _refuse("AUTHORIZATION_NOT_ASSIGNED", message, "Have the case assigned first.")


def repair_is_new(case: FalloutCase, command: c.ApplyOrderRepair) -> None:
    """A repair is recorded once."""
    if command.repair_id in case.repair_ids:
        message = f"Repair {command.repair_id} of case {case.case_id} is on record already."
        raise _refuse("CONFLICT_REPAIR_ID", message, "Give a further repair an id of its own.")


def approved_by_another(case: FalloutCase, command: c.ApplyOrderRepair) -> None:
    """A repair that changes data was tried and approved by somebody else (R121, R399, R510)."""
    if command.kind not in NEEDS_APPROVAL:
        return
    if not (command.dry_run_ref and command.approval_ref and command.approved_by):
        message = f"Repair {command.repair_id} of case {case.case_id} is a {command.kind} without a trial or approval."
        raise _refuse("POLICY_REPAIR_APPROVAL", message, "Send dryRunRef, approvalRef and approvedBy.")
    if command.approved_by == command.actor.actor_id:
        message = f"Repair {command.repair_id} of case {case.case_id} was approved by whoever made it."
        raise _refuse("AUTHORIZATION_FOUR_EYES", message, "Have somebody else approve it.")


def resolution_fits(case: FalloutCase, command: c.ResolveFallout) -> None:
    """What was repaired is resolved by the repair; what nobody touched recovered by itself (R123)."""
    if (command.resolution is Resolution.REPAIRED) != (case.state is _F.REPAIRED):
        message = f"Case {case.case_id} is {case.state}, it cannot be resolved as {command.resolution}."
        remediation = "Record the repair first, or resolve it as RECOVERED if nobody repaired anything."
        raise _refuse("STATE_NO_REPAIR", message, remediation)


def confirmed_by_another(case: FalloutCase, command: c.ResolveFallout) -> None:
    """Whoever repaired something urgent does not confirm the repair (R399, R510)."""
    if case.severity not in FOUR_EYES_SEVERITIES or command.resolution is not Resolution.REPAIRED:
        return
    if command.actor.actor_id in {who for _, who in case.repairs}:
        message = f"{command.actor.actor_id} repaired case {case.case_id} of severity {case.severity}."
        raise _refuse("AUTHORIZATION_FOUR_EYES", message, "Have somebody else confirm the repair.")


def given_up_for_good(case: FalloutCase, command: c.CloseFalloutAsFailed) -> None:
    """A failure is final by decision or for technical reasons, nothing else (R148, R149)."""
    if command.closed_as not in _GIVEN_UP:
        message = f"Case {case.case_id} cannot be closed as {command.closed_as}."
        raise _refuse("STRUCTURAL_NATURE", message, f"Close it as one of {sorted(_GIVEN_UP)}.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "one-case-for-a-fallout": one_case_for_a_fallout,
    "of-one-tenant": of_one_tenant,
    "item-has-its-product": item_has_its_product,
}
GUARDS: Mapping[str, Callable[[FalloutCase, Any], None]] = {
    "a-level-is-left": a_level_is_left,
    "held-by-sender": held_by_sender,
    "repair-is-new": repair_is_new,
    "approved-by-another": approved_by_another,
    "resolution-fits": resolution_fits,
    "confirmed-by-another": confirmed_by_another,
    "has-reason": has_reason,
    "given-up-for-good": given_up_for_good,
}
TIMED_GUARDS: Mapping[str, Callable[[FalloutCase | None, Any, datetime], None]] = {"sla-is-over": sla_is_over}

_SHORTEST = timedelta(hours=min(SLA_HOURS.values()))

ROWS = rows(
    Transition(
        c.DetectFallout,
        frozenset(),
        OPERATOR_ROLES,
        (e.FalloutDetected,),
        guards=("one-case-for-a-fallout", "of-one-tenant", "item-has-its-product"),
        compensation="ResolveFallout as RECOVERED",
        timeout=_SHORTEST,
        on_timeout="oms: EscalateFallout after the severity's own hours",
    ),
    Transition(
        c.AssignFallout,
        _OPEN,
        frozenset({SYSTEM_ROLE, DECIDER_ROLE}),
        (e.FalloutAssigned,),
        compensation="AssignFallout to somebody else",
        timeout=_SHORTEST,
        on_timeout="oms: EscalateFallout after the severity's own hours",
    ),
    Transition(
        c.EscalateFallout,
        _OPEN,
        frozenset({SYSTEM_ROLE}),
        (e.FalloutAssigned,),
        guards=("sla-is-over", "a-level-is-left"),
        compensation="AssignFallout",
        timeout=_SHORTEST,
        on_timeout="oms: EscalateFallout after the severity's own hours",
    ),
    Transition(
        c.ApplyOrderRepair,
        frozenset({_F.ASSIGNED, _F.REPAIRED}),
        OPERATOR_ROLES,
        (e.OrderRepairApplied,),
        guards=("held-by-sender", "repair-is-new", "approved-by-another"),
        side_effects="the repaired system goes on; the OMS records ResolveProductOrderFallout with the repair",
        compensation="the rollback of the runbook, as a further ApplyOrderRepair",
        timeout=_SHORTEST,
        on_timeout="oms: EscalateFallout after the severity's own hours",
    ),
    Transition(
        c.ResolveFallout,
        _OPEN,
        OPERATOR_ROLES,
        (e.FalloutResolved,),
        guards=("resolution-fits", "confirmed-by-another"),
    ),
    Transition(
        c.CloseFalloutAsFailed,
        _OPEN,
        frozenset({DECIDER_ROLE}),
        (e.FalloutClosedAsFailed,),
        guards=("has-reason", "given-up-for-good"),
        side_effects="the OMS fails the item for good or closes the order; fulfillment compensates the rest",
    ),
)
