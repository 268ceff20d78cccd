"""The state of a PaymentAuthorization and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.model import Model
from domain.money import Money
from domain.payment_authorization import events as e
from domain.payment_authorization.states import FailureOutcome, PaymentMethod, PaymentState


@dataclass(frozen=True, slots=True)
class PaymentAuthorization:
    """An authorization as payments knows it; `expires_at` is None until the money is known to be held."""

    payment_authorization_id: str
    version: int
    state: PaymentState
    order_id: str
    account_id: str
    amount: Money
    method: PaymentMethod
    provider_reference: str | None
    expires_at: datetime | None = None


def evolve(payment: PaymentAuthorization | None, event: Model) -> PaymentAuthorization:
    """The authorization after an event."""
    if not isinstance(event, e.PaymentAuthorizationEvent):
        message = f"{type(event).__name__} is no event of a PaymentAuthorization"
        raise TypeError(message)
    if payment is None:
        payment = _begun(event)
    payment = replace(payment, version=event.version, provider_reference=event.provider_reference)
    match event:
        case e.PaymentAuthorized():
            return replace(payment, state=PaymentState.AUTHORIZED, expires_at=event.expires_at)
        case e.PaymentAuthorizationFailed(outcome=FailureOutcome.NOT_KNOWN):
            return replace(payment, state=PaymentState.OUTCOME_UNKNOWN)
        case e.PaymentAuthorizationFailed():
            return replace(payment, state=PaymentState.FAILED)
        case _:
            return replace(payment, state=PaymentState.VOIDED)


def _begun(event: e.PaymentAuthorizationEvent) -> PaymentAuthorization:
    if isinstance(event, e.PaymentVoided):
        message = f"the first event of {event.payment_authorization_id} is PaymentVoided; nothing was asked for yet"
        raise ValueError(message)
    return PaymentAuthorization(
        payment_authorization_id=event.payment_authorization_id,
        version=event.version,
        state=event.state,
        order_id=event.order_id,
        account_id=event.account_id,
        amount=event.amount,
        method=event.method,
        provider_reference=event.provider_reference,
    )
