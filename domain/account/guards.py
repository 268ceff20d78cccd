"""The conditions the rows of an Account name (R154)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.account import commands as c
from domain.account.account import Account
from domain.account.change import changed
from domain.command import Command
from domain.conditions import has_reason, same_tenant
from domain.errors import Refusal


def own_account(account: Account, command: Command) -> None:
    """A customer changes what is their own (R503, R509)."""
    if command.actor.role == "customer" and command.actor.actor_id != account.profile.customer_id:
        message = f"{command.actor.actor_id} is not the customer of account {command.aggregate_id}."
        raise Refusal("AUTHORIZATION_OTHER_ACCOUNT", message, remediation="Name an account of your own.")


def something_changes(account: Account, command: Command) -> None:
    """What stays as it was is no fact; above all an equal address makes no new version (R268)."""
    if changed(account, command) == (account.profile, account.regulated):
        message = f"{command.name} leaves account {command.aggregate_id} as it is."
        raise Refusal("STATE_NOTHING_CHANGED", message, remediation="Nothing to do.")


def another_account(account: Account, command: c.AbsorbDuplicateAccount | c.MergeAccount) -> None:
    """A merge concerns two accounts of one tenant (R501, R511)."""
    if isinstance(command, c.AbsorbDuplicateAccount):
        other = command.duplicate_account_id
        same_tenant(command, duplicateAccountId=other)
    else:
        other = command.surviving_account_id
        same_tenant(command, survivingAccountId=other)
    if other == account.account_id:
        message = f"Account {account.account_id} cannot be merged with itself."
        raise Refusal("STRUCTURAL_SAME_ACCOUNT", message, remediation="Name the other account.")


def absorbed_once(account: Account, command: c.AbsorbDuplicateAccount) -> None:
    """A duplicate is recorded once."""
    if command.duplicate_account_id in account.merged_account_ids:
        message = f"Account {account.account_id} stands for {command.duplicate_account_id} already."
        raise Refusal("CONFLICT_ALREADY_ABSORBED", message, remediation="Go on with MergeAccount on the duplicate.")


def no_circle(account: Account, command: c.MergeAccount) -> None:
    """An account does not end in favour of one that it survived itself."""
    if command.surviving_account_id in account.merged_account_ids:
        message = f"Account {account.account_id} stands for {command.surviving_account_id}, which has ended."
        raise Refusal("CONFLICT_MERGE_CIRCLE", message, remediation="Name an account that goes on.")


def _creation_tenant(command: c.CreateAccount) -> None:
    profile = command.profile
    same_tenant(
        command,
        customerId=profile.customer_id,
        billingAccountId=profile.billing_account_id,
        parentAccountId=profile.parent_account_id,
    )


def not_its_own_parent(command: c.CreateAccount) -> None:
    """A hierarchy has a top."""
    if command.profile.parent_account_id == command.aggregate_id:
        message = f"Account {command.aggregate_id} cannot stand above itself."
        raise Refusal("STRUCTURAL_SAME_ACCOUNT", message, remediation="Leave the parent out, or name another.")


def _billing_tenant(_: Account, command: c.ChangeBillingAccount) -> None:
    same_tenant(command, billingAccountId=command.billing_account_id)


GUARDS: Mapping[str, Callable[[Account, Any], None]] = {
    "own-account": own_account,
    "something-changes": something_changes,
    "billing-account-of-the-tenant": _billing_tenant,
    "has-reason": has_reason,
    "another-account": another_account,
    "absorbed-once": absorbed_once,
    "no-circle": no_circle,
}
CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "same-tenant": _creation_tenant,
    "not-its-own-parent": not_its_own_parent,
}
