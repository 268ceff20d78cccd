"""The parts an account is made of, and the snapshot others keep of it (R488, R489)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.account.states import Segment
from domain.model import Classification, Doc, Model

PII = Classification.PII


class PostalAddress(Model):
    """Where the customer is served and invoiced."""

    street: Annotated[str, Field(min_length=1), Doc("Street and number.", PII)]
    postal_code: Annotated[str, Doc("Postal code.", PII)]
    city: Annotated[str, Field(min_length=1), Doc("City.", PII)]
    region: Annotated[str | None, Doc("State or province.", PII)] = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$"), Doc("ISO 3166-1 alpha-2 code.")]


class AccountContact(Model):
    """Whom to talk to about the account."""

    name: Annotated[str, Field(min_length=1), Doc("Name of the contact.", PII)]
    phone: Annotated[str | None, Doc("Telephone number.", PII)] = None
    email: Annotated[str | None, Doc("Mail address.", PII)] = None


class AccountProfile(Model):
    """An account as a whole, so that one event is enough to know it."""

    customer_id: Annotated[str, Doc("Customer the account belongs to.", Classification.CONFIDENTIAL)]
    display_name: Annotated[str, Field(min_length=1), Doc("Name people know it by.", PII)]
    segment: Annotated[Segment, Doc("Kind of customer.")]
    channel: Annotated[str, Doc("Channel the customer is sold to through.")]
    sales_owner_ref: Annotated[str, Doc("Sales representative who looks after it.", Classification.CONFIDENTIAL)]
    billing_account_id: Annotated[str, Doc("Account that is invoiced.")]
    eligibility: Annotated[dict[str, str], Doc("Attributes that decide what it may buy.", Classification.CONFIDENTIAL)]
    parent_account_id: Annotated[str | None, Doc("Account above it in the hierarchy; null at the top.")] = None
    address: Annotated[PostalAddress, Doc("Current address.")]
    contact: Annotated[AccountContact | None, Doc("Current contact.")] = None
    legal_identity_hash: Annotated[
        str | None,
        Doc(
            "Hash of the registration number: two accounts with one are duplicates (R254).", Classification.CONFIDENTIAL
        ),
    ] = None


class CustomerSnapshot(Model):
    """The least a quote or an order keeps of its customer as evidence (R488); a reference alone would change later."""

    customer_id: Annotated[str, Doc("Customer.", Classification.CONFIDENTIAL)]
    account_id: Annotated[str, Doc("Commercial account.")]
    display_name: Annotated[str, Doc("Name at that time.", PII)]
    segment: Annotated[Segment, Doc("Kind of customer at that time.")]
    channel: Annotated[str, Doc("Channel at that time.")]
    sales_owner_ref: Annotated[str, Doc("Sales representative at that time.", Classification.CONFIDENTIAL)]
    billing_account_id: Annotated[str, Doc("Account that was to be invoiced.")]
    eligibility: Annotated[dict[str, str], Doc("Attributes the decision rested on.", Classification.CONFIDENTIAL)]
    account_version: Annotated[int, Doc("Version of the account it was taken from.")]
    captured_at: Annotated[datetime, Doc("When it was taken.")]
