"""The state of an Asset and how each event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.asset import events as e
from domain.asset.states import AssetState
from domain.model import Model
from domain.order_state.states import Action


@dataclass(frozen=True, slots=True)
class Asset:
    """An installed product as inventory knows it.

    `order_id`, `item_id` and `action` are those of the newest event; `billable` says whether it is charged while it
    is active (R469), `begun_at` since when it is live, None before it ever was.
    """

    product_instance_id: str
    order_id: str
    item_id: str
    action: Action
    account_id: str
    offering_id: str
    configuration: Mapping[str, str]
    configuration_fingerprint: str
    billable: bool
    effective_date: datetime
    version: int
    state: AssetState
    begun_at: datetime | None = None
    term_end_date: datetime | None = None
    replaces_product_instance_id: str | None = None


def evolve(asset: Asset | None, event: Model) -> Asset:
    """The asset after an event."""
    if not isinstance(event, e.AssetEvent):
        message = f"{type(event).__name__} is no event of an Asset"
        raise TypeError(message)
    if asset is None:
        return _begun(event)
    asset = replace(
        asset,
        order_id=event.order_id,
        item_id=event.item_id,
        action=event.action,
        offering_id=event.offering_id,
        configuration_fingerprint=event.configuration_fingerprint,
        billable=event.billable,
        effective_date=event.effective_date,
        version=event.version,
    )
    match event:
        case e.AssetActivated():
            return replace(asset, state=AssetState.ACTIVE, begun_at=event.effective_date)
        case e.AssetModified():
            term_end_date = event.term_end_date or asset.term_end_date
            return replace(asset, configuration=event.configuration, term_end_date=term_end_date)
        case e.AssetSuspended():
            return replace(asset, state=AssetState.SUSPENDED)
        case e.AssetResumed():
            return replace(asset, state=AssetState.ACTIVE)
        case e.AssetTerminated():
            return replace(asset, state=AssetState.TERMINATED)
        case _:
            return asset


def _begun(event: e.AssetEvent) -> Asset:
    if not isinstance(event, e.BeginningEvent):
        message = f"the first event of asset {event.product_instance_id} is {type(event).__name__}"
        raise ValueError(message)
    live = isinstance(event, e.AssetActivated)
    return Asset(
        product_instance_id=event.product_instance_id,
        order_id=event.order_id,
        item_id=event.item_id,
        action=event.action,
        account_id=event.account_id,
        offering_id=event.offering_id,
        configuration=event.configuration,
        configuration_fingerprint=event.configuration_fingerprint,
        billable=event.billable,
        effective_date=event.effective_date,
        version=event.version,
        state=AssetState.ACTIVE if live else AssetState.ACTIVATION_FAILED,
        begun_at=event.effective_date if live else None,
        replaces_product_instance_id=event.replaces_product_instance_id,
    )
