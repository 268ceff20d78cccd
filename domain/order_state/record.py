"""The record published on `derived.order-state.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.derivation import Derivation
from domain.model import Classification, Doc, Model
from domain.order_state.states import Action, HeaderState, ItemState

OWNER = "ordertruth"
AGGREGATE = "OrderState"


class ItemStatus(Model):
    """State of one item with the event that put it there."""

    item_id: Annotated[str, Doc("Identity of the item within its order.")]
    state: Annotated[ItemState, Doc("Effective state, an open cancellation included.")]
    action: Annotated[Action | None, Doc("What is done to the product; null while its definition is unread.")] = None
    parent_item_id: Annotated[str | None, Doc("Bundle the item belongs to.")] = None
    offering_id: Annotated[str | None, Doc("Offering sold.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None
    since: Annotated[datetime | None, Doc("When the underlying state was reached; null before the first event.")] = None
    caused_by: Annotated[str | None, Doc("`ce_id` of the event that put it there.")] = None


class Blocker(Model):
    """Something that keeps the order from moving."""

    kind: Annotated[str, Doc("FALLOUT, PENDING_EXTERNAL or CANCELLATION.")]
    item_id: Annotated[str | None, Doc("Item concerned; null for the whole order.")] = None
    code: Annotated[str | None, Doc("Failure code, or whom is waited for.")] = None
    repair: Annotated[str | None, Doc("Who can mend it: AUTO, HUMAN or NONE.")] = None
    since: Annotated[datetime, Doc("When it began.")]


class OrderState(Model):
    """Header state of one order derived from its items, with the evidence (R174-R187)."""

    order_id: Annotated[str, Doc("Identity of the order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", Classification.PUBLIC)] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    quote_id: Annotated[str | None, Doc("Accepted quote.")] = None
    quote_version: Annotated[int | None, Doc("Its version.")] = None
    state: Annotated[HeaderState, Doc("Derived header state.")]
    declared_state: Annotated[HeaderState, Doc("Newest state the owner declared by an event of its own.")]
    published_state: Annotated[HeaderState, Doc("State named by the newest event; differing is drift.")]
    policy_id: Annotated[str, Doc("Aggregation policy, with its version.")]
    clause: Annotated[str, Doc("Clause of the policy that decided.")]
    tmf622_v4_state: Annotated[str, Doc("The same state in TMF622 v4 terms.", Classification.PUBLIC)]
    tmf622_v5_state: Annotated[str, Doc("The same state in TMF622 v5 terms.", Classification.PUBLIC)]
    progress_percent: Annotated[int, Doc("Share of executable items that are terminal, 0 to 100.")]
    cancelled_items: Annotated[int, Doc("Executable items taken out.")]
    items: Annotated[tuple[ItemStatus, ...], Doc("Every known item, by id.")]
    blockers: Annotated[tuple[Blocker, ...], Doc("What keeps it from moving, oldest first.")]
    version: Annotated[int, Doc("Highest version read.")]
    version_gaps: Annotated[tuple[int, ...], Doc("Versions below it that were not read.")]
    conflicting_versions: Annotated[tuple[int, ...], Doc("Versions read with differing content.")]
    last_event_at: Annotated[datetime, Doc("When the newest event happened.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
