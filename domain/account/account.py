"""The state of an Account and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import events as e
from domain.account.states import AccountState
from domain.account.structure import AccountProfile, CustomerSnapshot
from domain.model import Model


@dataclass(frozen=True, slots=True)
class Account:
    """An account as CRM knows it; `merged_account_ids` are the duplicates it stands for."""

    account_id: str
    version: int
    state: AccountState
    profile: AccountProfile
    address_version: int
    regulated: bool
    merged_account_ids: tuple[str, ...] = ()
    surviving_account_id: str | None = None

    def snapshot(self, now: datetime) -> CustomerSnapshot:
        """What a quote or an order made at `now` keeps of the customer (R488)."""
        profile = self.profile
        return CustomerSnapshot(
            customer_id=profile.customer_id,
            account_id=self.account_id,
            display_name=profile.display_name,
            segment=profile.segment,
            channel=profile.channel,
            sales_owner_ref=profile.sales_owner_ref,
            billing_account_id=profile.billing_account_id,
            eligibility=profile.eligibility,
            account_version=self.version,
            captured_at=now,
        )


def evolve(account: Account | None, event: Model) -> Account:
    """The account after an event."""
    if not isinstance(event, e.AccountEvent):
        message = f"{type(event).__name__} is no event of an Account"
        raise TypeError(message)
    if account is None:
        return _created(event)
    account = replace(
        account,
        version=event.version,
        address_version=event.address_version,
        regulated=event.regulated,
        merged_account_ids=event.merged_account_ids,
    )
    match event:
        case e.AccountUpdated():
            return replace(account, profile=event.profile)
        case e.AccountsMerged():
            return replace(account, state=AccountState.MERGED, surviving_account_id=event.surviving_account_id)
        case e.AccountClosed():
            return replace(account, state=AccountState.CLOSED)
        case _:
            return account


def _created(event: e.AccountEvent) -> Account:
    if not isinstance(event, e.AccountCreated):
        message = f"the first event of {event.account_id} is {type(event).__name__}, not AccountCreated"
        raise ValueError(message)
    return Account(
        account_id=event.account_id,
        version=event.version,
        state=AccountState.ACTIVE,
        profile=event.profile,
        address_version=event.address_version,
        regulated=event.regulated,
        merged_account_ids=event.merged_account_ids,
    )
