"""The records published on `derived.account-view.v1` and `derived.account-holdings.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.derivation import Derivation
from domain.model import Classification, Doc, Model

OWNER = "ordertruth"
SECRET = Classification.CONFIDENTIAL


class AccountView(Model):
    """An account as CRM published it, as far as others need it; names and addresses stay with CRM (R230)."""

    account_id: Annotated[str, Doc("The account.")]
    state: Annotated[str, Doc("State of the account.")]
    segment: Annotated[str | None, Doc("Kind of customer.")] = None
    channel: Annotated[str | None, Doc("Channel it is sold to through.")] = None
    customer_id: Annotated[str | None, Doc("Customer it belongs to.", SECRET)] = None
    billing_account_id: Annotated[str | None, Doc("Account that is invoiced.")] = None
    parent_account_id: Annotated[str | None, Doc("Account above it in the hierarchy.")] = None
    sales_owner_ref: Annotated[str | None, Doc("Who looks after it.", SECRET)] = None
    address_version: Annotated[int | None, Doc("Version of its address (R268).")] = None
    regulated: Annotated[bool | None, Doc("Whether a regulator watches its contracts; null while unheard.")] = None
    legal_identity_hash: Annotated[
        str | None, Doc("Hash of the registration number: accounts that have one in common are duplicates.", SECRET)
    ] = None
    surviving_account_id: Annotated[str | None, Doc("Account that goes on in place of a merged one.")] = None
    merged_account_count: Annotated[int, Doc("Duplicates this account stands for.")]
    merged_account_ids: Annotated[tuple[str, ...], Doc("Those duplicates, of very many the first by id.")] = ()
    created_at: Annotated[datetime | None, Doc("When it was opened; null while that is unheard.")] = None
    state_since: Annotated[datetime | None, Doc("When it entered its state.")] = None
    closed_at: Annotated[datetime | None, Doc("When it was closed.")] = None
    version: Annotated[int, Doc("Rises with what is known of the account.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class Holding(Model):
    """How many of one kind stand in one state."""

    aggregate: Annotated[str, Doc("Quote, ProductOrder, Asset, Charge or FalloutCase.")]
    state: Annotated[str, Doc("State as the owner published it.")]
    count: Annotated[int, Doc("How many.")]
    newest_at: Annotated[datetime, Doc("When the newest of them came to it.")]


class AccountHoldings(Model):
    """A share of what an account has; the sum over its shares is its summary (R230)."""

    share_id: Annotated[str, Doc("Identity: account and share.")]
    account_id: Annotated[str, Doc("The account.")]
    share: Annotated[int, Doc("Which share, from 0.")]
    holdings: Annotated[tuple[Holding, ...], Doc("Counts by kind and state.")]
    version: Annotated[int, Doc("Rises with what is known of the share.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
