"""The rows of a PaymentAuthorization's state machine (R153-R163, R279) and the conditions they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.conditions import same_tenant, still_ahead
from domain.errors import Refusal
from domain.machine import Transition, rows
from domain.payment_authorization import commands as c
from domain.payment_authorization import events as e
from domain.payment_authorization.authorization import PaymentAuthorization
from domain.payment_authorization.states import PaymentState, VoidCause

PAYMENT_ROLES = frozenset({"payments", "payment-operator"})
"""Order management is none of them: it waits for the money and never says whether it is there."""

S = PaymentState
_HOLD = timedelta(days=7)
_INQUIRY = timedelta(minutes=15)

ROWS = rows(
    Transition(
        c.AuthorizePayment,
        frozenset(),
        PAYMENT_ROLES,
        (e.PaymentAuthorized,),
        guards=("same-tenant", "amount-positive", "expires-later"),
        side_effects="order management goes on with an order that waited for the money",
        compensation="VoidPayment when the order is rejected, cancelled or failed",
        timeout=_HOLD,
        on_timeout="payments: VoidPayment with LAPSED at expiresAt",
    ),
    Transition(
        c.RefusePaymentAuthorization,
        frozenset(),
        PAYMENT_ROLES,
        (e.PaymentAuthorizationFailed,),
        guards=("same-tenant", "amount-positive"),
        side_effects="the customer is asked for another means of payment",
        retry="a new authorization under an id of its own",
    ),
    Transition(
        c.ReportPaymentTimeout,
        frozenset(),
        PAYMENT_ROLES,
        (e.PaymentAuthorizationFailed,),
        guards=("same-tenant", "amount-positive"),
        side_effects="nothing is shipped and nothing asked for again until the outcome is known",
        compensation="VoidPayment with PRECAUTION",
        timeout=_INQUIRY,
        on_timeout="payment-operator: ask the provider, then confirm, deny or void",
    ),
    Transition(
        c.ConfirmPaymentAuthorization,
        frozenset({S.OUTCOME_UNKNOWN}),
        PAYMENT_ROLES,
        (e.PaymentAuthorized,),
        guards=("expires-later",),
        side_effects="order management goes on with an order that waited for the money",
        compensation="VoidPayment when the order is rejected, cancelled or failed",
        timeout=_HOLD,
        on_timeout="payments: VoidPayment with LAPSED at expiresAt",
    ),
    Transition(
        c.DenyPaymentAuthorization,
        frozenset({S.OUTCOME_UNKNOWN}),
        PAYMENT_ROLES,
        (e.PaymentAuthorizationFailed,),
        side_effects="the customer is asked for another means of payment",
    ),
    Transition(
        c.VoidPayment,
        frozenset({S.AUTHORIZED, S.OUTCOME_UNKNOWN}),
        PAYMENT_ROLES,
        (e.PaymentVoided,),
        guards=("cause-fits", "lapsed-in-time"),
        side_effects="the provider gives the money back to its owner",
        retry="safe: the provider voids a hold once",
    ),
)


def amount_positive(command: c.PaymentRequest) -> None:
    """Nothing is no payment."""
    if command.amount.amount <= 0:
        message = f"{command.aggregate_id} asks for {command.amount.amount} {command.amount.currency}."
        raise Refusal("STRUCTURAL_AMOUNT", message, remediation="Ask for more than nothing.")


def cause_fits(payment: PaymentAuthorization, command: c.VoidPayment) -> None:
    """A precaution is for what is not known; only a hold that is known can lapse or be a duplicate."""
    unknown = payment.state is PaymentState.OUTCOME_UNKNOWN
    if unknown and command.cause in (VoidCause.LAPSED, VoidCause.DUPLICATE):
        message = f"Nobody knows whether {command.aggregate_id} holds money that could be {command.cause}."
        raise Refusal("STATE_OUTCOME_UNKNOWN", message, remediation="Ask the provider, or void it as a PRECAUTION.")
    if not unknown and command.cause is VoidCause.PRECAUTION:
        message = f"{command.aggregate_id} is known to hold the money."
        raise Refusal("STATE_OUTCOME_KNOWN", message, remediation="Say why it is given back.")


def _expires_later(_: object, command: c.AuthorizePayment | c.ConfirmPaymentAuthorization, now: datetime) -> None:
    still_ahead(command, "expiresAt", command.expires_at, now)


def _lapsed_in_time(payment: PaymentAuthorization | None, command: c.VoidPayment, now: datetime) -> None:
    """A hold lapses at its time and not before (R158)."""
    expires_at = payment.expires_at if payment else None
    if command.cause is VoidCause.LAPSED and expires_at is not None and now < expires_at:
        message = f"{command.aggregate_id} holds the money until {expires_at.isoformat()}."
        raise Refusal("STATE_HOLD_NOT_LAPSED", message, remediation="Name the cause for giving it back earlier.")


def _tenant(command: c.PaymentRequest) -> None:
    same_tenant(command, orderId=command.order_id, accountId=command.account_id)


GUARDS: Mapping[str, Callable[[PaymentAuthorization, Any], None]] = {"cause-fits": cause_fits}
CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {"same-tenant": _tenant, "amount-positive": amount_positive}
TIMED_GUARDS: Mapping[str, Callable[[PaymentAuthorization | None, Any, datetime], None]] = {
    "expires-later": _expires_later,
    "lapsed-in-time": _lapsed_in_time,
}


def is_owed_back(payment: PaymentAuthorization, now: datetime) -> bool:
    """Whether money is or may be held at `now`: what payments must void when the order ends unfulfilled (R279)."""
    if payment.state is PaymentState.AUTHORIZED:
        return payment.expires_at is None or now < payment.expires_at
    return payment.state is PaymentState.OUTCOME_UNKNOWN
