"""The facts a PaymentAuthorization publishes on `payments.authorizations.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.event import OwnerEvent
from domain.model import Classification, Doc
from domain.money import Money
from domain.payment_authorization.states import FailureOutcome, PaymentMethod, PaymentState, VoidCause

OWNER = "payments"
AGGREGATE = "PaymentAuthorization"


class PaymentAuthorizationEvent(OwnerEvent):
    """What every PaymentAuthorization event carries."""

    payment_authorization_id: Annotated[str, Doc("Identity of the authorization; the key it has at the provider.")]
    state: Annotated[PaymentState, Doc("State after this event; in OUTCOME_UNKNOWN money may be held or not (R298).")]
    from_state: Annotated[PaymentState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[PaymentState | None, Doc("State it entered; null when the state stayed.")] = None
    order_id: Annotated[str, Doc("Order the money is for.")]
    account_id: Annotated[str, Doc("Commercial account of the order.")]
    amount: Annotated[Money, Doc("Amount asked for.", Classification.CONFIDENTIAL)]
    method: Annotated[PaymentMethod, Doc("How the payer pays.", Classification.CONFIDENTIAL)]
    provider_reference: Annotated[
        str | None, Doc("The provider's name for it; null as long as it gave none.", Classification.CONFIDENTIAL)
    ] = None


class PaymentAuthorized(PaymentAuthorizationEvent):
    """The money is held for the order."""

    expires_at: Annotated[datetime, Doc("When the hold lapses by itself; it holds nothing afterwards.")]


class PaymentAuthorizationFailed(PaymentAuthorizationEvent):
    """The money was not granted, or nobody knows yet whether it was."""

    outcome: Annotated[FailureOutcome, Doc("NOT_KNOWN is no failure: the provider is asked until it answers (R298).")]
    failure_code: Annotated[str, Doc("Stable code of what went wrong.")]


class PaymentVoided(PaymentAuthorizationEvent):
    """The hold was given back, or made sure not to exist."""

    cause: Annotated[VoidCause, Doc("Why; an order that ended unfulfilled is compensated by this (R279).")]


EVENTS: tuple[type[PaymentAuthorizationEvent], ...] = (
    PaymentAuthorized,
    PaymentAuthorizationFailed,
    PaymentVoided,
)
