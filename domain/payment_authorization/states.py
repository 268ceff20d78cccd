"""Where a payment authorization can stand, and what it can come to (R160, R161, R163)."""

from __future__ import annotations

from enum import StrEnum


class PaymentState(StrEnum):
    """State of an authorization; OUTCOME_UNKNOWN is neither granted nor refused (R298)."""

    AUTHORIZED = "AUTHORIZED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    FAILED = "FAILED"
    VOIDED = "VOIDED"


TERMINAL_STATES = frozenset({PaymentState.FAILED, PaymentState.VOIDED})
REPAIR_STATES = frozenset({PaymentState.OUTCOME_UNKNOWN})


class FailureOutcome(StrEnum):
    """What is known of an authorization that was not granted."""

    DECLINED = "DECLINED"
    ERROR = "ERROR"
    NOT_KNOWN = "NOT_KNOWN"


class VoidCause(StrEnum):
    """Why an authorization was given back."""

    ORDER_REJECTED = "ORDER_REJECTED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    ORDER_FAILED = "ORDER_FAILED"
    DUPLICATE = "DUPLICATE"
    LAPSED = "LAPSED"
    PRECAUTION = "PRECAUTION"


class PaymentMethod(StrEnum):
    """How the payer pays; numbers of cards and accounts stay with the provider."""

    CARD = "CARD"
    DIRECT_DEBIT = "DIRECT_DEBIT"
    WALLET = "WALLET"
    BANK_TRANSFER = "BANK_TRANSFER"
