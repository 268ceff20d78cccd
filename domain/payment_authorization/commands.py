"""What may be asked of a PaymentAuthorization: what the provider answered, and what becomes of it (R67)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.money import Money
from domain.payment_authorization.states import FailureOutcome, PaymentMethod, VoidCause

ProviderReference = Annotated[str, Field(min_length=1)]


class PaymentRequest(Command):
    """What every command that begins an authorization says of the money asked for."""

    order_id: str
    account_id: str
    amount: Money
    method: PaymentMethod


class AuthorizePayment(PaymentRequest):
    """Record that the provider holds the money."""

    provider_reference: ProviderReference
    expires_at: AwareDatetime


class RefusePaymentAuthorization(PaymentRequest):
    """Record that the provider holds nothing."""

    outcome: Literal[FailureOutcome.DECLINED, FailureOutcome.ERROR]
    failure_code: Annotated[str, Field(min_length=1)]
    provider_reference: ProviderReference | None = None


class ReportPaymentTimeout(PaymentRequest):
    """Record that the provider was asked and did not answer: nobody knows whether it holds the money."""


class ConfirmPaymentAuthorization(Command):
    """Record that the provider, asked again, does hold the money."""

    provider_reference: ProviderReference
    expires_at: AwareDatetime


class DenyPaymentAuthorization(Command):
    """Record that the provider, asked again, holds nothing."""

    failure_code: Annotated[str, Field(min_length=1)]


class VoidPayment(Command):
    """Give the hold back."""

    cause: VoidCause
