"""The facts an Account publishes on `crm.accounts.v1`."""

from __future__ import annotations

from typing import Annotated

from domain.account.states import AccountChange, AccountState
from domain.account.structure import AccountProfile
from domain.event import OwnerEvent
from domain.model import Classification, Doc

OWNER = "crm"
AGGREGATE = "Account"


class AccountEvent(OwnerEvent):
    """What every Account event carries."""

    account_id: Annotated[str, Doc("Identity of the account.")]
    state: Annotated[AccountState, Doc("State after this event.")]
    from_state: Annotated[AccountState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[AccountState | None, Doc("State it entered; null when the state stayed.")] = None
    address_version: Annotated[
        int, Doc("Version of its address, from 1; grows with each new address, which holds from then on (R268).")
    ]
    regulated: Annotated[bool, Doc("Whether a regulator watches its contracts; makes its cases critical.")]
    merged_account_ids: Annotated[tuple[str, ...], Doc("Duplicates this account stands for since (R501).")] = ()


class AccountCreated(AccountEvent):
    """An account was opened."""

    profile: Annotated[AccountProfile, Doc("The account as a whole.")]


class AccountUpdated(AccountEvent):
    """Something about the account changed; earlier snapshots of it stay as they were."""

    change: Annotated[AccountChange, Doc("What the update is about.")]
    profile: Annotated[AccountProfile, Doc("The account as a whole, from now on.")]
    absorbed_account_id: Annotated[str | None, Doc("Duplicate it stands for from now on; null for other changes.")] = (
        None
    )


class AccountsMerged(AccountEvent):
    """This account was a duplicate and takes no new business; another one survives (R501).

    It is published under the account that ended. Whatever names that one means the survivor from now on.
    """

    surviving_account_id: Annotated[str, Doc("Account that goes on.")]
    surviving_account_version: Annotated[int, Doc("Version in which the survivor recorded this account.")]
    evidence_ref: Annotated[str, Doc("What shows that both are one customer.", Classification.CONFIDENTIAL)]


class AccountClosed(AccountEvent):
    """The account takes no new business; what was agreed before stands."""


EVENTS: tuple[type[AccountEvent], ...] = (AccountCreated, AccountUpdated, AccountsMerged, AccountClosed)
