"""What may be asked of an Account: business transitions, never field updates (R67)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from domain.account.states import Segment
from domain.account.structure import AccountContact, AccountProfile, PostalAddress
from domain.command import Command

Named = Annotated[str, Field(min_length=1)]


class CreateAccount(Command):
    """Open an account."""

    profile: AccountProfile
    regulated: bool = False


class ChangeAccountAddress(Command):
    """Record that the customer moved; makes a new version of the address (R268)."""

    address: PostalAddress


class ChangeAccountContact(Command):
    """Record whom to talk to."""

    contact: AccountContact


class RenameAccount(Command):
    """Record that the customer has another name."""

    display_name: Named


class ReclassifyAccount(Command):
    """Record another segment, other eligibility, or that a regulator watches it."""

    segment: Segment
    regulated: bool
    eligibility: Mapping[str, str]


class AssignAccountToSales(Command):
    """Hand the account to another representative or channel."""

    sales_owner_ref: Named
    channel: Named


class ChangeBillingAccount(Command):
    """Record that another account is invoiced from now on."""

    billing_account_id: str


class AbsorbDuplicateAccount(Command):
    """Record, on the survivor, that it stands for a duplicate from now on; comes before the merge itself (R501)."""

    duplicate_account_id: str


class MergeAccount(Command):
    """End a duplicate, naming the account that survives and has recorded it (R501)."""

    surviving_account_id: str
    surviving_account_version: Annotated[int, Field(ge=1)]
    evidence_ref: Named


class CloseAccount(Command):
    """Take no new business from the account."""
