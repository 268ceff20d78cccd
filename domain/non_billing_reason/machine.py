"""The guards, reactions and rows of a NonBillingReason (R153-R162, R238)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from domain.command import Command
from domain.currency import EXPONENTS
from domain.errors import Refusal
from domain.machine import Draft, Transition, rows
from domain.non_billing_reason import commands as c
from domain.non_billing_reason import events as e
from domain.non_billing_reason.reason import NonBillingReason
from domain.non_billing_reason.states import NonBillingState

S = NonBillingState

REQUEST_ROLES = frozenset({"billing-operator", "account-manager", "support", "reconciliation-analyst"})
APPROVE_ROLES = frozenset({"finance-approver", "billing-supervisor"})

_Request = c.RequestNonBillingReason | c.RequestNonBillingReasonAgain


def keyed_like_the_row(command: Command) -> None:
    """A reason has the key of the billing row it excuses."""
    request = cast("_Request", command)
    key = f"{request.product_instance_id}/{request.component_id}"
    if command.aggregate_id != key:
        message = f"The reason {command.aggregate_id} is about {key}."
        raise Refusal("STRUCTURAL_REASON_KEY", message, remediation=f"Use {key} as its id.")


def window_and_amount(command: Command) -> None:
    """The validity window is not empty, and what is forgone is an amount above zero."""
    request = cast("_Request", command)
    forgone = request.amount_per_period
    if request.valid_until is not None and request.valid_until <= request.valid_from:
        message = f"The reason {command.aggregate_id} would end before it begins."
        raise Refusal("STRUCTURAL_EFFECTIVE_DATES", message, remediation="Name an end after the beginning, or none.")
    if forgone.currency not in EXPONENTS or forgone.amount <= 0:
        message = f"The reason {command.aggregate_id} forgoes {forgone.amount} {forgone.currency}."
        raise Refusal("STRUCTURAL_AMOUNT", message, remediation="Name the amount of one period, above zero.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "keyed-like-the-row": keyed_like_the_row,
    "window-and-amount": window_and_amount,
}


def approved_by_another(reason: NonBillingReason, command: Command) -> None:
    """Whoever asked may not approve (R510)."""
    if command.actor.actor_id == reason.requested_by:
        message = f"{command.actor.actor_id} asked for the reason {reason.reason_id} and may not approve it."
        raise Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else approve it.")


def authority_covers_it(reason: NonBillingReason, command: Command) -> None:
    """The approver's authority covers what is forgone, in its currency."""
    limit, forgone = cast("c.ApproveNonBillingReason", command).authority_limit, reason.amount_per_period
    if limit.currency != forgone.currency or limit.amount < forgone.amount:
        message = (
            f"The reason {reason.reason_id} forgoes {forgone.amount} {forgone.currency} each period; "
            f"{command.actor.actor_id} may forgo {limit.amount} {limit.currency}."
        )
        raise Refusal("AUTHORIZATION_LIMIT", message, remediation="Let somebody with a higher limit approve it.")


def has_reason(reason: NonBillingReason, command: Command) -> None:
    """Taking it back says why."""
    if not command.reason_code:
        message = f"{command.name} on {reason.reason_id} gives no reason."
        raise Refusal("STRUCTURAL_REASON_MISSING", message, remediation="Send a reasonCode.")


GUARDS: Mapping[str, Callable[[NonBillingReason, Command], None]] = {
    "keyed-like-the-row": lambda _, command: keyed_like_the_row(command),
    "window-and-amount": lambda _, command: window_and_amount(command),
    "approved-by-another": approved_by_another,
    "authority-covers-it": authority_covers_it,
    "has-reason": has_reason,
}

_SUBJECT = ("order_id", "item_id", "product_instance_id", "component_id")
_TERMS = ("code", "valid_from", "valid_until", "amount_per_period", "case_id")


def identity(reason: NonBillingReason | None, command: Any) -> dict[str, Any]:
    """The whole reason: as asked for, or as it stands."""
    asked = isinstance(command, (c.RequestNonBillingReason, c.RequestNonBillingReasonAgain))
    source = command if asked else reason
    return {
        "reason_id": command.aggregate_id,
        "requested_by": command.actor.actor_id if asked else reason.requested_by if reason else "",
        **{name: getattr(source, name) for name in (*_SUBJECT, *_TERMS)},
    }


def _request(_: NonBillingReason | None, command: _Request) -> Sequence[Draft]:
    fields = {"justification": command.justification, "evidence_ref": command.evidence_ref}
    return [Draft(e.NonBillingReasonRequested, fields)]


def _approve(_: NonBillingReason, command: c.ApproveNonBillingReason) -> Sequence[Draft]:
    return [Draft(e.NonBillingReasonApproved, {"authority_limit": command.authority_limit})]


def _revoke(_: NonBillingReason, __: c.RevokeNonBillingReason) -> Sequence[Draft]:
    return [Draft(e.NonBillingReasonRevoked)]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "RequestNonBillingReason": _request,
    "RequestNonBillingReasonAgain": _request,
    "ApproveNonBillingReason": _approve,
    "RevokeNonBillingReason": _revoke,
}

ROWS = rows(
    Transition(
        c.RequestNonBillingReason,
        frozenset(),
        REQUEST_ROLES,
        (e.NonBillingReasonRequested,),
        guards=tuple(CREATION_GUARDS),
        side_effects="somebody with authority is asked",
        compensation="RevokeNonBillingReason",
        timeout=timedelta(hours=72),
        on_timeout="finance-approver",
    ),
    Transition(
        c.RequestNonBillingReasonAgain,
        frozenset({S.REVOKED}),
        REQUEST_ROLES,
        (e.NonBillingReasonRequested,),
        guards=tuple(CREATION_GUARDS),
        side_effects="somebody with authority is asked",
        compensation="RevokeNonBillingReason",
        timeout=timedelta(hours=72),
        on_timeout="finance-approver",
    ),
    Transition(
        c.ApproveNonBillingReason,
        frozenset({S.REQUESTED}),
        APPROVE_ROLES,
        (e.NonBillingReasonApproved,),
        guards=("approved-by-another", "authority-covers-it"),
        side_effects="the billing row is excused inside the validity window",
        compensation="RevokeNonBillingReason",
    ),
    Transition(
        c.RevokeNonBillingReason,
        frozenset({S.REQUESTED, S.APPROVED}),
        APPROVE_ROLES | REQUEST_ROLES,
        (e.NonBillingReasonRevoked,),
        guards=("has-reason",),
        side_effects="the billing row is expected to be charged again",
        compensation="RequestNonBillingReasonAgain",
    ),
)
