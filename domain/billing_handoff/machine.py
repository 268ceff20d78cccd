"""The rows of a BillingHandoff's state machine and the conditions they name (R153-R162)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.billing_handoff import commands as c
from domain.billing_handoff import events as e
from domain.billing_handoff.handoff import BillingHandoff, handoff_id_of
from domain.billing_handoff.policy import BILLABLE_INTENTS, bills_by_itself
from domain.billing_handoff.states import EFFECTS_OF, NEXT, ONE_TIME_EFFECTS, BillingEffect, HandoffState
from domain.commercial import ChargeKind
from domain.conditions import has_reason, not_ahead, same_tenant
from domain.errors import Refusal
from domain.machine import Transition, rows

REQUEST_ROLES = frozenset({"oms"})
WITHDRAWAL_ROLES = frozenset({"oms", "order-manager"})


def _refuse(code: str, message: str, remediation: str) -> Refusal:
    return Refusal(code, message, remediation=remediation, stage="FULFILLMENT")


def about_the_component(request: c.BillingRequest) -> None:
    """Product and component make the handoff's identity, so that one component has one handoff (R397)."""
    wanted = handoff_id_of(request.product_instance_id, request.terms.component.component_id)
    if request.aggregate_id != wanted:
        message = f"Handoff {request.aggregate_id} is not that of component {request.terms.component.component_id}"
        message += f" of product {request.product_instance_id}."
        raise _refuse("STRUCTURAL_HANDOFF_ID", message, f"Send it to {wanted}.")


def of_one_tenant(request: c.BillingRequest) -> None:
    """Whatever the request names belongs to one tenant (R511)."""
    named = {"orderId": request.order_id, "accountId": request.account_id, "offeringId": request.terms.offering_id}
    same_tenant(request, **named, billingAccountId=request.terms.billing_account_id)


def effect_of_the_action(request: c.BillingRequest) -> None:
    """The item's action decides what may be asked of billing (R305)."""
    one_time = request.terms.component.kind is ChargeKind.ONE_TIME
    allowed = EFFECTS_OF[request.action] & (ONE_TIME_EFFECTS if one_time else frozenset(BillingEffect))
    if request.effect not in allowed:
        kind = request.terms.component.kind
        message = f"A {request.action} does not {request.effect} the {kind} component {request.aggregate_id}."
        raise _refuse("POLICY_BILLING_EFFECT", message, f"It may ask for {sorted(allowed) or 'nothing'}.")


def bills_at_all(request: c.BillingRequest) -> None:
    """What does not bill is not handed over; only its end may be (R469, R470)."""
    if request.effect is BillingEffect.END:
        return
    if request.intent not in BILLABLE_INTENTS:
        message = f"Order {request.order_id} is a {request.intent}, which does not bill."
        raise _refuse("POLICY_NOT_BILLABLE", message, "Leave billing as it is.")
    if not bills_by_itself(request.terms.component):
        message = f"Component {request.aggregate_id} is billed through"
        message += f" item {request.terms.component.billed_through_item_id}."
        raise _refuse("POLICY_BILLED_THROUGH_PARENT", message, "Hand over the component of that item.")


def terms_are_complete(request: c.BillingRequest) -> None:
    """Billing must not have to guess: a recurring price has its period, the price its order's currency (R262)."""
    component = request.terms.component
    if (component.kind is ChargeKind.RECURRING) != (component.period is not None):
        message = f"The {component.kind} component {request.aggregate_id} has the period {component.period}."
        raise _refuse("STRUCTURAL_PERIOD", message, "Name a period for a recurring price, and none otherwise.")
    if component.price.currency != request.terms.currency:
        message = f"Component {request.aggregate_id} is in {component.price.currency}"
        message += f", order {request.order_id} in {request.terms.currency}."
        raise _refuse("CONFLICT_CURRENCY", message, "Hand over the price as it was accepted.")


def dates_fit(request: c.BillingRequest) -> None:
    """Nothing is charged before the service is live, and only what ends has an end (R274, R275, R477)."""
    if request.billing_trigger_date < request.service_activation_date:
        message = f"Component {request.aggregate_id} would be billed from {request.billing_trigger_date.isoformat()}"
        message += f", its service is live since {request.service_activation_date.isoformat()}."
        raise _refuse("POLICY_BILLED_BEFORE_ACTIVATION", message, "Bill from the activation on at the earliest.")
    if (request.effect is BillingEffect.END) != (request.billing_end_date is not None):
        message = f"A request to {request.effect} component {request.aggregate_id} has the end"
        message += f" {request.billing_end_date}."
        raise _refuse("STRUCTURAL_BILLING_END", message, "Send a billingEndDate with END only.")


def effect_follows(handoff: BillingHandoff, request: c.BillingRequest) -> None:
    """What is asked must follow on what was asked before."""
    if request.effect not in NEXT[handoff.state]:
        message = f"Handoff {handoff.handoff_id} is {handoff.state}: it cannot be asked to {request.effect}."
        raise _refuse("STATE_BILLING_EFFECT", message, f"Now it can be asked to {sorted(NEXT[handoff.state])}.")


def not_handed_over_yet(handoff: BillingHandoff, request: c.BillingRequest) -> None:
    """An item is handed over once, however often it is replayed (R397, R542)."""
    newest = handoff.newest
    if newest is not None and (newest.order_id, newest.item_id) == (request.order_id, request.item_id):
        message = f"Item {request.item_id} of order {request.order_id} was handed over in version {newest.version}"
        message += f" of {handoff.handoff_id}."
        raise _refuse("CONFLICT_ALREADY_HANDED_OVER", message, "Nothing to do, or withdraw that request first.")


def is_the_newest(handoff: BillingHandoff, command: c.WithdrawBillingActivation) -> None:
    """Requests are taken back from the newest on, so that what holds again is unambiguous."""
    newest = handoff.newest
    if newest is not None and (newest.order_id, newest.item_id) != (command.order_id, command.item_id):
        message = f"The newest request of {handoff.handoff_id} is that of item {newest.item_id}"
        message += f" of order {newest.order_id}."
        raise _refuse("CONFLICT_NOT_THE_NEWEST", message, "Withdraw that one first.")


def _of_request(guard: Callable[[Any], None]) -> Callable[[BillingHandoff, Any], None]:
    return lambda _, command: guard(command)


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "about-the-component": about_the_component,
    "of-one-tenant": of_one_tenant,
    "effect-of-the-action": effect_of_the_action,
    "bills-at-all": bills_at_all,
    "terms-are-complete": terms_are_complete,
    "dates-fit": dates_fit,
}
GUARDS: Mapping[str, Callable[[BillingHandoff, Any], None]] = {
    **{name: _of_request(guard) for name, guard in CREATION_GUARDS.items()},
    "effect-follows": effect_follows,
    "not-handed-over-yet": not_handed_over_yet,
    "is-the-newest": is_the_newest,
    "has-reason": has_reason,
}
TIMED_GUARDS: Mapping[str, Callable[[BillingHandoff | None, Any, datetime], None]] = {
    "service-is-live": lambda _, request, now: not_ahead(
        request, "serviceActivationDate", request.service_activation_date, now
    ),
}

_ANSWER_DUE = timedelta(minutes=60)
_REQUEST = (*CREATION_GUARDS, *TIMED_GUARDS)

ROWS = rows(
    Transition(
        c.RequestBillingActivation,
        frozenset(),
        REQUEST_ROLES,
        (e.BillingActivationRequested,),
        guards=_REQUEST,
        side_effects="billing activates, or rejects with a reason",
        compensation="WithdrawBillingActivation",
        timeout=_ANSWER_DUE,
        on_timeout="oms: billing is asked what became of the request (R260)",
    ),
    Transition(
        c.RequestBillingChange,
        frozenset(HandoffState),
        REQUEST_ROLES,
        (e.BillingActivationRequested,),
        guards=(*_REQUEST, "not-handed-over-yet", "effect-follows"),
        side_effects="billing amends, suspends, resumes or ends the charge",
        compensation="WithdrawBillingActivation",
        timeout=_ANSWER_DUE,
        on_timeout="oms: billing is asked what became of the request (R260)",
    ),
    Transition(
        c.WithdrawBillingActivation,
        frozenset(HandoffState) - {HandoffState.WITHDRAWN},
        WITHDRAWAL_ROLES,
        (e.BillingActivationWithdrawn,),
        guards=("has-reason", "is-the-newest"),
        side_effects="billing restores what held before, by an adjustment where something was charged (R500)",
        compensation="RequestBillingChange",
    ),
)
