"""Where an account can stand (R160)."""

from __future__ import annotations

from enum import StrEnum


class AccountState(StrEnum):
    """State of an account; new business is for ACTIVE ones alone, MERGED ones name the account that survives them."""

    ACTIVE = "ACTIVE"
    MERGED = "MERGED"
    CLOSED = "CLOSED"


TERMINAL_STATES = frozenset({AccountState.MERGED, AccountState.CLOSED})


class Segment(StrEnum):
    """Kind of customer, as prices and eligibility are decided by it."""

    CONSUMER = "CONSUMER"
    SMALL_BUSINESS = "SMALL_BUSINESS"
    ENTERPRISE = "ENTERPRISE"
    PUBLIC_SECTOR = "PUBLIC_SECTOR"
    WHOLESALE = "WHOLESALE"


class AccountChange(StrEnum):
    """What an update is about; each is a business transition of its own (R67)."""

    ADDRESS = "ADDRESS"
    CONTACT = "CONTACT"
    NAME = "NAME"
    CLASSIFICATION = "CLASSIFICATION"
    SALES_ASSIGNMENT = "SALES_ASSIGNMENT"
    BILLING_ACCOUNT = "BILLING_ACCOUNT"
    DUPLICATE_ABSORBED = "DUPLICATE_ABSORBED"
