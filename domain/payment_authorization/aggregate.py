"""PaymentAuthorization: commands in, events out; payments compensates an order that failed (R279)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from domain.aggregate import AggregateType
from domain.command import Command
from domain.machine import Draft, Machine, claims
from domain.payment_authorization import commands as c
from domain.payment_authorization import events as e
from domain.payment_authorization.authorization import PaymentAuthorization, evolve
from domain.payment_authorization.machine import CREATION_GUARDS, GUARDS, ROWS, TIMED_GUARDS
from domain.payment_authorization.states import REPAIR_STATES, TERMINAL_STATES, FailureOutcome, PaymentState

POLICY_VERSION = "payment-authorization.v1"

_NO_ANSWER = "PROVIDER_TIMEOUT"


def _identity(payment: PaymentAuthorization | None, command: Command) -> dict[str, Any]:
    source = payment or cast("c.PaymentRequest", command)
    known = payment.provider_reference if payment else None
    return {
        "payment_authorization_id": command.aggregate_id,
        "order_id": source.order_id,
        "account_id": source.account_id,
        "amount": source.amount,
        "method": source.method,
        "provider_reference": getattr(command, "provider_reference", None) or known,
    }


def _authorized(_: object, command: c.AuthorizePayment | c.ConfirmPaymentAuthorization) -> list[Draft]:
    return [Draft(e.PaymentAuthorized, {"expires_at": command.expires_at})]


def _failed(outcome: FailureOutcome, failure_code: str) -> list[Draft]:
    return [Draft(e.PaymentAuthorizationFailed, {"outcome": outcome, "failure_code": failure_code})]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "AuthorizePayment": _authorized,
    "RefusePaymentAuthorization": lambda _, command: _failed(command.outcome, command.failure_code),
    "ReportPaymentTimeout": lambda _, __: _failed(FailureOutcome.NOT_KNOWN, _NO_ANSWER),
    "ConfirmPaymentAuthorization": _authorized,
    "DenyPaymentAuthorization": lambda _, command: _failed(FailureOutcome.DECLINED, command.failure_code),
    "VoidPayment": lambda _, command: [Draft(e.PaymentVoided, {"cause": command.cause})],
}

MACHINE: Machine[PaymentAuthorization, e.PaymentAuthorizationEvent] = Machine(
    noun="payment authorization",
    code="PAYMENT",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=PaymentState.OUTCOME_UNKNOWN,
    terminal=TERMINAL_STATES,
    repair=REPAIR_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

PAYMENT_AUTHORIZATION: AggregateType[PaymentAuthorization] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
