"""What a change makes of an account's profile."""

from __future__ import annotations

from collections.abc import Mapping

from domain.account import commands as c
from domain.account.account import Account
from domain.account.states import AccountChange
from domain.account.structure import AccountProfile
from domain.command import Command

CHANGES: Mapping[type[Command], AccountChange] = {
    c.ChangeAccountAddress: AccountChange.ADDRESS,
    c.ChangeAccountContact: AccountChange.CONTACT,
    c.RenameAccount: AccountChange.NAME,
    c.ReclassifyAccount: AccountChange.CLASSIFICATION,
    c.AssignAccountToSales: AccountChange.SALES_ASSIGNMENT,
    c.ChangeBillingAccount: AccountChange.BILLING_ACCOUNT,
}


def changed(account: Account, command: Command) -> tuple[AccountProfile, bool]:
    """The profile after a command, and whether the account is regulated then."""
    regulated = command.regulated if isinstance(command, c.ReclassifyAccount) else account.regulated
    return account.profile.model_copy(update=_fields(command)), regulated


def _fields(command: Command) -> dict[str, object]:
    match command:
        case c.ChangeAccountAddress():
            return {"address": command.address}
        case c.ChangeAccountContact():
            return {"contact": command.contact}
        case c.RenameAccount():
            return {"display_name": command.display_name}
        case c.ReclassifyAccount():
            return {"segment": command.segment, "eligibility": dict(command.eligibility)}
        case c.AssignAccountToSales():
            return {"sales_owner_ref": command.sales_owner_ref, "channel": command.channel}
        case c.ChangeBillingAccount():
            return {"billing_account_id": command.billing_account_id}
        case _:
            return {}
